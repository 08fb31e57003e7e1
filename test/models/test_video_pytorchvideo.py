# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The networks for video beside pytorchvideo's with the same weights: clips, steps, full size.

The other full sizes: python benchmarks/parity_video.py.
"""

import pytest
import torch
from torch import nn

from co_perception import continual as co
from co_perception.continual.testing import TOLERANCE, check_clip, relative_difference
from co_perception.models import create_model

pytest.importorskip("pytorchvideo", reason="requirements/peers.txt is not installed")

CLIPS = {"x3d_xs": 4, "x3d_s": 13, "x3d_m": 16, "x3d_l": 16, "slow_r50": 8, "i3d_r50": 8}
LEAST_CHANGE = 1e-3  # of the logits from frame to frame: a network that sees nothing is no proof


def make_pair(video_peers, name, **options):
    model = create_model(name, num_classes=11, **options).eval()
    video_peers.randomise(model)
    return model, video_peers.make_pytorchvideo(model)


def run_peer(peer, clip):
    return peer(clip).squeeze(-1).squeeze(-1)


def check_steps(model, peer, clip):
    """Check the steps of every t >= delay against the peer's clip, and that frames matter."""
    expected = run_peer(peer, clip)
    state = model.init_state(clip.shape[0])
    ys, valid, _ = model.forward_steps(clip, state)
    due = torch.arange(clip.shape[2]) - model.spec.delay
    due = (due >= 0) & (due % model.spec.time_stride == 0)
    assert torch.equal(valid, due.expand_as(valid))
    stepped = ys[:, :, due]
    assert stepped.shape[2] > 1
    assert relative_difference(stepped, expected[:, :, : stepped.shape[2]]) <= TOLERANCE
    assert expected.std(2).mean() > LEAST_CHANGE * expected.abs().max()


@pytest.mark.parametrize("width", [1.0, 0.25])
@pytest.mark.parametrize("name", CLIPS)
@torch.inference_mode()
def test_clips_equal_pytorchvideos(video_peers, name, width):
    model, peer = make_pair(video_peers, name, image_size=64, width=width)
    clip = torch.randn(2, 3, CLIPS[name], 64, 64)
    expected = run_peer(peer, clip)
    assert expected.shape == (2, 11, 1)
    assert relative_difference(model.forward_dense(clip), expected) <= TOLERANCE
    assert relative_difference(model(clip), expected[:, :, 0]) <= TOLERANCE


@pytest.mark.parametrize("name", ["x3d_s", "slow_r50", "i3d_r50"])
@torch.inference_mode()
def test_its_checkpoints_load(video_peers, name, tmp_path):
    model, peer = make_pair(video_peers, name, image_size=64, width=0.25)
    torch.save({"model_state": peer.state_dict()}, tmp_path / "peer.pyth")
    other = create_model(name, num_classes=11, image_size=64, width=0.25).eval()
    other.load_checkpoint(tmp_path / "peer.pyth")
    clip = torch.randn(1, 3, CLIPS[name], 64, 64)
    assert relative_difference(other.forward_dense(clip), run_peer(peer, clip)) <= TOLERANCE
    assert torch.equal(other.forward_dense(clip), model.forward_dense(clip))


@pytest.mark.parametrize("name", ["slow_r50", "i3d_r50"])
@torch.inference_mode()
def test_its_own_trunks_are_converted_to_exact_steps(video_peers, name):
    _, peer = make_pair(video_peers, name, image_size=32, width=0.125)
    trunk = nn.Sequential(*peer.blocks[:-1])
    converted = co.from_torch(trunk)
    clip = torch.randn(1, 3, 24, 32, 32)
    assert relative_difference(converted(clip), trunk(clip)) <= TOLERANCE
    check_clip(converted, clip, chunks=(7, 2))


@torch.inference_mode()
def test_frames_of_odd_sizes_equal_pytorchvideos(video_peers):
    # 312 of X3D-L and 97 here leave remainders in every stride
    for name in ("x3d_xs", "slow_r50", "i3d_r50"):
        model, peer = make_pair(video_peers, name, image_size=97, width=0.25)
        clip = torch.randn(1, 3, 9, 97, 97)
        assert relative_difference(model.forward_dense(clip), run_peer(peer, clip)) <= TOLERANCE


@torch.inference_mode()
def test_cox3d_steps_equal_pytorchvideo_that_squeezes_single_frames(video_peers):
    model, peer = make_pair(video_peers, "cox3d_xs", image_size=64)
    clip = torch.randn(1, 3, 40, 64, 64)
    plain = run_peer(peer, clip)
    check_steps(model, video_peers.see_single_frames(peer), clip)
    difference = relative_difference(run_peer(peer, clip), plain)
    assert (
        difference > 100 * TOLERANCE
    )  # the scope matters: as published, steps are not X3D's clip


@pytest.mark.parametrize("name", ["coslow_r50", "coi3d_r50"])
@torch.inference_mode()
def test_resnet_steps_equal_pytorchvideos_clip(video_peers, name):
    model, peer = make_pair(video_peers, name, image_size=64, width=0.25)
    check_steps(model, peer, torch.randn(1, 3, 2 * model.spec.receptive_field, 64, 64))


@pytest.mark.slow
@pytest.mark.timeout(900)  # half a minute of computing, but the machine may be busy
@torch.inference_mode()
def test_full_size_cox3d_over_twice_its_receptive_field(video_peers):
    model, peer = make_pair(video_peers, "cox3d_xs")
    frames = 2 * model.spec.receptive_field
    side = model.spec.step_shape[-1]
    assert side == 160
    check_steps(model, video_peers.see_single_frames(peer), torch.randn(1, 3, frames, side, side))
