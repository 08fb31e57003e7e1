# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Pooling and delays: torch.nn is the oracle of the clip, the clip is the oracle of the steps."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError

# A busy machine is no fault: hypothesis must not judge how long examples take.
PROOF = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

OURS = {
    ("avg", 1): co.AvgPool1d,
    ("avg", 2): co.AvgPool2d,
    ("avg", 3): co.AvgPool3d,
    ("max", 1): co.MaxPool1d,
    ("max", 2): co.MaxPool2d,
    ("max", 3): co.MaxPool3d,
}
TORCH = {
    ("avg", 1): nn.AvgPool1d,
    ("avg", 2): nn.AvgPool2d,
    ("avg", 3): nn.AvgPool3d,
    ("max", 1): nn.MaxPool1d,
    ("max", 2): nn.MaxPool2d,
    ("max", 3): nn.MaxPool3d,
}


def make_clip(rank, frames, rows=2):
    size = {1: (), 2: (8,), 3: (7, 8)}[rank]
    return torch.randn(rows, 3, frames, *size) - 2.0  # mostly negative: a zero fill would show


@st.composite
def pools(draw):
    """Draw a pool with the padding that torch.nn knows, and the torch.nn twin."""
    kind, rank = draw(st.sampled_from(sorted(OURS)))
    kernel = tuple(draw(st.integers(1, 4)) for _ in range(rank))
    stride = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    if kind == "avg":
        options = {"count_include_pad": draw(st.booleans())}
    else:
        options = {"dilation": tuple(draw(st.integers(1, 2)) for _ in range(rank))}
    ours = OURS[kind, rank](kernel, stride, padding, **options)
    return ours, TORCH[kind, rank](kernel, stride, padding, **options)


@settings(PROOF, max_examples=150)
@given(pools(), st.integers(6, 12), st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_pool_steps_equal_chunks_equal_torch(pair, frames, chunks):
    ours, twin = pair
    clip = make_clip(ours.rank, frames)
    assert testing.relative_difference(ours(clip), twin(clip)) <= testing.TOLERANCE
    testing.check_clip(ours, clip, chunks)


@st.composite
def dilated_pools(draw):
    """Draw a pool with the padding and dilation of time that torch.nn lacks."""
    kind = draw(st.sampled_from(["avg", "max"]))
    kernel, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    reach = dilation * (kernel - 1)
    padding = ((draw(st.integers(0, reach)), draw(st.integers(0, reach))),)
    options = {"count_include_pad": draw(st.booleans())} if kind == "avg" else {}
    return OURS[kind, 1]((kernel,), (draw(st.integers(1, 3)),), padding, dilation, **options)


def pool_one_window(pool, clip, i):
    """Pool window i frame by frame, by the words of the definition."""
    first = i * pool.time_stride - pool.time_padding[0]
    places = [first + pool.dilation * j for j in range(pool.kernel_size[0])]
    frames = [clip[:, :, t] for t in places if 0 <= t < clip.shape[2]]
    if not frames:
        return torch.zeros_like(clip[:, :, 0])
    if isinstance(pool, co.MaxPool1d):
        return torch.stack(frames).amax(0)
    count = len(places) if pool.count_include_pad else len(frames)
    return torch.stack(frames).sum(0) / count


@settings(PROOF, max_examples=100)
@given(dilated_pools(), st.integers(9, 14))
def test_dilated_pool_is_what_its_definition_says(pool, frames):
    clip = make_clip(1, frames)
    dense = pool(clip)
    for i in range(dense.shape[2]):
        wanted = pool_one_window(pool, clip, i)
        error = testing.relative_difference(dense[:, :, i], wanted, of=clip)
        assert error <= testing.TOLERANCE
    testing.check_clip(pool, clip)
    testing.check_gradients(pool, clip)


@st.composite
def filled_pools(draw):
    """Draw a pool that fills time, and the same pool without padding for a clip that is filled."""
    kind = draw(st.sampled_from(["avg", "max"]))
    fill = draw(st.sampled_from(["zeros", "replicate"]))
    kernel, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    reach = dilation * (kernel - 1)
    sides = (draw(st.integers(0, reach)), draw(st.integers(0, reach)))
    dilations = dilation if kind == "avg" else (dilation, 1)
    shape = ((kernel, 2), (draw(st.integers(1, 3)), 2))
    pad = [OURS[kind, 2](*shape, (p, 0), dilations, fill=fill) for p in (sides, 0)]
    return *pad, fill, sides


def pad_clip(clip, fill, left, right):
    scale = 1.0 if fill == "replicate" else 0.0
    before, after = [scale * clip[:, :, :1]] * left, [scale * clip[:, :, -1:]] * right
    return torch.cat([*before, clip, *after], 2)


@settings(PROOF, max_examples=60)
@given(filled_pools(), st.integers(9, 14))
def test_filled_pool_is_the_pool_of_the_filled_clip(drawn, frames):
    pool, plain, fill, sides = drawn
    clip = make_clip(2, frames)
    expected = plain(pad_clip(clip, fill, *sides))
    assert testing.relative_difference(pool(clip), expected) <= testing.TOLERANCE
    testing.check_clip(pool, clip)
    testing.check_rows(pool, clip)
    testing.check_gradients(pool, clip)


@settings(PROOF, max_examples=40)
@given(
    st.sampled_from(["Avg", "Max"]),
    st.lists(st.sampled_from([1, 2, 3, None]), max_size=2),
    st.integers(1, 6),
)
def test_adaptive_pool_of_one_window_is_torchs(kind, space, frames):
    rank = 1 + len(space)
    ours = getattr(co, f"Adaptive{kind}Pool{rank}d")((1, *space), frames)
    twin = getattr(nn, f"Adaptive{kind}Pool{rank}d")(1 if rank == 1 else (1, *space))
    window = make_clip(rank, frames)
    assert testing.relative_difference(ours(window), twin(window)) <= testing.TOLERANCE
    clip = make_clip(rank, frames + 4)
    sliding = [twin(clip[:, :, i : i + frames]) for i in range(5)]
    error = testing.relative_difference(ours(clip), torch.cat(sliding, 2))
    assert error <= testing.TOLERANCE
    testing.check_clip(ours, clip)


@pytest.mark.parametrize("pool", [co.AvgPool2d((4, 2), padding=(1, 0)), co.MaxPool2d((4, None))])
def test_pool_rows_are_streams_of_their_own(pool):
    testing.check_rows(pool, make_clip(2, 30, rows=4))


@pytest.mark.parametrize("pool", [co.AvgPool1d(4, dilation=2), co.MaxPool1d(3, padding=1)])
def test_pool_sees_exactly_the_claimed_frames(pool):
    reach = testing.measure_reach(pool, torch.rand(1, 32, 24))
    assert reach == (pool.receptive_field, pool.delay, 0)


def test_gradient_of_equal_numbers_goes_where_torchs_goes():
    clip = torch.zeros(1, 2, 9, requires_grad=True)  # after a ReLU zeros tie all the time
    ours, twin = co.MaxPool1d(3, padding=1), nn.MaxPool1d(3, 1, 1)
    (found,) = torch.autograd.grad(ours(clip).sum(), clip)
    (expected,) = torch.autograd.grad(twin(clip).sum(), clip)
    assert torch.equal(found, expected)
    testing.check_gradients(ours, clip)


def test_causal_mean_of_real_frames_starts_with_the_first_frame():
    pool = co.AvgPool1d(3, padding="causal", count_include_pad=False)
    clip = torch.tensor([[[2.0, 4.0, 6.0, 8.0]]])
    ys, valid, _ = pool.forward_steps(clip, pool.init_state(clip[:, :, 0]))
    assert valid.all()
    assert ys.tolist() == [[[2.0, 3.0, 4.0, 6.0]]]


def test_pool_keeps_frames_after_the_mean_over_space():
    pool = co.AvgPool3d((8, None, None))
    state = pool.init_state(torch.randn(2, 5, 7, 9))
    assert dict(co.flatten_state(state))["layers"].shape == (2, 5, 7, 1, 1)


@pytest.mark.parametrize(("frames", "drop"), [(0, (0, 0)), (3, (0, 0)), (4, (1, 2)), (4, (4, 0))])
def test_delay_steps_equal_its_clip(frames, drop):
    delay = co.Delay(frames, drop=drop)
    clip = torch.randn(2, 3, 12, 4)
    assert torch.equal(delay(clip), clip[:, :, drop[0] : 12 - drop[1]])
    testing.check_clip(delay, clip)
    testing.check_rows(delay, clip)
    testing.check_gradients(delay, clip)


def test_pools_and_delays_refuse_bad_options():
    with pytest.raises(ConfigError, match="time needs a number as kernel"):
        co.AvgPool2d((None, 2))
    with pytest.raises(ConfigError, match=r"must be 0\.\.2"):
        co.MaxPool1d(3, padding=3)
    with pytest.raises(ConfigError, match=r"got frames=2, drop=\(2, 1\)"):
        co.Delay(2, drop=(2, 1))
    with pytest.raises(ConfigError, match=r"fill must be one of \['replicate', 'zeros'\], got"):
        co.AvgPool1d(2, fill="neg_inf")
    with pytest.raises(ConfigError, match=r"one of \['neg_inf', 'replicate', 'zeros'\], got 'x'"):
        co.MaxPool1d(2, fill="x")
    with pytest.raises(ConfigError, match="half the kernel at most"):
        co.MaxPool2d((3, 2), padding=(1, 2))
    for option in ("ceil_mode", "return_indices"):
        with pytest.raises(ConfigError, match=f"MaxPool1d: {option}=True is refused"):
            co.MaxPool1d(2, **{option: True})
    with pytest.raises(ConfigError, match="AvgPool3d: ceil_mode=True is refused"):
        co.AvgPool3d(2, ceil_mode=True)
    with pytest.raises(ShapeError, match=r"kernel is larger than frames of space \(3, 5\)"):
        co.MaxPool3d((1, 4, 4)).init_state(torch.zeros(1, 2, 3, 5))
    pool = co.AvgPool2d(2)
    with pytest.raises(
        ShapeError, match=r"expected frames with 2 axes after the row, got \(B, 3\)"
    ):
        pool.init_state(torch.zeros(1, 3))


def test_adaptive_pools_refuse_bad_options():
    with pytest.raises(ConfigError, match=r"output_size of time must be 1, .* got \(2, 1\)"):
        co.AdaptiveAvgPool2d((2, 1), 4)
    with pytest.raises(ConfigError, match="output_size of time must be 1, .* got 2"):
        co.AdaptiveMaxPool3d(2, 4)
    with pytest.raises(ConfigError, match=r"one number or 3 \(time first\), .* got \(1, 2\)"):
        co.AdaptiveMaxPool3d((1, 2), 4)
    with pytest.raises(ConfigError, match="at least 1 or None, got 0"):
        co.AdaptiveAvgPool1d(0, 4)
    with pytest.raises(ConfigError, match=r"must be 0\.\.3"):
        co.AdaptiveAvgPool1d(1, 4, padding=4)
    with pytest.raises(ConfigError, match="kernel, stride and dilation must be at least 1"):
        co.AdaptiveAvgPool1d(1, 0)


def test_pools_describe_themselves():
    assert repr(co.MaxPool2d((3, None), padding=("causal", 0))) == (
        "MaxPool2d((3, None), stride=(1, None), dilation=(1, 1), time_padding=(2, 0), "
        "space_padding=(0,), fill=neg_inf)"
    )
    assert repr(co.AdaptiveAvgPool2d((1, 2), 4)) == (
        "AdaptiveAvgPool2d((1, 2), window=4, time_padding=(0, 0), fill=zeros)"
    )
