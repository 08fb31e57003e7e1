# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs equal the network, from the first frame on, whatever rows do."""

# ruff: noqa: E402  the imports below need torch
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="building step graphs needs torch")
onnx = pytest.importorskip("onnx", reason="building step graphs needs onnx")

from co_perception import continual as co
from co_perception.engine.backends.step_graph import StepGraphBackend
from co_perception.engine.fast.blocked import block_graph
from co_perception.engine.fast.build import UnsupportedError, build_step_graphs
from co_perception.engine.fast.fuse import fuse
from co_perception.engine.fast.ort_executor import OrtExecutor, open_session
from co_perception.engine.fast.ort_prepare import measure_block
from co_perception.errors import ConfigError
from co_perception.models import ContinualModel, create_model

TOLERANCE = 1e-5
"""max|difference| / max|reference| of logits, fp32."""


def open_graphs(graphs, rows: int, **options) -> StepGraphBackend:
    phases = [
        OrtExecutor(open_session(graph.SerializeToString(), threads=1, where="test"), "test")
        for graph in graphs
    ]
    return StepGraphBackend("onnxruntime", phases, rows, **options)


def span(model: ContinualModel) -> int:
    """Steps until all rows have answered, pauses and a reset at step 5 included."""
    return 5 + (model.spec.delay + 8) * 5 // 4


def test_a_step_graph_equals_the_network_from_the_first_frame_on(compare, family):
    backend = open_graphs(build_step_graphs(family), 2)
    assert compare(family, backend, span(family)).relative <= TOLERANCE


@pytest.mark.parametrize(("name", "width"), [("cox3d_s", 0.67), ("coi3d_r50", 0.25)])
def test_blocked_graphs_equal_the_network_too(compare, make_narrow, name, width):
    """Of these widths the narrowest maps have 16 channels: as many as the longest vector takes."""
    block = measure_block()
    if not block:
        pytest.skip("onnxruntime blocks no channels on this machine")
    model = make_narrow(name, width=width)
    graphs = [block_graph(graph, block) for graph in build_step_graphs(model)]
    kinds = {node.op_type for graph in graphs for node in graph.graph.node}
    assert "ReorderInput" not in kinds  # that is the point
    assert compare(model, open_graphs(graphs, 2), span(model)).relative <= TOLERANCE


def test_a_blocked_graph_is_not_made_of_joints_or_of_groups(make_narrow):
    skeletons = build_step_graphs(make_narrow("co_st_gcn_small"))
    assert block_graph(skeletons[0], 8) is None
    layers = co.Sequential(
        co.Conv3d(4, 8, 3, padding=1, groups=2), co.AvgPool3d((1, None, None)), co.Flatten()
    )
    assert block_graph(build_step_graphs(wrap(layers, (4, 6, 6)))[0], 8) is None


def wrap(layers: co.ContinualModule, shape: tuple[int, ...]) -> ContinualModel:
    return ContinualModel(
        layers.eval(),
        architecture="test",
        arguments={},
        input_kind="features" if len(shape) == 1 else "video",
        step_shape=shape,
        expected_rate=10.0,
    )


LAYERS = [
    pytest.param(co.Identity(), id="one-map"),
    pytest.param(co.Conv1d(4, 3, 3, padding="causal", dilation=2), id="dilated"),
    pytest.param(co.Conv1d(4, 3, 3, fill="replicate", padding=1), id="replicate"),
    pytest.param(co.Sequential(co.Linear(4, 3), co.LayerNorm(3), co.GELU()), id="norm-gelu"),
    pytest.param(co.Sequential(co.BatchNorm(4), co.LeakyReLU(), co.SiLU()), id="lone-norm"),
    pytest.param(co.MaxPool1d(4, padding=2), id="max-padded"),
    pytest.param(co.MaxPool1d(3, padding="causal", dilation=2), id="max-causal"),
    pytest.param(co.AvgPool1d(4, padding=1), id="mean-padded"),
    pytest.param(co.AvgPool1d(4, padding=2, count_include_pad=False), id="mean-of-real"),
    pytest.param(co.AvgPool1d(4, stride=2, padding=1, fill="replicate"), id="mean-strided"),
    pytest.param(co.Sequential(co.Conv1d(4, 4, 2, stride=3), co.Conv1d(4, 2, 3)), id="strides"),
    pytest.param(co.Residual(co.Conv1d(4, 4, 5), shrink="centred"), id="shrinks"),
    pytest.param(
        co.BroadcastReduce(co.Delay(2), co.Conv1d(4, 3, 5, padding=2), reduce="concat"),
        id="concat",
    ),
    pytest.param(
        co.BroadcastReduce(co.Identity(), co.Conv1d(4, 4, 3, padding=1), reduce="max"), id="max"
    ),
]


@pytest.mark.parametrize("layers", LAYERS)
def test_small_networks_of_vectors_equal_their_step_graphs(compare, layers):
    torch.manual_seed(0)
    model = wrap(co.Sequential(co.Linear(4, 4), layers), (4,))
    backend = open_graphs(build_step_graphs(model), 4)
    assert compare(model, backend, 40).relative <= TOLERANCE


REFUSED = [
    pytest.param(co.Conv1d(4, 3, 3, padding="causal", fill="replicate"), "causal", id="causal"),
    pytest.param(co.Conv1d(4, 4, 3, groups=2), "in groups", id="groups"),
    pytest.param(co.GELU(approximate="tanh"), "approximate='tanh'", id="gelu"),
    pytest.param(co.AvgPool1d(3, dilation=2), "with gaps", id="dilated-mean"),
    pytest.param(co.GRU(4, 3), "GRU has no form", id="recurrent"),
    pytest.param(co.AvgPool1d(1, stride=2), "nothing is to do in phase 1 of 2", id="idle"),
    pytest.param(
        co.BroadcastReduce(co.Identity(), co.Identity(), reduce=lambda ys: ys[0]),
        "function of its own",
        id="function",
    ),
]


@pytest.mark.parametrize(("layer", "message"), REFUSED)
def test_what_has_no_form_is_refused(layer, message):
    model = wrap(co.Sequential(co.Linear(4, 4), layer), (4,))
    with pytest.raises(UnsupportedError, match=message):
        build_step_graphs(model)


@pytest.mark.parametrize("name", ["cox3d_s", "co_st_gcn_mod"])
def test_fusing_leaves_no_norm_behind_a_map_and_the_network_as_it_was(make_narrow, name):
    model = make_narrow(name)
    before = {key: tensor.clone() for key, tensor in model.network.state_dict().items()}
    fused = fuse(model.network)
    left = [m for m in fused.modules() if isinstance(m, co.BatchNorm)]
    assert len(left) == (0 if name == "cox3d_s" else 1)  # that of the joints comes first
    shape = model.spec.step_shape
    clip = torch.randn(1, shape[0], 100 if len(shape) == 2 else 6, *shape[1:])
    with torch.inference_mode():
        ours, reference = fused(clip), model.network(clip)
    assert float((ours - reference).abs().max() / reference.abs().max()) <= TOLERANCE
    for key, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, before[key])


def test_a_network_in_training_mode_is_refused(make_narrow):
    model = make_narrow("co_st_gcn_small").train()
    with pytest.raises(ConfigError, match=r"expected a network in eval mode; call \.eval"):
        build_step_graphs(model)


@pytest.mark.parametrize("name", ["cox3d_s", "co_st_gcn"])
def test_a_saved_state_goes_on_bit_for_bit(make_narrow, name):
    model = make_narrow(name, **({} if name == "cox3d_s" else {"window": 80}))
    graphs, rows = build_step_graphs(model), 2
    block = measure_block()
    if name == "cox3d_s" and block:
        graphs = [block_graph(graphs[0], block)]
    first, second = open_graphs(graphs, rows), open_graphs(graphs, rows)
    rng = np.random.default_rng(0)
    steps = model.spec.delay + 9
    clip = rng.standard_normal((steps + 9, rows, *model.spec.step_shape)).astype(np.float32)
    for frame in clip[:steps]:
        first.step(frame, np.ones(rows, bool))
    second.restore_state(first.save_state())
    answers = 0
    for frame in clip[steps:]:
        (ours, valid), (reference, _) = (
            b.step(frame, np.ones(rows, bool)) for b in (second, first)
        )
        np.testing.assert_array_equal(ours, reference)
        answers += valid.any()
    assert answers >= 2


def test_operators_on_the_same_frames_have_rings_of_their_own(compare):
    layers = co.BroadcastReduce(
        co.Conv1d(4, 4, 3, padding=1), co.Conv1d(4, 4, 5, padding=2), co.Identity()
    )
    model = wrap(layers, (4,))
    backend = open_graphs(build_step_graphs(model), 3)
    assert [ring.is_input for ring in backend.groups.lanes[0].plan.rings].count(True) == 1
    assert compare(model, backend, 30).relative <= TOLERANCE


def test_the_state_of_the_published_networks_is_as_small_as_promised():
    """Issue 4: 14.5 MB for a stream of CoX3D-S, 2 MB (of 2^20 bytes) for one of CoST-GCN*."""
    for name, limit in (("cox3d_s", 14.5e6), ("co_st_gcn_mod", 2 * 2**20)):
        graph = build_step_graphs(create_model(name, num_classes=400).eval())[0]
        assert open_graphs([graph], 1).state_bytes <= limit
