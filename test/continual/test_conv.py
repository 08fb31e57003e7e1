# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Convolutions: torch.nn is the oracle of the clip, the clip is the oracle of the steps."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError, StreamError

# A busy machine is no fault: hypothesis must not judge how long examples take.
PROOF = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

TORCH = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
OURS = {1: co.Conv1d, 2: co.Conv2d, 3: co.Conv3d}
CHANNELS = 4


@st.composite
def convolutions(draw, fills=("zeros", "replicate")):
    """Draw a convolution, the torch.nn twin with its weights, and what pads the twin's input."""
    rank = draw(st.integers(1, 3))
    kernel = (draw(st.integers(1, 4)), *(draw(st.integers(1, 3)) for _ in range(rank - 1)))
    stride = (draw(st.integers(1, 3)), *(draw(st.integers(1, 2)) for _ in range(rank - 1)))
    dilation = (draw(st.integers(1, 3)), *(draw(st.integers(1, 2)) for _ in range(rank - 1)))
    reach = dilation[0] * (kernel[0] - 1)
    left, right = draw(st.integers(0, reach)), draw(st.integers(0, reach))
    space = tuple(draw(st.integers(0, k // 2)) for k in kernel[1:])
    options = {
        "kernel_size": kernel,
        "stride": stride,
        "dilation": dilation,
        "groups": draw(st.sampled_from([1, 2])),
        "bias": draw(st.booleans()),
        "padding_mode": draw(st.sampled_from(["zeros", "replicate"])),
    }
    outputs = draw(st.sampled_from([2, 4, 6]))  # fewer outputs than inputs: partial sums are kept
    fill = draw(st.sampled_from(fills))
    torch.manual_seed(draw(st.integers(0, 1000)))
    ours = OURS[rank](CHANNELS, outputs, padding=((left, right), *space), fill=fill, **options)
    twin = TORCH[rank](CHANNELS, outputs, padding=(0, *space), **options)
    twin.load_state_dict(ours.state_dict())
    return ours, twin, fill


def make_clip(module, frames, rows=2):
    size = {1: (), 2: (5,), 3: (5, 6)}[module.rank]
    return torch.randn(rows, CHANNELS, frames, *size)


def pad(clip, left, right, fill):
    scale = 1.0 if fill == "replicate" else 0.0
    before, after = [scale * clip[:, :, :1]] * left, [scale * clip[:, :, -1:]] * right
    return torch.cat([*before, clip, *after], 2)


@settings(PROOF, max_examples=200)
@given(convolutions(), st.integers(10, 18), st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_conv_steps_equal_chunks_equal_torch(pair, frames, chunks):
    ours, twin, fill = pair
    clip = make_clip(ours, frames)
    expected = twin(pad(clip, *ours.time_padding, fill))
    assert testing.relative_difference(ours(clip), expected) <= testing.TOLERANCE
    testing.check_clip(ours, clip, chunks)


@settings(PROOF, max_examples=60)
@given(convolutions(), st.integers(0, 100))
def test_conv_rows_are_streams_of_their_own(pair, seed):
    ours, _, _ = pair
    testing.check_rows(ours, make_clip(ours, 16, rows=3), seed)


@settings(PROOF, max_examples=60)
@given(convolutions())
def test_conv_gradients_through_steps_equal_the_clips(pair):
    ours, _, _ = pair
    testing.check_gradients(ours, make_clip(ours, 10))


@settings(PROOF, max_examples=20)
@given(convolutions(fills=("zeros",)))
def test_conv_sees_exactly_the_claimed_frames(pair):
    ours, _, _ = pair
    reach = testing.measure_reach(ours, make_clip(ours, 3 * ours.receptive_field + 4))
    # with a stride above the kernel's reach some frames are never seen, but the longest reach is
    assert reach == (ours.receptive_field, ours.delay, 0)


@pytest.mark.parametrize("padding", ["causal", ("causal",), ((4, 0),)])
def test_causal_padding_has_no_delay(padding):
    conv = co.Conv1d(3, 3, 3, dilation=2, padding=padding)
    assert (conv.receptive_field, conv.delay, conv.time_padding) == (5, 0, (4, 0))


def test_short_clips_down_to_one_frame_are_exact():
    conv = co.Conv1d(3, 5, 5, padding=2)
    for frames in (1, 2, 3, 4):
        testing.check_clip(conv, torch.randn(2, 3, frames))


@pytest.mark.parametrize(
    ("inputs", "outputs", "kept"),
    [pytest.param(6, 3, 3, id="partial sums"), pytest.param(3, 6, 3, id="window of inputs")],
)
def test_state_is_the_smaller_of_window_and_sums(inputs, outputs, kept):
    conv = co.Conv2d(inputs, outputs, (5, 1))
    state = conv.init_state(torch.randn(2, inputs, 7))
    assert dict(co.flatten_state(state))["layers"].shape == (2, kept, 4, 7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_size": 3, "padding": 3}, r"must be 0\.\.2 .* got \(3, 3\)"),
        ({"kernel_size": 0}, "at least 1"),
        ({"kernel_size": 3, "fill": "mirror"}, r"one of \['replicate', 'zeros'\], got 'mirror'"),
        ({"kernel_size": 3, "padding": "same"}, "'causal'"),
    ],
)
def test_conv_refuses_bad_options(options, message):
    with pytest.raises(ConfigError, match=message):
        co.Conv1d(3, 3, **options)


def test_conv_names_what_is_wrong_with_a_frame():
    conv = co.Conv3d(4, 4, 3, padding=1)
    frame = torch.randn(2, 4, 5, 6)
    state = conv.init_state(frame)
    with pytest.raises(ShapeError, match=r"expected frames \(B, C, H, W\) with C = 4, got \(B, 3"):
        conv.forward_step(frame[:, :3], state)
    with pytest.raises(ShapeError, match=r"frames of a stream keep their shape"):
        conv.forward_step(frame[..., :4], state)
    with pytest.raises(ShapeError, match="expected 2 rows as the state has, got a frame of 1"):
        conv.forward_step(frame[:1], state)
    with pytest.raises(ShapeError, match=r"expected a \(2,\) bool mask"):
        conv.forward_step(frame, state, torch.ones(2))
    with pytest.raises(ShapeError, match=r"expected torch\.float32 frames .* got torch\.float64"):
        conv.forward_step(frame.double(), state)
    with pytest.raises(ShapeError, match="at least 3 frames, got 2"):
        co.Conv1d(1, 1, 3)(torch.randn(1, 1, 2))
    other = co.Sequential(co.Conv3d(4, 4, 3, padding=1)).init_state(frame)
    with pytest.raises(StreamError, match="expected a window tensor as state, got dict"):
        conv.forward_step(frame, other)


def test_circular_padding_of_space_is_torchs():
    ours = co.Conv3d(2, 3, 3, padding=1, padding_mode="circular", groups=1)
    clip = torch.randn(2, 2, 6, 4, 5)
    folded = functional.pad(
        functional.pad(clip, (1, 1, 1, 1, 0, 0), mode="circular"), (0, 0, 0, 0, 1, 1)
    )
    expected = functional.conv3d(folded, ours.weight, ours.bias)
    assert testing.relative_difference(ours(clip), expected) <= testing.TOLERANCE
    testing.check_clip(ours, clip)
