# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a model is fed at every step: the section `input` of model.yaml.

    kind: skeleton   joint_layout, features, channels   frames (channels, joints)
    kind: video      height, width, short_side,         frames (3, height, width), RGB
                     mean, std
    kind: features   channels                           frames (channels,)

Skeletons of `features: as_trained` are prepared by whoever feeds the model, as its training did:
this package does not make that input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from co_perception.engine.model_yaml import Section, to_choice, to_number, to_whole
from co_perception.errors import ConfigError
from co_perception.skeleton.features import FEATURES, FeatureStream, feature_channels
from co_perception.skeleton.layouts import get_layout, list_layouts

__all__ = ["AS_TRAINED", "ModelInput", "choose_short_side", "parse_input"]

AS_TRAINED = "as_trained"
_SKELETON, _VIDEO, _FEATURES = "skeleton", "video", "features"
_RGB = 3
_SHORT_SIDE = (8, 7)
"""Short side that images are scaled to, over that of the crop: 182 for 160, 256 for 224, 356 for
312, rounded down, as the published video networks were trained."""
_MOST_PIXELS = 10_000


@dataclass(frozen=True)
class ModelInput:
    """One frame as the network takes it.

    Attributes:
        kind: "skeleton", "video" or "features".
        channels: Per joint, per pixel, or in all.
        joint_layout: Name of the joint layout; "" unless a skeleton.
        features: Name of the input that `skeleton.features` makes, or `AS_TRAINED`; "" unless a
            skeleton.
        height: Of a frame, pixels; 0 unless video.
        width: Of a frame, pixels; 0 unless video.
        short_side: That images are scaled to before the frame is cut out of their middle, pixels;
            0: the whole image is scaled to the frame, its sides apart.
        mean: Taken off each channel of RGB scaled to 0..1; () unless video.
        std: What the rest is divided by; () unless video.
    """

    kind: str
    channels: int
    joint_layout: str = ""
    features: str = ""
    height: int = 0
    width: int = 0
    short_side: int = 0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @property
    def step_shape(self) -> tuple[int, ...]:
        """Shape of a frame without the row axis."""
        if self.kind == _SKELETON:
            return self.channels, len(get_layout(self.joint_layout))
        if self.kind == _VIDEO:
            return self.channels, self.height, self.width
        return (self.channels,)

    def __str__(self) -> str:
        """Say in words what a frame is."""
        if self.kind == _SKELETON:
            return (
                f"{self.channels} channels, {self.step_shape[1]} joints of '{self.joint_layout}'"
            )
        if self.kind == _VIDEO:
            return f"RGB images of {self.height} x {self.width} pixels"
        return f"feature vectors of {self.channels}"

    @property
    def is_made_here(self) -> bool:
        """Whether the recogniser makes this input of the skeletons or images it is given."""
        return self.kind == _VIDEO or self.features in FEATURES

    def to_yaml(self) -> dict[str, Any]:
        """Return the section of model.yaml."""
        section: dict[str, Any] = {"kind": self.kind}
        if self.kind == _SKELETON:
            section |= {"joint_layout": self.joint_layout, "features": self.features}
        if self.kind == _VIDEO:
            section |= {"height": self.height, "width": self.width}
            section |= {"short_side": self.short_side}
            return section | {"mean": list(self.mean), "std": list(self.std)}
        return section | {"channels": self.channels}


def parse_input(section: Section) -> ModelInput:
    """Take all keys of the section.

    Raises:
        ConfigError: If a key is missing, unknown or wrong, or if keys contradict each other.
    """
    kind = section.take("kind", to_choice(_FEATURES, _SKELETON, _VIDEO))
    parse = {_SKELETON: _parse_skeleton, _VIDEO: _parse_video, _FEATURES: _parse_features}[kind]
    parsed = parse(section)
    section.finish()
    return parsed


def _parse_skeleton(section: Section) -> ModelInput:
    parsed = ModelInput(
        kind=_SKELETON,
        joint_layout=section.take("joint_layout", to_choice(*list_layouts())),
        features=section.take("features", to_choice(*FEATURES, AS_TRAINED)),
        channels=section.take("channels", to_whole(1, 10_000)),
    )
    if not parsed.is_made_here:
        return parsed
    channels = feature_channels(parsed.features)
    if parsed.channels != channels:
        expected = f"{channels}, as input.features '{parsed.features}' has"
        raise section.fail("channels", expected, parsed.channels)
    try:
        FeatureStream(parsed.joint_layout)
    except ConfigError as error:
        raise ConfigError(f"{section.file}: key 'input.joint_layout': {error}") from error
    return parsed


def choose_short_side(height: int, width: int) -> int:
    """Return the short side that images are scaled to for a frame, as the published networks."""
    times, over = _SHORT_SIDE
    return min(height, width) * times // over


def _parse_video(section: Section) -> ModelInput:
    height = section.take("height", to_whole(1, _MOST_PIXELS))
    width = section.take("width", to_whole(1, _MOST_PIXELS))
    short_side = section.take(
        "short_side", to_whole(0, _MOST_PIXELS), default=choose_short_side(height, width)
    )
    if 0 < short_side < max(height, width):
        expected = (
            f"0 (the whole image), or at least {max(height, width)}, the frame's longer side"
        )
        raise section.fail("short_side", expected, short_side)
    return ModelInput(
        kind=_VIDEO,
        channels=_RGB,
        height=height,
        width=width,
        short_side=short_side,
        mean=section.take("mean", lambda value: _to_channels(value, 0.0)),
        std=section.take("std", lambda value: _to_channels(value, 1e-6)),
    )


def _parse_features(section: Section) -> ModelInput:
    return ModelInput(kind=_FEATURES, channels=section.take("channels", to_whole(1, 1_000_000)))


def _to_channels(value: object, low: float) -> tuple[float, ...]:
    """Accept one number per channel of RGB."""
    if not isinstance(value, list) or len(value) != _RGB:
        raise ValueError(f"a list of {_RGB} numbers, for red, green and blue")
    convert = to_number(low, 1.0)
    return tuple(convert(number) for number in value)
