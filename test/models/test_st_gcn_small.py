# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The small skeleton network: what it promises, and that its steps are its clip forward."""

import pytest
import torch
from torch.nn import functional

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError, StreamError
from co_perception.models import create_model

MOST_PARAMETERS = 500_000
EXPORT_TOLERANCE = 1e-4  # relative, onnxruntime against torch


@pytest.fixture(scope="module")
def model():
    """Make the model with the statistics of some batches, as after training."""
    torch.manual_seed(0)
    model = create_model("co_st_gcn_small", num_classes=12)
    with torch.no_grad():
        for _ in range(5):
            model(torch.randn(8, 5, 20, 13) * 2 + 1)
    return model.eval()


def make_clip(rows, frames, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, 5, frames, 13, generator=generator)


def test_model_keeps_its_limits(model):
    spec = model.spec
    assert sum(p.numel() for p in model.parameters()) <= MOST_PARAMETERS
    assert 1.0 <= spec.receptive_field / spec.expected_rate <= 2.0
    assert (spec.input_kind, spec.step_shape) == ("skeleton", (5, 13))
    assert (spec.receptive_field, spec.delay, spec.time_stride) == (28, 0, 1)
    assert model.summary().receptive_field == 28


def test_steps_equal_the_dense_forward_from_the_first_frame(model):
    clip = make_clip(2, 70)
    testing.check_clip(model.network, clip, chunks=(1, 7, 16))
    ys, valid, _ = model.forward_steps(clip, model.init_state(2))
    assert valid.all()
    dense = model.forward_dense(clip)
    assert dense.shape == (2, 12, 70)
    assert testing.relative_difference(ys, dense) <= testing.TOLERANCE


@pytest.mark.parametrize("frames", [1, 2, 9, 28, 40])
def test_forward_is_the_step_at_the_last_frame(model, frames):
    clip = make_clip(3, frames)
    state = model.init_state(3)
    for frame in clip.unbind(2):
        logits, _, state = model.forward_step(frame, state)
    assert testing.relative_difference(logits, model(clip)) <= testing.TOLERANCE


def test_frames_before_the_receptive_field_do_not_matter(model):
    clip = make_clip(2, 60)
    assert testing.relative_difference(model(clip), model(clip[:, :, -60:])) == 0.0
    # warm streams: the newest frames alone say the same, once their own past is real
    long, other = clip.clone(), clip.clone()
    other[:, :, : 60 - 28] = torch.randn(2, 5, 32, 13)
    assert testing.relative_difference(model(other), model(long)) <= testing.TOLERANCE


def test_young_streams_are_judged_by_the_frames_that_were_there(model):
    clip = make_clip(2, 8)  # as many as the head's window
    layers = dict(model.network.children_by_name())
    features = clip
    for name in list(layers)[: list(layers).index("time_pool")]:
        features = layers[name](features)
    means = features.cumsum(2) / torch.arange(1, 9)
    expected = layers["classifier"](means)
    assert testing.relative_difference(model.forward_dense(clip), expected) <= testing.TOLERANCE


def test_rows_are_streams_of_their_own(model):
    testing.check_rows(model.network, make_clip(4, 45))


def test_gradients_through_steps_equal_the_clips(model):
    testing.check_gradients(model.network, make_clip(2, 12))


def test_model_sees_exactly_its_receptive_field(model):
    reach = testing.measure_reach(model.network, make_clip(1, 60))
    assert reach == (28, 0, 0)


def test_progress_tells_the_warm_share(model):
    state = model.init_state(2)
    update = torch.tensor([True, False])
    for frame in make_clip(2, 28).unbind(2):
        _, valid, state = model.forward_step(frame, state, update)
        assert valid.tolist() == [True, False]
    assert co.progress(state).warm.tolist() == [True, False]
    assert co.warm_share(state).tolist() == [1.0, 0.0]


def test_step_does_the_ideal_work(model):
    clip = make_clip(1, 41)
    dense = [co.count_macs(model.forward_dense, clip[:, :, :frames]) for frames in (40, 41)]
    ideal = dense[1] - dense[0]
    executed = co.count_macs(model.forward_step, clip[:, :, 0], model.init_state(1))
    assert executed == model.summary().macs
    assert 0 < ideal <= executed <= 1.02 * ideal


def test_model_learns_which_way_joints_move():
    torch.manual_seed(0)
    model = create_model(
        "co_st_gcn_small", num_classes=2, widths=(16, 16), dilations=(1, 1), dropout=0.0
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)

    def draw(count):
        labels = torch.randint(2, (count,))
        speed = (2.0 * labels - 1.0).reshape(-1, 1, 1) * torch.linspace(0, 1, 12).reshape(1, -1, 1)
        clip = torch.zeros(count, 5, 12, 13)
        clip[:, 0] = torch.randn(count, 1, 13) + speed
        return clip, labels

    for _ in range(60):
        clip, labels = draw(32)
        optimiser.zero_grad()
        functional.cross_entropy(model(clip), labels).backward()
        optimiser.step()
    clip, labels = draw(200)
    answers = model.eval()(clip).argmax(1)
    assert (answers == labels).float().mean() >= 0.95


def test_training_mode_refuses_steps():
    model = create_model("co_st_gcn_small", num_classes=2)
    with pytest.raises(StreamError, match=r"call \.eval\(\)"):
        model.forward_step(torch.zeros(1, 5, 13), model.init_state())


def test_other_layouts_come_with_edges():
    edges = [[1, 0], [2, 1], [3, 0]]
    model = create_model("co_st_gcn_small", num_classes=2, layout="tiny4", edges=edges).eval()
    assert model.spec.step_shape == (5, 4)
    assert model.arguments["edges"] == edges
    assert model(torch.zeros(1, 5, 3, 4)).shape == (1, 2)


def test_what_does_not_fit_is_named(model):
    with pytest.raises(ShapeError, match=r"frame whose frames are \(B, 5, 13\), got \(B, 5, 25\)"):
        model.forward_step(torch.zeros(1, 5, 25), model.init_state())
    with pytest.raises(ShapeError, match=r"clip whose frames are \(B, 5, 13\), got \(B, 3, 13\)"):
        model(torch.zeros(1, 3, 10, 13))
    with pytest.raises(ConfigError, match=r"'ntu99': no graph known; known layouts: \['coco17'"):
        create_model("co_st_gcn_small", num_classes=2, layout="ntu99")
    with pytest.raises(ConfigError, match="one number per block, got"):
        create_model("co_st_gcn_small", num_classes=2, widths=(8,))
    with pytest.raises(ConfigError, match="must be at least 1"):
        create_model("co_st_gcn_small", num_classes=0)


@pytest.mark.filterwarnings(
    "ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning",  # inside torch.export
    "ignore:.*The axis name.*:UserWarning",  # inside torch.onnx: all inputs share the batch axis
)
def test_onnx_step_equals_torch_from_the_first_frame(model):
    pytest.importorskip("onnxscript", reason="ONNX export needs onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    flat = co.FlatStep(model, model.init_state(2)).eval()
    program = torch.onnx.export(
        flat,
        flat.example_inputs(torch.zeros(2, 5, 13)),
        dynamo=True,
        dynamic_shapes=flat.dynamic_shapes(),
        input_names=flat.input_names(),
        output_names=flat.output_names("logits"),
        verbose=False,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString(), options)
    for rows in (1, 8):
        clip = make_clip(rows, 2 * 28)
        update = torch.rand(clip.shape[::2], generator=torch.Generator().manual_seed(0)) < 0.8
        expected, _, _ = model.forward_steps(clip, model.init_state(rows), update=update)
        state = [leaf.numpy() for _, leaf in co.flatten_state(model.init_state(rows))]
        answers = []
        for t in range(clip.shape[2]):
            feed = [clip[:, :, t].numpy(), update[:, t].numpy(), *state]
            y, valid, *state = session.run(None, dict(zip(flat.input_names(), feed, strict=True)))
            assert valid.tolist() == update[:, t].tolist()
            answers.append(torch.from_numpy(y))
        error = testing.relative_difference(torch.stack(answers, 2), expected)
        assert error <= EXPORT_TOLERANCE


def test_step_compiles_as_one_graph(model):
    compiled = torch.compile(model.forward_step, fullgraph=True, backend="eager")
    clip, state = make_clip(2, 4), model.init_state(2)
    theirs = state
    with torch.no_grad():
        for frame in clip.unbind(2):
            y, _, state = model.forward_step(frame, state)
            z, _, theirs = compiled(frame, theirs)
            assert torch.equal(y, z)
    torch.compiler.reset()
