# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""CoX3D: the published sizes and timing, and steps that equal the clip."""

import pytest
import torch

from co_perception.errors import ConfigError, ShapeError, StreamError
from co_perception.models import create_model

TOLERANCE = 1e-5
# Parameters, receptive field and delay as measured on the authors' implementation.
PUBLISHED = {
    "xs": (3_794_322, 60, 31),
    "s": (3_794_322, 69, 40),
    "m": (3_794_322, 72, 43),
    "l": (6_153_432, 130, 72),
}


def randomise_statistics(model: torch.nn.Module) -> None:
    """Give batch norms statistics that would show a wrong order of layers."""
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0.0, 0.1)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)


@pytest.mark.parametrize("prefix", ["cox3d", "x3d"])
@pytest.mark.parametrize("size", sorted(PUBLISHED))
def test_sizes_are_the_published_ones(prefix, size):
    model = create_model(f"{prefix}_{size}")
    parameters = sum(p.numel() for p in model.parameters())
    assert (parameters, model.spec.receptive_field, model.spec.delay) == PUBLISHED[size]


def test_window_of_64_has_the_published_timing():
    spec = create_model("cox3d_m", window=64).spec
    assert (spec.receptive_field, spec.delay) == (120, 91)


def test_steps_equal_the_clip_from_the_first_valid_frame():
    torch.manual_seed(0)
    model = create_model("cox3d_xs", num_classes=7, image_size=64).eval()
    randomise_statistics(model)
    clip = torch.randn(2, 3, 36, 64, 64)
    with torch.inference_mode():
        dense = model.forward_dense(clip)
        steps, valid, _ = model.forward_steps(clip, model.init_state(batch_size=2))
    delay = model.spec.delay
    assert not valid[:, :delay].any() and valid[:, delay:].all()
    reference = dense[:, :, : 36 - delay]
    difference = (steps[:, :, delay:] - reference).abs().max()
    assert difference <= TOLERANCE * reference.abs().max()


def test_clip_scope_is_another_function_and_refuses_steps():
    torch.manual_seed(0)
    clip_model = create_model("x3d_xs", num_classes=7, image_size=32).eval()
    with torch.no_grad():  # random gates all stand near one half: make them matter
        for name, weight in clip_model.named_parameters():
            weight.mul_(50.0 if ".se.fc" in name else 1.0)
    frame_model = create_model("x3d_xs", num_classes=7, image_size=32, se_scope="frame").eval()
    frame_model.load_state_dict(clip_model.state_dict())
    clip = torch.randn(1, 3, 4, 32, 32) * torch.tensor([0.1, 5.0, 0.1, 5.0]).reshape(4, 1, 1)
    with torch.inference_mode():
        of_clip, of_frames = clip_model(clip), frame_model(clip)
        assert (of_clip - of_frames).abs().max() > 100 * TOLERANCE * of_clip.abs().max()
        with pytest.raises(StreamError, match="se_scope='frame'"):
            clip_model.forward_step(clip[:, :, 0], clip_model.init_state())


def test_wrong_crop_names_both():
    model = create_model("cox3d_xs", num_classes=7)
    with pytest.raises(ShapeError, match=r"3, 160, 160.*3, 64, 64"):
        model.forward_step(torch.zeros(1, 3, 64, 64), model.init_state())


@pytest.mark.parametrize(
    ("option", "value"),
    [("num_classes", 0), ("window", 0), ("image_size", 16), ("se_scope", "row"), ("dropout", 1.0)],
)
def test_options_out_of_range_are_named(option, value):
    with pytest.raises(ConfigError, match=option):
        create_model("cox3d_s", **{option: value})
