# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Rules that a single figure must satisfy before it may count as a person.

Pose networks always draw a whole body into whatever the detector proposes, be it a table leg.
Each rule is named, says why it exists, and stays far on the safe side of real people; the
decisive test, a second look, is in `second_look.py`. How the numbers were found: docs/pose.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from co_perception.pose.raw import RawPose

__all__ = ["GateConfig", "RULES", "compute_extent", "find_fault", "in_view"]

_HEAD = slice(0, 11)
_SHOULDERS = [11, 12]
_HIPS = [23, 24]
_LEAST_POINTS = 4  # fewer visible points do not outline anything


@dataclass(frozen=True)
class GateConfig:
    """Thresholds of the gates.

    Attributes:
        min_visibility: A landmark counts as seen from this visibility on, 0..1.
        min_extent: Least size of the seen part of a figure, share of the image's longer side.
            MediaPipe's detector works on 224 x 224 pixels of the whole image and stops finding
            people at shares of 0.14 to 0.20; smaller "people" are textures.
        min_extent_px: The same in pixels: below it there is nothing to see.
        trunk_m: Allowed distance of shoulder and hip centre in 3-D, metres. 0.40 to 0.60 in
            adults; wide enough for children and for the network's own error.
        look_tolerance: Largest mean distance between two looks, share of the extent.
        look_interval_sec: A person is looked at anew after this time.
        retry_interval_sec: A refused figure is looked at anew after this time, then after twice
            as much, up to look_interval_sec.
        doubt_sec: A person is dropped when all looks have failed for so long. People bend, turn
            and cross: while they do, a look may fail.
        jump: A figure that moves by more than this share of its extent between two images, or
            changes its extent by more than 1 + 2 x this factor, is looked at anew.
    """

    min_visibility: float = 0.5
    min_extent: float = 0.10
    min_extent_px: float = 32.0
    trunk_m: tuple[float, float] = (0.25, 0.75)
    look_tolerance: float = 0.15
    look_interval_sec: float = 0.5
    retry_interval_sec: float = 0.05
    doubt_sec: float = 1.0
    jump: float = 0.5


Rule = Callable[[RawPose, tuple[int, int], GateConfig], bool]


def in_view(pose: RawPose, config: GateConfig) -> NDArray[np.bool_]:
    """Return (33,) bool: which landmarks are seen and lie inside the image."""
    inside = ((pose.points >= 0.0) & (pose.points <= 1.0)).all(axis=1)
    seen: NDArray[np.bool_] = inside & (pose.visibility >= config.min_visibility)
    return seen


def compute_extent(pose: RawPose, image_size: tuple[int, int], config: GateConfig) -> float:
    """Return the longer side of the box around the landmarks in view, pixels; 0 without any."""
    seen = in_view(pose, config)
    if seen.sum() < _LEAST_POINTS:
        return 0.0
    return float(np.ptp(pose.points[seen] * np.asarray(image_size), axis=0).max())


def _is_finite(pose: RawPose, image_size: tuple[int, int], config: GateConfig) -> bool:
    values = (pose.points, pose.visibility, pose.presence, pose.world)
    return all(bool(np.isfinite(value).all()) for value in values)


def _is_visible(pose: RawPose, image_size: tuple[int, int], config: GateConfig) -> bool:
    """Both shoulders, and the head or both hips: upper bodies pass, a lone pair of legs not."""
    shoulders = pose.visibility[_SHOULDERS].min()
    rest = max(pose.visibility[_HEAD].mean(), pose.visibility[_HIPS].min())
    return bool(min(shoulders, rest) >= config.min_visibility)


def _is_in_image(pose: RawPose, image_size: tuple[int, int], config: GateConfig) -> bool:
    """The chest is in the image: a body outside of it would be guessed as a whole."""
    chest = pose.points[_SHOULDERS].mean(axis=0)
    return bool((chest >= 0.0).all() and (chest <= 1.0).all())


def _is_large_enough(pose: RawPose, image_size: tuple[int, int], config: GateConfig) -> bool:
    extent = compute_extent(pose, image_size, config)
    return extent >= max(config.min_extent * max(image_size), config.min_extent_px)


def _has_a_trunk(pose: RawPose, image_size: tuple[int, int], config: GateConfig) -> bool:
    """In 3-D, so that bending towards the camera, which shortens it in the image, is no fault."""
    trunk = pose.world[_SHOULDERS].mean(axis=0) - pose.world[_HIPS].mean(axis=0)
    shortest, longest = config.trunk_m
    return shortest <= float(np.linalg.norm(trunk)) <= longest


RULES: dict[str, Rule] = {
    "not finite": _is_finite,
    "not visible": _is_visible,
    "outside the image": _is_in_image,
    "too small": _is_large_enough,
    "no human trunk": _has_a_trunk,
}


def find_fault(pose: RawPose, image_size: tuple[int, int], config: GateConfig) -> str | None:
    """Return the name of the first rule that `pose` breaks; None if it breaks none.

    Args:
        pose: The figure.
        image_size: Width and height in pixels.
        config: Thresholds.
    """
    for name, holds in RULES.items():
        if not holds(pose, image_size, config):
            return name
    return None
