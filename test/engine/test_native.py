# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The native kernels equal the network, with every set of instructions that this CPU has."""

# ruff: noqa: E402  the imports below need torch
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="building step graphs needs torch")
onnx = pytest.importorskip("onnx", reason="building step graphs needs onnx")

from co_perception import continual as co
from co_perception.engine.backends import auto
from co_perception.engine.backends.auto import choose_backend
from co_perception.engine.backends.open import open_backend
from co_perception.engine.backends.step_graph import StepGraphBackend
from co_perception.engine.fast import native_library
from co_perception.engine.fast.build import UnsupportedError, build_step_graphs
from co_perception.engine.fast.native_executor import NativeExecutor
from co_perception.engine.fast.native_library import (
    NativeKernels,
    find_native_library,
    require_native_library,
)
from co_perception.engine.model_folder import ModelFolder
from co_perception.errors import ConfigError, DependencyError, WeightsError
from co_perception.models import ContinualModel
from co_perception.models.squeeze_excitation import SqueezeExcitation
from co_perception.models.video import DropSpace

pytestmark = pytest.mark.skipif(
    find_native_library() is None, reason="the native kernels were not built"
)

TOLERANCE = 1e-5
"""max|difference| / max|reference| of logits in fp32."""
OF_SPREAD = 2e-2
"""max|difference| / (max - min) of logits in bf16."""
KERNELS = [
    *(("fp32", instructions) for instructions in ("portable", "avx2", "avx512")),
    *(("bf16", instructions) for instructions in ("portable", "avx2", "avx512_bf16")),
]


@pytest.fixture(params=KERNELS, ids="-".join)
def kernels(request) -> dict[str, str]:
    """Kernels that this CPU has, as options of NativeExecutor."""
    precision, instructions = request.param
    try:
        NativeKernels(precision, instructions)
    except ConfigError as error:
        pytest.skip(str(error))
    return {"precision": precision, "instructions": instructions}


def open_native(model: ContinualModel, rows: int, **kernels: str) -> StepGraphBackend:
    graphs = [graph.SerializeToString() for graph in build_step_graphs(model)]
    phases = [NativeExecutor(graph, "test", **kernels) for graph in graphs]
    return StepGraphBackend("native", phases, rows)


def assert_near(compared, kernels: dict[str, str]) -> None:
    if kernels["precision"] == "fp32":
        assert compared.relative <= TOLERANCE
    else:
        assert compared.of_spread <= OF_SPREAD


@pytest.mark.parametrize(
    ("width", "side", "fill"), [(0.25, 32, "zeros"), (0.25, 32, "replicate"), (0.67, 46, "zeros")]
)
def test_cox3d_equals_the_network_from_the_first_frame_on(
    compare, make_narrow, kernels, width, side, fill
):
    model = make_narrow("cox3d_s", width=width, image_size=side, fill=fill)
    steps = 5 + (model.spec.delay + 8) * 5 // 4
    assert_near(compare(model, open_native(model, 3, **kernels), steps, steps // 2), kernels)


def wrap(layers: co.Sequential, height: int, width: int) -> ContinualModel:
    return ContinualModel(
        layers.eval(),
        architecture="test",
        arguments={},
        input_kind="video",
        step_shape=(3, height, width),
        expected_rate=10.0,
    )


def small_network(channels: int, inner: int, stride: int, stem: int) -> ContinualModel:
    """Give a stem, a bottleneck with everything that the kernels know, and a head of 3 classes."""
    torch.manual_seed(channels)
    bottleneck = co.Sequential(
        co.Conv3d(channels, inner, 1),
        co.ReLU(),
        co.Conv3d(inner, inner, 3, padding=1, groups=inner),
        SqueezeExcitation(inner, 8, "frame"),
        co.SiLU(),
        co.Conv3d(inner, channels, 1),
    )
    layers = co.Sequential(
        co.Conv3d(
            3, channels, (stem, 3, 3), stride=(1, stride, stride), padding=(stem // 2, 1, 1)
        ),
        co.Sigmoid(),
        co.Residual(bottleneck),
        co.Conv3d(channels, channels, (3, 5, 3), (1, 2, 2), (1, 1, 1), groups=channels),
        co.SiLU(),
        co.AvgPool3d((4, None, None)),
        DropSpace(),
        co.Linear(channels, 3),
        co.Sigmoid(),
    )
    return wrap(layers, 13, 23)


@pytest.mark.parametrize("stem", [1, 5])
@pytest.mark.parametrize(
    ("channels", "inner", "stride"), [(1, 1, 1), (5, 17, 2), (8, 16, 1), (33, 47, 2), (40, 24, 1)]
)
def test_all_sizes_of_tiles_and_edges_equal_the_network(
    compare, kernels, channels, inner, stride, stem
):
    model = small_network(channels, inner, stride, stem)
    assert_near(compare(model, open_native(model, 2, **kernels), 25), kernels)


def test_operations_on_one_image_that_add_each_other_equal_the_network(compare, kernels):
    torch.manual_seed(0)

    def convolve() -> co.Conv3d:
        return co.Conv3d(8, 8, (1, 3, 3), padding=(0, 1, 1), groups=8)

    two = co.Residual(co.Sequential(convolve(), co.SiLU()), shortcut=convolve())
    layers = co.Sequential(
        co.Conv3d(3, 8, (1, 3, 3), padding=(0, 1, 1)),
        co.ReLU(),
        co.Residual(two, shortcut=convolve()),
        co.AvgPool3d((1, None, None)),
        DropSpace(),
        co.Linear(8, 3),
    )
    model = wrap(layers, 13, 23)
    assert_near(compare(model, open_native(model, 2, **kernels), 25), kernels)


@pytest.mark.parametrize("stem", [1, 5])
@pytest.mark.parametrize(
    ("channels", "inner", "stride"), [(5, 17, 2), (8, 16, 1), (33, 47, 2), (40, 24, 1)]
)
def test_whole_numbers_are_computed_exactly_in_every_precision(
    compare, kernels, channels, inner, stride, stem
):
    """Up to 256 bfloat16 holds them: a wrong channel, tap or border cannot hide in rounding."""
    torch.manual_seed(inner)
    layers = co.Sequential(
        co.Conv3d(3, channels, (stem, 3, 3), (1, stride, stride), (stem // 2, 1, 1)),
        co.ReLU(),
        co.Residual(
            co.Sequential(
                co.Conv3d(channels, inner, 1),
                co.Conv3d(inner, inner, 3, padding=1, groups=inner),
                co.Conv3d(inner, channels, 1),
            )
        ),
        co.Conv3d(channels, channels, 3, (1, 2, 2), 1, groups=channels),
        co.AvgPool3d((1, None, None)),
        DropSpace(),
        co.Linear(channels, 3),
    )
    with torch.no_grad():
        for parameter in layers.parameters():  # few taps, so that sums stay small
            taps = (torch.rand_like(parameter) < 2.0 / max(parameter[0].numel(), 4)).float()
            parameter.copy_(taps * torch.randn_like(parameter).sign())
    model = wrap(layers, 13, 23)
    compared = compare(model, open_native(model, 2, **kernels), 25, whole_numbers=True)
    assert compared.relative <= TOLERANCE


def test_activations_stay_right_far_from_zero(kernels):
    layers = co.Sequential(
        co.Conv3d(3, 8, (1, 3, 3), padding=(0, 1, 1)),
        co.SiLU(),
        co.AvgPool3d((1, None, None)),
        DropSpace(),
    )
    model = wrap(layers, 3, 3)
    with torch.no_grad():
        layers[0].weight.zero_()
        layers[0].bias.copy_(torch.tensor([-1e4, -120.0, -88.0, -1.0, 0.0, 1.0, 88.0, 1e30]))
    logits, _ = open_native(model, 1, **kernels).step(
        np.zeros((1, 3, 3, 3), np.float32), np.ones(1, bool)
    )
    expected = torch.nn.functional.silu(layers[0].bias).detach().numpy()
    # What rounds to nothing beside the other numbers may do so a little earlier or later.
    near = 1e-6 if kernels["precision"] == "fp32" else 2**-8
    np.testing.assert_allclose(logits[0], expected, rtol=near, atol=1e-30)


@pytest.mark.parametrize(
    ("name", "what"), [("co_st_gcn_small", "axes"), ("coi3d_r50", "a convolution|MaxPool")]
)
def test_networks_that_the_kernels_do_not_know_are_refused(make_narrow, name, what):
    with pytest.raises(UnsupportedError, match=rf"the native kernels do not know.*({what})"):
        open_native(make_narrow(name), 1)


def test_values_that_are_no_frames_are_refused(make_narrow):
    graph = build_step_graphs(make_narrow("cox3d_s"))[0]
    add = next(node for node in graph.graph.node if node.op_type == "Add")
    add.input[1] = graph.graph.initializer[0].name
    with pytest.raises(UnsupportedError, match="a constant .* in place of frames"):
        NativeExecutor(graph.SerializeToString(), "test")
    graph = build_step_graphs(make_narrow("cox3d_s"))[0]
    conv = next(node for node in graph.graph.node if node.op_type == "Conv")
    conv.input[1] = "frame"
    with pytest.raises(UnsupportedError, match="Conv but with a float32 weight of 4 axes"):
        NativeExecutor(graph.SerializeToString(), "test")


def test_a_damaged_file_is_refused(make_narrow):
    content = build_step_graphs(make_narrow("cox3d_s"))[0].SerializeToString()
    with pytest.raises(WeightsError, match="expected a step graph"):
        NativeExecutor(content[: len(content) // 2], "test")
    with pytest.raises(WeightsError, match="onnx cannot load it"):
        NativeExecutor(content[1000:], "test")


def test_without_the_library_the_message_says_how_to_build_it(scene_folder, monkeypatch):
    monkeypatch.setattr(native_library, "find_native_library", lambda: None)
    require_native_library.cache_clear()
    with pytest.raises(DependencyError, match="with a C compiler installed"):
        open_backend(ModelFolder.load(scene_folder), 1, backend="native")
    require_native_library.cache_clear()


def test_auto_measures_the_kernels_where_they_may_serve(scene_folder, monkeypatch):
    folder = ModelFolder.load(scene_folder)
    times = {"native": 0.002, "onnxruntime": 0.003, "openvino": 0.004}
    monkeypatch.setattr(
        auto,
        "_measure",
        lambda _, targets, threads: {t.backend: times[t.backend] for t in targets},
    )
    assert choose_backend(folder)[0] == "native"
    monkeypatch.setattr(auto, "find_native_library", lambda: None)
    assert choose_backend(folder)[0] == "onnxruntime"


def test_a_folder_opened_on_the_kernels_goes_on_from_a_state_of_onnxruntime(scene_folder):
    folder = ModelFolder.load(scene_folder)
    ours, reference = (open_backend(folder, 2, backend=b) for b in ("native", "onnxruntime"))
    rng, update = np.random.default_rng(0), np.ones(2, np.bool_)
    for t in range(folder.delay + 12):
        frame = rng.standard_normal((2, *folder.input.step_shape)).astype(np.float32)
        (logits, valid), (expected, known) = (b.step(frame, update) for b in (ours, reference))
        np.testing.assert_array_equal(valid, known)
        np.testing.assert_allclose(logits, expected, atol=1e-5 * max(np.abs(expected).max(), 1e-3))
        if t == folder.delay // 2:
            ours.restore_state(reference.save_state())


def test_a_plan_that_does_not_fit_its_graph_is_refused_before_memory_is_touched(make_narrow):
    graph = build_step_graphs(make_narrow("cox3d_s"))[0]
    plan = graph.metadata_props[0]
    assert '"shape":[8,16,16]' in plan.value
    plan.value = plan.value.replace('"shape":[8,16,16]', '"shape":[8,16,15]')
    phases = [NativeExecutor(graph.SerializeToString(), "test")]
    backend = StepGraphBackend("native", phases, 1)
    with pytest.raises(WeightsError, match="as its graph says; its plan says"):
        backend.step(np.zeros((1, *backend.step_shape), np.float32), np.ones(1, np.bool_))
