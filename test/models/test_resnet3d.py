# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""CoSlow and CoI3D: the published sizes, their timing, and steps that equal the clip.

Against pytorchvideo: test_video_pytorchvideo.py.
"""

import pytest
import torch

from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError
from co_perception.models import create_model

# Published: 32.45 M and 28.04 M parameters. Frames: 9 and 8 temporal kernels, summed by hand.
SIZES = {"slow": (32_454_096, 256), "i3d": (28_043_472, 224)}
TIMING = {  # receptive field, delay, time stride
    ("slow", 8): (26, 16, 1),
    ("slow", 64): (82, 72, 1),
    ("i3d", 8): (42, 24, 2),
    ("i3d", 64): (98, 80, 2),
}


def make_narrow(video_peers, name, **options):
    model = create_model(name, num_classes=7, image_size=32, width=0.125, **options).eval()
    video_peers.randomise(model)
    return model


@pytest.mark.parametrize("prefix", ["co", ""])
@pytest.mark.parametrize("kind", sorted(SIZES))
def test_sizes_are_the_published_ones(prefix, kind):
    model = create_model(f"{prefix}{kind}_r50")
    parameters, side = SIZES[kind]
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert model.spec.step_shape == (3, side, side)
    assert model.spec.expected_rate == 3.75


@pytest.mark.parametrize(("kind", "window"), sorted(TIMING))
def test_timing_follows_from_the_kernels(kind, window):
    spec = create_model(f"co{kind}_r50", window=window, width=0.125).spec
    assert (spec.receptive_field, spec.delay, spec.time_stride) == TIMING[kind, window]


@pytest.mark.parametrize("fill", ["zeros", "replicate"])
@pytest.mark.parametrize("kind", sorted(SIZES))
def test_steps_equal_chunks_equal_the_clip(video_peers, kind, fill):
    model = make_narrow(video_peers, f"co{kind}_r50", fill=fill)
    testing.check_clip(model.network, torch.randn(1, 3, 31, 32, 32), chunks=(7, 2))


@pytest.mark.parametrize("kind", sorted(SIZES))
def test_rows_are_streams_of_their_own(video_peers, kind):
    model = make_narrow(video_peers, f"co{kind}_r50")
    testing.check_rows(model.network, torch.randn(2, 3, 40, 32, 32), tolerance=1e-4)


@pytest.mark.parametrize("kind", sorted(SIZES))
def test_gradients_through_steps_equal_the_clips(video_peers, kind):
    model = make_narrow(video_peers, f"co{kind}_r50", window=2)
    testing.check_gradients(model.network, torch.randn(1, 3, 6, 32, 32))


@pytest.mark.parametrize("kind", sorted(SIZES))
@torch.inference_mode()
def test_one_frame_reaches_exactly_the_claimed_outputs(kind):
    torch.manual_seed(0)
    model = create_model(f"co{kind}_r50", num_classes=3, image_size=32, width=0.125).double()
    for parameter in model.eval().parameters():  # no frame's weight may vanish in the sum of many
        parameter.abs_()
    field, stride, delay = model.spec.receptive_field, model.spec.time_stride, model.spec.delay
    reached = set()
    for first in range(4, 4 + stride):
        clip = torch.rand(1, 3, first + field + 2, 32, 32, dtype=torch.float64)
        other = clip.clone()
        other[:, :, first] += 1e9
        ys, _, _ = model.forward_steps(torch.cat([clip, other]), model.init_state(2))
        steps = (ys[0] != ys[1]).any(0).nonzero().flatten()
        assert steps.min() == max(delay, first)
        reached |= {int(step) - first for step in steps}
    assert max(reached) == field - 1


def test_coi3d_computes_its_two_phases_apart(video_peers):
    model = make_narrow(video_peers, "coi3d_r50")
    clip = torch.randn(1, 3, 60, 32, 32)
    state = model.init_state()
    with torch.inference_mode():
        expected = model.forward_dense(clip)
        outputs = []
        for t, frame in enumerate(clip.unbind(2)):
            y, valid, state = model.forward_step(frame, state, phase=t % 2)
            outputs += [y] if valid else []
    found = torch.stack(outputs, 2)
    assert found.shape[2] == 18
    assert testing.relative_difference(found, expected[:, :, :18]) <= testing.TOLERANCE


def test_head_averages_over_input_frames(video_peers):
    model = make_narrow(video_peers, "i3d_r50", window=12)
    clip = torch.randn(1, 3, 12, 32, 32)
    with torch.inference_mode():
        assert model.forward_dense(clip).shape == (1, 7, 1)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("num_classes", 0),
        ("window", 0),
        ("window", 9),
        ("image_size", 31),
        ("fill", "mirror"),
        ("dropout", -0.1),
        ("width", 0.0),
    ],
)
def test_options_out_of_range_are_named(option, value):
    with pytest.raises(ConfigError, match=rf"coi3d_r50: {option} must be .*got {value!r}"):
        create_model("coi3d_r50", **{option: value})


def test_wrong_crop_names_both():
    model = create_model("coslow_r50", num_classes=7, width=0.125)
    with pytest.raises(ShapeError, match=r"3, 256, 256.*3, 224, 224"):
        model.forward_step(torch.zeros(1, 3, 224, 224), model.init_state())


def test_projected_shortcuts_wait_where_fewer_numbers_are_kept():
    model = create_model("coi3d_r50", image_size=32)
    kept = {layer.name: layer.state_bytes for layer in model.summary().layers}
    assert kept["s2.res0.shortcut.wait"] == 64 * 8 * 8 * 4
    assert "s2.res0.shortcut_wait" not in kept
    assert kept["s4.res0.shortcut_wait"] == 1024 * 2 * 2 * 4
