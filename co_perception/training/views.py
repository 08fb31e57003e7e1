# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Random cameras around a 3-D motion.

The azimuths and elevations that judge (`motion.splits`) are left out for every source, so that no
training figure is seen from where the held-out figures are looked at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from co_perception.motion.splits import sample_band

__all__ = ["AZIMUTHS_DEG", "ELEVATIONS_DEG", "look_at_motions"]

FloatArray = NDArray[np.float32]

AZIMUTHS_DEG = ((0.0, 8.0), (22.0, 38.0), (52.0, 180.0))
"""To either side; 0: the person faces the camera."""
_FRONT_DEG = ((0.0, 8.0), (22.0, 38.0), (52.0, 70.0))
ELEVATIONS_DEG = ((-8.0, 4.5), (9.5, 25.0))
"""Above 0 the camera looks down."""
_FRONT_SHARE = 0.5
_ROLL_DEG = 4.0
_DISTANCE_M = (2.0, 7.0)


def _turn(angles: FloatArray, axis: int) -> FloatArray:
    """Rotation matrices (N, 3, 3) about a coordinate axis."""
    cos, sin = np.cos(angles), np.sin(angles)
    result = np.zeros((len(angles), 3, 3), np.float32)
    a, b = (axis + 1) % 3, (axis + 2) % 3
    result[:, axis, axis] = 1.0
    result[:, a, a], result[:, a, b] = cos, -sin
    result[:, b, a], result[:, b, b] = sin, cos
    return result


def _angles(
    rng: np.random.Generator, count: int, bands: tuple[tuple[float, float], ...]
) -> FloatArray:
    return np.deg2rad([sample_band(rng, bands) for _ in range(count)]).astype(np.float32)


def look_at_motions(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Project each motion through a camera of its own.

    Args:
        points: (N, T, 13, 3) metres, x right, y down, z away from a viewer whom the person faces.
        rng: Draws the cameras.

    Returns:
        (N, T, 13, 2) image plane, y down; about 1 per metre at the person's distance.
    """
    count = len(points)
    azimuth = _angles(rng, count, AZIMUTHS_DEG)
    front = rng.random(count) < _FRONT_SHARE
    azimuth[front] = _angles(rng, int(front.sum()), _FRONT_DEG)
    azimuth *= rng.choice([-1.0, 1.0], count).astype(np.float32)
    elevation = _angles(rng, count, ELEVATIONS_DEG)
    roll = np.deg2rad(rng.normal(0.0, _ROLL_DEG / 2, count)).astype(np.float32)
    rotation = _turn(roll, 2) @ _turn(elevation, 0) @ _turn(azimuth, 1)
    # Looked at: where the person is in the middle of the clip, so that they may cross the image.
    middle = points[:, points.shape[1] // 2].mean(axis=1)[:, None, None]
    turned = np.einsum("nij,ntvj->ntvi", rotation, points - middle)
    distance = rng.uniform(*_DISTANCE_M, count).astype(np.float32)[:, None, None]
    # Nobody walks through the camera.
    depth = np.maximum(turned[..., 2] + distance, 0.3 * distance)
    return np.asarray(turned[..., :2] * (distance / depth)[..., None], np.float32)
