# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Squeeze-excitation over the clip, over frames, and over the last frames."""

import pytest
import torch

from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError, StreamError
from co_perception.models.squeeze_excitation import SqueezeExcitation

SCOPES = ["frame", 1, 2, 5]


def make(scope):
    torch.manual_seed(0)
    return SqueezeExcitation(6, 4, scope).eval()


def excite(module, x, mean):
    """Weigh (B, C, T, H, W) by gates of the means (B, C, T), with torch alone."""
    hidden = torch.relu(mean.mT @ module.fc1.weight.mT + module.fc1.bias)
    gates = torch.sigmoid(hidden @ module.fc2.weight.mT + module.fc2.bias).mT
    return x * gates[..., None, None]


@pytest.mark.parametrize("scope", SCOPES)
@torch.inference_mode()
def test_gates_are_of_the_last_frames(scope):
    module, clip = make(scope), torch.randn(2, 6, 9, 4, 5)
    frames = 1 if scope == "frame" else scope
    seen = [clip[:, :, max(0, t + 1 - frames) : t + 1].mean((2, 3, 4)) for t in range(9)]
    expected = excite(module, clip, torch.stack(seen, 2))
    assert testing.relative_difference(module(clip), expected) <= testing.TOLERANCE


@torch.inference_mode()
def test_gates_of_the_clip_are_one_for_all_frames():
    module, clip = make("clip"), torch.randn(2, 6, 9, 4, 5)
    expected = excite(module, clip, clip.mean((2, 3, 4))[..., None].expand(-1, -1, 9))
    assert testing.relative_difference(module(clip), expected) <= testing.TOLERANCE


@pytest.mark.parametrize("scope", SCOPES)
def test_steps_keep_the_contract(scope):
    module = make(scope)
    clip = torch.randn(2, 6, 12, 4, 5)
    testing.check_clip(module, clip)
    testing.check_rows(module, clip)
    testing.check_gradients(module, clip)
    field = 1 if scope == "frame" else scope
    assert testing.measure_reach(module, clip) == (field, 0, 0)


def test_state_is_the_last_means_and_nothing_for_single_frames():
    frame = torch.randn(3, 6, 4, 5)
    assert make("frame").init_layers(frame) == {}
    assert make(5).init_layers(frame).shape == (3, 6, 4)


def test_wrong_use_is_named():
    with pytest.raises(StreamError, match="a step sees one frame, but the scope is 'clip'"):
        make("clip").forward_step(
            torch.randn(1, 6, 4, 5), make("frame").init_state(torch.zeros(1, 6, 4, 5))
        )
    with pytest.raises(ConfigError, match="'clip', 'frame', or a number of frames .* got 'row'"):
        make("row")
    with pytest.raises(ShapeError, match="expected 6 channels"):
        make(2).init_state(torch.zeros(1, 5, 4, 4))
