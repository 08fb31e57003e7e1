# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A pinhole camera that looks at the origin of the motions' world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from co_perception.motion.curves import FloatArray
from co_perception.motion.splits import (
    AZIMUTH_BANDS_DEG,
    ELEVATION_BANDS_DEG,
    create_rng,
    sample_band,
)

__all__ = ["View", "look_at_origin", "project", "sample_view"]

_STAGE_WIDTH_M = 2.9
_STAGE_HEADROOM = 1.40


@dataclass(frozen=True)
class View:
    """A pinhole camera.

    Attributes:
        width, height: Image size, pixels.
        focal_px: Focal length; pixels are square.
        center_px: Principal point x, y.
        position: (3,) metres in the world.
        axes: (3, 3) rows are the image's right, the image's down and the looking direction.
    """

    width: int
    height: int
    focal_px: float
    center_px: tuple[float, float]
    position: FloatArray
    axes: FloatArray

    def depth(self, points: FloatArray) -> FloatArray:
        """Return distances (...,) along the looking direction, metres."""
        return np.asarray((points - self.position) @ self.axes[2])


def project(points: FloatArray, view: View) -> FloatArray:
    """Project world points (..., 3) to pixels (..., 2); points behind the camera give NaN."""
    local = (np.asarray(points, np.float64) - view.position) @ view.axes.T
    depth = np.where(local[..., 2:] > 0.05, local[..., 2:], np.nan)
    return np.asarray(view.focal_px * local[..., :2] / depth + np.asarray(view.center_px))


def look_at_origin(
    *,
    width: int,
    height: int,
    azimuth_deg: float,
    elevation_deg: float,
    distance: float,
    focal_px: float,
    target_height: float,
    roll_deg: float = 0.0,
) -> View:
    """Place a camera around the origin.

    Args:
        width: Image width, pixels.
        height: Image height, pixels.
        azimuth_deg: 0 looks at the face of a person that faces forward; positive from its left.
        elevation_deg: Height of the camera above the target, as an angle.
        distance: Metres from the target.
        focal_px: Focal length, pixels.
        target_height: Height of the looked-at point above the floor, metres.
        roll_deg: Rotation about the looking direction; positive turns the image's content
            counter-clockwise.
    """
    azimuth, elevation, roll = np.radians([azimuth_deg, elevation_deg, roll_deg])
    target = np.array([0.0, target_height, 0.0])
    away = np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            np.sin(elevation),
            np.cos(azimuth) * np.cos(elevation),
        ]
    )
    ahead = -away
    right = np.cross(ahead, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    down = np.cross(ahead, right)
    c, s = np.cos(roll), np.sin(roll)
    axes = np.stack([c * right + s * down, c * down - s * right, ahead])
    return View(
        width, height, focal_px, (0.5 * width, 0.5 * height), target + distance * away, axes
    )


def sample_view(
    seed: int, split: str, *, width: int, height: int, stature: float = 1.75, front: bool = False
) -> View:
    """Draw a camera of a split's azimuths and elevations that holds the whole stage.

    Args:
        seed: Equal seeds give equal views.
        split: "train" or "judge".
        width: Image width, pixels.
        height: Image height, pixels.
        stature: Height of the person, metres.
        front: True to draw only from the azimuths below 60 degrees.
    """
    rng = create_rng(split, seed, "view")
    bands = AZIMUTH_BANDS_DEG[split]
    if front:
        bands = tuple((low, min(high, 60.0)) for low, high in bands if low < 60.0)
    azimuth = sample_band(rng, bands) * rng.choice([-1.0, 1.0])
    focal = rng.uniform(0.8, 1.15) * max(width, height)
    tall, wide = _STAGE_HEADROOM * stature, _STAGE_WIDTH_M * stature / 1.75
    distance = max(focal * tall / height, focal * wide / width) * rng.uniform(1.0, 1.2)
    return look_at_origin(
        width=width,
        height=height,
        azimuth_deg=float(azimuth),
        elevation_deg=sample_band(rng, ELEVATION_BANDS_DEG[split]),
        distance=float(distance),
        focal_px=float(focal),
        target_height=0.58 * stature,
        roll_deg=float(rng.normal(0.0, 1.0)) if split == "train" else 0.0,
    )
