# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Skeleton networks frame by frame: their dense clip forward is the oracle of the steps."""

import pytest
import torch

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.models import create_model

MOST_WORK = 1.02  # of the ideal: what a clip costs more when it is one period longer
SMALL = {"num_classes": 3, "width": 1 / 8, "layout": "jhmdb15"}
WINDOWS = {"co_st_gcn": 77, "co_agcn": 77, "co_s_tr": 77}  # else 84


def make_model(name, **options):
    """Make a small network whose new units are not silent, with statistics of some clips."""
    torch.manual_seed(0)
    window = WINDOWS.get(name, 84)
    model = create_model(name, **{"window": window, **SMALL, **options})
    for key, tensor in model.state_dict().items():
        if key.endswith("norm.weight"):
            tensor.uniform_(0.5, 1.5)
    with torch.no_grad():
        for _ in range(2):
            model.forward_dense(2 * make_clip(model, 4, 85) + 1)
    return model.eval()


def make_clip(model, rows, frames, seed=0):
    generator = torch.Generator().manual_seed(seed)
    C, *joints = model.spec.step_shape
    return torch.randn(rows, C, frames, *joints, generator=generator)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("co_st_gcn", {"persons": 2}, id="co_st_gcn of two persons"),
        pytest.param("co_st_gcn_mod", {"stream": "two-stream"}, id="co_st_gcn_mod, two streams"),
        pytest.param("co_agcn", {}, id="co_agcn"),
        pytest.param("co_agcn_mod", {"persons": 2}, id="co_agcn_mod of two persons"),
        pytest.param("co_s_tr", {"stream": "bone"}, id="co_s_tr, bones"),
        pytest.param("co_s_tr_mod", {}, id="co_s_tr_mod"),
    ],
)
@torch.no_grad()
def test_steps_equal_the_dense_forward_and_its_flush(name, options):
    model = make_model(name, **options)
    clip = make_clip(model, 2, 88)
    ys, valid, state = model.forward_steps(clip, model.init_state(2), pad_end=True)
    t = torch.arange(ys.shape[2]) - model.spec.delay
    assert torch.equal(valid, ((t >= 0) & (t % model.spec.time_stride == 0)).expand(2, -1))
    dense = model.forward_dense(clip)
    assert dense.shape[2] >= 2
    assert testing.relative_difference(ys[:, :, valid[0]], dense) <= testing.TOLERANCE
    assert co.progress(state).frames_seen.tolist() == [88, 88]


def test_rows_are_streams_of_their_own():
    model = make_model("co_st_gcn", pooling="seen")
    testing.check_rows(model.network, make_clip(model, 2, 110))


def test_gradients_through_steps_equal_the_clips():
    model = make_model("co_agcn_mod", window=81).double()  # ten blocks of ReLUs are rough in fp32
    testing.check_gradients(model.network, make_clip(model, 1, 81).double(), tolerance=1e-9)


@pytest.mark.parametrize("name", ["co_st_gcn_mod", "st_gcn"])
@torch.no_grad()
def test_network_sees_exactly_its_receptive_field(name):
    model = make_model(name, window=84).double()
    field = model.spec.receptive_field
    frames = field + 8
    clip = make_clip(model, 1, frames).double()
    y = model.forward_dense(clip)
    left = model.network.time_padding[0]
    for index in (0, y.shape[2] // 2):
        begin = index * model.spec.time_stride - left  # of the frames that this output rests on
        for frame, seen in ((begin, True), (begin + field - 1, True), (begin - 1, False)):
            if 0 <= frame < frames:
                other = clip.clone()
                other[:, :, frame] += 1.0
                moved = not torch.equal(model.forward_dense(other)[:, :, index], y[:, :, index])
                assert moved == seen, (index, frame)
    assert model.spec.delay == field - 1 - left


@torch.no_grad()
def test_phases_in_lockstep_equal_masked_steps():
    model = make_model("co_s_tr")
    masked = lockstep = model.init_state(2)
    for t, frame in enumerate(make_clip(model, 2, 86).unbind(2)):
        y, valid, masked = model.forward_step(frame, masked)
        z, due, lockstep = model.forward_step(frame, lockstep, phase=t % 4)
        assert torch.equal(valid, due)
        assert testing.relative_difference(z, y, of=y.new_ones(())) <= testing.TOLERANCE
        assert bool(valid.any()) == (t >= 76 and t % 4 == 0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("co_st_gcn", {"persons": 2}),
        ("co_agcn_mod", {"stream": "bone"}),
        ("co_s_tr", {}),
    ],
)
def test_steps_do_the_ideal_work(name, options):
    model = create_model(name, window=84, **SMALL, **options).eval().to("meta")
    period, frames = model.spec.time_stride, model.spec.receptive_field + 8
    clip = make_clip(model, 1, frames).to("meta")
    dense = [co.count_macs(model.forward_dense, c) for c in (clip, clip[:, :, :-period])]
    state, frame = model.init_state(device="meta"), clip[:, :, 0]
    executed = sum(
        co.count_macs(model.forward_step, frame, state, phase=phase) for phase in range(period)
    )
    assert 0 < dense[0] - dense[1] <= executed <= MOST_WORK * (dense[0] - dense[1])
    assert model.summary().macs == pytest.approx(executed / period)


def test_state_is_what_the_layers_must_remember():
    model = create_model("co_st_gcn_mod")
    widths = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
    windows = sum(8 * width * 25 for width in widths)
    shortcuts = sum(4 * width * 25 for width in (64, 64, 64, 64, 128, 128, 128, 256, 256))
    pool = 219 * 256
    assert model.summary().state_bytes == 4 * (windows + shortcuts + pool)
    names = [name for name, _ in co.flatten_state(model.init_state())]
    assert names[1:4] == [
        "layers.block1.temporal",
        "layers.block2.main.temporal",
        "layers.block2.shortcut.align",
    ]
    two = create_model("co_st_gcn_mod", stream="two-stream", width=1 / 8)
    branches = {name.split(".")[1] for name, _ in co.flatten_state(two.init_state())[1:]}
    assert branches == {"joint", "bone"}


@torch.no_grad()
def test_full_width_network_equals_its_clip():
    torch.manual_seed(0)
    model = create_model("co_st_gcn_mod", window=90).eval()
    for key, tensor in model.state_dict().items():
        if key.endswith("norm.weight"):
            tensor.uniform_(0.5, 1.0)
    clip = make_clip(model, 1, 95)
    ys, valid, _ = model.forward_steps(clip, model.init_state())
    dense = model.forward_dense(clip)
    assert valid[0].tolist() == [False] * 89 + [True] * 6
    assert testing.relative_difference(ys[:, :, valid[0]], dense) <= testing.TOLERANCE
