# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The skeleton of one person in one image, as every layer above passes it on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Skeleton", "TrackState"]

Box = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max in shares of the image's width and height, 0..1."""


class TrackState(IntEnum):
    """Life of a tracked person; the values are those of PersonActivity.msg."""

    NEW = 0
    OK = 1
    LOST = 2
    REMOVED = 3


@dataclass(frozen=True)
class Skeleton:
    """One person's joints in one image.

    Attributes:
        layout: Name of the joint layout (see `co_perception.skeleton.layouts`).
        points: (J, 3) float32: x and y in shares of image width and height (may leave 0..1 when a
            joint is outside the view), visibility 0..1. A missing joint is (NaN, NaN, 0).
        image_size: Width and height of the image in pixels: needed to undo its aspect ratio.
        confidence: How sure the estimator is that this is a person, 0..1.
        world: (J, 3) float32 metres, hip-centred, camera axes; None where unknown.
        body_id: Track id; "" before tracking.
        track_state: Life of the track.
        track_age_ns: Image time since the track began, nanoseconds.
    """

    layout: str
    points: NDArray[np.float32]
    image_size: tuple[int, int]
    confidence: float
    world: NDArray[np.float32] | None = None
    body_id: str = ""
    track_state: TrackState = TrackState.NEW
    track_age_ns: int = 0

    @property
    def points_px(self) -> NDArray[np.float32]:
        """(J, 2) joint positions in pixels; NaN where missing."""
        return self.points[:, :2] * np.asarray(self.image_size, np.float32)

    @property
    def box(self) -> Box:
        """Tight box around the known joints, clipped to the image; zeros when there is none."""
        known = np.isfinite(self.points[:, 0]) & np.isfinite(self.points[:, 1])
        if not known.any():
            return (0.0, 0.0, 0.0, 0.0)
        xy = np.clip(self.points[known, :2], 0.0, 1.0)
        (x_min, y_min), (x_max, y_max) = xy.min(axis=0), xy.max(axis=0)
        return (float(x_min), float(y_min), float(x_max), float(y_max))
