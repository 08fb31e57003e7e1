# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Normalisations: torch.nn on each frame is the oracle; over time only training of batch norm."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError, StreamError

# A busy machine is no fault: hypothesis must not judge how long examples take.
PROOF = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

CLIP = torch.randn(3, 4, 9, 5, generator=torch.Generator().manual_seed(0))


def per_frame(function, clip):
    return torch.stack([function(frame) for frame in clip.unbind(2)], 2)


@st.composite
def norms(draw):
    """Draw a normalisation with random weights, and what torch.nn makes of one frame of it."""
    groups = draw(st.integers(1, 3))
    channels, affine = groups * draw(st.integers(1, 3)), draw(st.booleans())
    eps = draw(st.sampled_from([1e-5, 1e-2]))
    pairs = {
        "layer": (co.LayerNorm(channels, eps, affine=affine), nn.LayerNorm(channels, eps, affine)),
        "rms": (co.RMSNorm(channels, eps, affine=affine), nn.RMSNorm(channels, eps, affine)),
        "group": (
            co.GroupNorm(groups, channels, eps, affine=affine),
            nn.GroupNorm(groups, channels, eps, affine),
        ),
        "instance": (
            co.InstanceNorm(channels, eps, affine=affine),
            nn.InstanceNorm2d(channels, eps, affine=affine),
        ),
    }
    kind = draw(st.sampled_from(sorted(pairs)))
    ours, twin = pairs[kind]
    torch.manual_seed(draw(st.integers(0, 100)))
    for weight in ours.parameters():
        nn.init.uniform_(weight, -1.0, 1.0)
    twin.load_state_dict(ours.state_dict())
    if kind in ("layer", "rms"):
        return ours, channels, lambda frame: twin(frame.movedim(1, -1)).movedim(-1, 1)
    return ours, channels, twin


@settings(PROOF, max_examples=60)
@given(norms(), st.integers(1, 6), st.integers(2, 4))
def test_norm_is_torchs_on_every_frame(pair, frames, size):
    ours, channels, oracle = pair
    clip = 3.0 * torch.randn(2, channels, frames, 3, size) + 1.0
    assert testing.relative_difference(ours(clip), per_frame(oracle, clip)) <= testing.TOLERANCE
    testing.check_clip(ours, clip)


@pytest.mark.parametrize("norm", [co.GroupNorm(2, 4), co.InstanceNorm(4)])
def test_no_norm_looks_at_other_frames(norm):
    other = CLIP.clone()
    other[:, :, 5:] += 10.0
    assert torch.equal(norm(CLIP)[:, :, :5], norm(other)[:, :, :5])


def test_batch_norm_trains_and_judges_as_torch():
    ours, twin = co.BatchNorm(4), nn.BatchNorm2d(4)
    for _ in range(3):
        clip = torch.randn(3, 4, 9, 5)
        assert testing.relative_difference(ours(clip), twin(clip)) <= testing.TOLERANCE
    ours.eval(), twin.eval()
    assert testing.relative_difference(ours(CLIP), twin(CLIP)) <= testing.TOLERANCE
    assert ours.state_dict().keys() == twin.state_dict().keys()
    assert ours.num_batches_tracked == twin.num_batches_tracked


def test_batch_norm_has_torchs_names():
    assert co.BatchNorm1d is co.BatchNorm2d is co.BatchNorm3d is co.BatchNorm


def test_batch_norm_refuses_steps_in_training():
    net = co.Sequential(co.BatchNorm(4), co.ReLU())
    state = net.init_state(CLIP[:, :, 0])
    with pytest.raises(StreamError, match=r"training mode; call \.eval\(\)"):
        net.forward_step(CLIP[:, :, 0], state)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (co.BatchNorm(3), "BatchNorm"),
        (co.LayerNorm(3), "LayerNorm"),
        (co.RMSNorm(3), "RMSNorm"),
        (co.GroupNorm(1, 3), "GroupNorm"),
        (co.InstanceNorm(3), "InstanceNorm"),
    ],
)
def test_channel_count_is_checked(module, name):
    with pytest.raises(ShapeError, match=rf"{name}: expected 3 channels on axis 1, got .*\(B, 4"):
        module.init_state(CLIP[:, :, 0])
    with pytest.raises(ShapeError, match=rf"{name}: expected 3 channels on axis 1, got .*\(B, 4"):
        module(CLIP)


def test_norms_refuse_what_has_no_meaning():
    with pytest.raises(ConfigError, match="groups that divide 4 channels, got 3"):
        co.GroupNorm(3, 4)
    for frame in (torch.zeros(2, 4), torch.zeros(2, 4, 1, 1)):
        with pytest.raises(ShapeError, match="more than one place per channel"):
            co.InstanceNorm(4).init_state(frame)
    with pytest.raises(ShapeError, match="more than one place per channel"):
        co.InstanceNorm(4)(torch.zeros(2, 4, 9))
