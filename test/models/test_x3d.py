# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""CoX3D: the published sizes and timing, and steps that equal the clip.

Against pytorchvideo: test_video_pytorchvideo.py.
"""

import pytest
import torch

from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError, StreamError
from co_perception.models import create_model

# Parameters, receptive field and delay as measured on the authors' implementation.
PUBLISHED = {
    "xs": (3_794_322, 60, 31),
    "s": (3_794_322, 69, 40),
    "m": (3_794_322, 72, 43),
    "l": (6_153_432, 130, 72),
}
WITH_WINDOW_64 = {"s": (120, 91), "m": (120, 91), "l": (178, 120)}
# Side of a frame, pixels; frames of 30 Hz video between two of the network's.
SAMPLES = {"xs": (160, 12), "s": (160, 6), "m": (224, 5), "l": (312, 5)}


def make_narrow(video_peers, name="cox3d_xs", **options):
    model = create_model(name, num_classes=7, image_size=32, width=0.125, **options).eval()
    video_peers.randomise(model)
    return model


@pytest.mark.parametrize("prefix", ["cox3d", "x3d"])
@pytest.mark.parametrize("size", sorted(PUBLISHED))
def test_sizes_are_the_published_ones(prefix, size):
    model = create_model(f"{prefix}_{size}")
    parameters = sum(p.numel() for p in model.parameters())
    assert (parameters, model.spec.receptive_field, model.spec.delay) == PUBLISHED[size]
    side, sampling = SAMPLES[size]
    assert model.spec.step_shape == (3, side, side)
    assert model.spec.expected_rate == pytest.approx(30.0 / sampling)


@pytest.mark.parametrize("size", sorted(WITH_WINDOW_64))
def test_window_of_64_has_the_published_timing(size):
    model = create_model(f"cox3d_{size}", window=64, width=0.125)
    assert (model.spec.receptive_field, model.spec.delay) == WITH_WINDOW_64[size]
    assert model.network.time_padding == ((57, 57) if size == "l" else (28, 28))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="published"),
        pytest.param({"fill": "replicate", "se_scope": 3}, id="replicate, three frames"),
    ],
)
def test_steps_equal_chunks_equal_the_clip(video_peers, options):
    model = make_narrow(video_peers, **options)
    testing.check_clip(model.network, torch.randn(1, 3, 34, 32, 32), chunks=(7, 2))


def test_rows_are_streams_of_their_own(video_peers):
    model = make_narrow(video_peers, se_scope=2)
    testing.check_rows(model.network, torch.randn(2, 3, 45, 32, 32), tolerance=1e-4)


def test_gradients_through_steps_equal_the_clips(video_peers):
    testing.check_gradients(make_narrow(video_peers).network, torch.randn(1, 3, 6, 32, 32))


@torch.inference_mode()
def test_one_frame_reaches_exactly_the_claimed_outputs():
    torch.manual_seed(0)
    model = create_model("cox3d_xs", num_classes=3, image_size=32, width=0.125).double().eval()
    for parameter in model.parameters():  # no frame's weight may vanish in the sum of many
        parameter.abs_()
    field, first = model.spec.receptive_field, 3
    clip = torch.rand(1, 3, first + field + 2, 32, 32, dtype=torch.float64)
    other = clip.clone()
    other[:, :, first] += 1e9
    pair = torch.cat([clip, other])
    ys, _, _ = model.forward_steps(pair, model.init_state(2))
    assert (ys[0] != ys[1]).any(0).nonzero().flatten().tolist() == list(
        range(max(first, model.spec.delay), first + field)
    )


@torch.inference_mode()
def test_replicated_padding_makes_a_still_image_steady_at_once(video_peers):
    still = torch.randn(1, 3, 1, 32, 32).expand(-1, -1, 36, -1, -1)
    for fill, is_steady in (("replicate", True), ("zeros", False)):
        model = make_narrow(video_peers, fill=fill)
        ys, valid, _ = model.forward_steps(still, model.init_state())
        ys = ys[:, :, valid[0]]
        difference = testing.relative_difference(ys, ys[:, :, -1:].expand_as(ys))
        assert (difference <= testing.TOLERANCE) == is_steady


def test_clip_scope_is_another_function_and_refuses_steps(video_peers):
    clip_model = make_narrow(video_peers, "x3d_xs")
    frame_model = make_narrow(video_peers, "x3d_xs", se_scope="frame")
    frame_model.load_state_dict(clip_model.state_dict())
    clip = torch.randn(1, 3, 4, 32, 32) * torch.tensor([0.1, 5.0, 0.1, 5.0]).reshape(4, 1, 1)
    with torch.inference_mode():
        of_clip, of_frames = clip_model(clip), frame_model(clip)
        assert testing.relative_difference(of_frames, of_clip) > 100 * testing.TOLERANCE
        with pytest.raises(StreamError, match="se_scope='frame'"):
            clip_model.forward_step(clip[:, :, 0], clip_model.init_state())


def test_wrong_crop_names_both():
    model = create_model("cox3d_xs", num_classes=7)
    with pytest.raises(ShapeError, match=r"3, 160, 160.*3, 64, 64"):
        model.forward_step(torch.zeros(1, 3, 64, 64), model.init_state())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("num_classes", 0),
        ("window", 0),
        ("image_size", 16),
        ("fill", "mirror"),
        ("se_scope", "row"),
        ("se_scope", 0),
        ("se_scope", True),
        ("dropout", 1.0),
        ("width", 0.0),
    ],
)
def test_options_out_of_range_are_named(option, value):
    with pytest.raises(ConfigError, match=rf"cox3d_s: {option} must be .*got {value!r}"):
        create_model("cox3d_s", **{option: value})


def test_options_make_the_same_network_again(video_peers):
    model = make_narrow(video_peers, "cox3d_m", fill="replicate", se_scope=4, window=9)
    again = create_model(model.architecture, **model.arguments).eval()
    again.load_state_dict(model.state_dict())
    clip = torch.randn(1, 3, 9, 32, 32)
    with torch.inference_mode():
        assert torch.equal(again(clip), model(clip))
