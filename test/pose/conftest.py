# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A standing figure in the layout "mediapipe33", for tests that need no network."""

from collections.abc import Callable

import numpy as np
import pytest

from co_perception.pose.raw import RawPose

IMAGE_SIZE = (640, 480)
PersonMaker = Callable[..., RawPose]

# Metres from the hip centre, x to the image's right, y down; left joints have positive x because
# the person faces the camera.
_HALF = {
    11: (0.18, -0.50),
    13: (0.22, -0.22),
    15: (0.24, 0.02),
    17: (0.26, 0.08),
    19: (0.25, 0.09),
    21: (0.23, 0.06),
    23: (0.11, 0.0),
    25: (0.12, 0.42),
    27: (0.13, 0.84),
    29: (0.13, 0.88),
    31: (0.15, 0.90),
    1: (0.02, -0.78),
    2: (0.03, -0.78),
    3: (0.04, -0.78),
    7: (0.08, -0.76),
    9: (0.02, -0.70),
}
_RIGHT = {1: 4, 2: 5, 3: 6, 7: 8, 9: 10}


@pytest.fixture(name="make_person")
def _make_person() -> PersonMaker:
    """Maker of people: keywords middle, height, visibility."""
    return _create_person


def _create_person(
    *, middle: tuple[float, float] = (0.5, 0.5), height: float = 0.8, visibility: float = 0.9
) -> RawPose:
    """Return a person whose hips are at `middle` and whose size is `height` x image height."""
    world = np.zeros((33, 3), np.float32)
    world[0] = (0.0, -0.74, -0.1)
    for left, (x, y) in _HALF.items():
        world[left, :2] = (x, y)
        world[_RIGHT.get(left, left + 1), :2] = (-x, y)
    pixels_per_metre = height * IMAGE_SIZE[1] / 1.68
    points = np.asarray(middle) + world[:, :2] * pixels_per_metre / np.asarray(IMAGE_SIZE)
    seen = np.full(33, visibility, np.float32)
    return RawPose(points.astype(np.float32), seen, seen.copy(), world)
