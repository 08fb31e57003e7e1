# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From a skeleton as it comes to a pose that may be fed, or the reason why there is none."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.activity import Reason
from co_perception.engine.resample import Pose
from co_perception.errors import ShapeError
from co_perception.skeleton.convert import to_layout
from co_perception.skeleton.layouts import get_layout
from co_perception.skeleton.types import Skeleton, TrackState

__all__ = ["POSITION_LIMIT", "to_pose"]

POSITION_LIMIT = 100.0
"""A joint farther than this from the image, in image widths, is an estimator's slip: missing."""


def to_pose(
    skeleton: Skeleton | None,
    stamp_ns: int,
    *,
    layout: str,
    min_joints: int,
    min_visibility: float,
) -> Pose | Reason:
    """Return a skeleton's joints in the model's layout, or why they cannot be used.

    Joints that are NaN or infinite are missing, whatever their visibility.

    Args:
        skeleton: The person in this image; None: no pose was found.
        stamp_ns: Stamp of the image.
        layout: The layout that the model is fed.
        min_joints: Fewer visible joints of it than this are no pose.
        min_visibility: A joint less visible than this does not count as visible.

    Raises:
        ConfigError: If the skeleton's layout is unknown.
        ShapeError: If the skeleton's points do not fit its layout, or its image has no size.
    """
    if skeleton is None:
        return Reason.NO_POSE
    _check(skeleton, layout)
    if skeleton.track_state in (TrackState.LOST, TrackState.REMOVED):
        return Reason.LOST  # the joints are a repetition of the last ones that were seen
    points = to_layout(_clean(skeleton.points), skeleton.layout, layout, has_visibility=True)
    visible = points[:, 2] >= max(min_visibility, 1e-6)
    if not visible.any():
        return Reason.NO_POSE
    if visible.sum() < min_joints or not visible[_trunk(layout)].any():
        return Reason.FEW_JOINTS
    width, height = skeleton.image_size
    return Pose(stamp_ns, points, width / height)


def _check(skeleton: Skeleton, layout: str) -> None:
    expected = len(get_layout(skeleton.layout))
    points, (width, height) = skeleton.points, skeleton.image_size
    if points.shape != (expected, 3):
        raise ShapeError(
            f"Skeleton of layout '{skeleton.layout}': expected points ({expected}, 3), got "
            f"{points.shape}; the model is fed layout '{layout}'. Name the layout that the points "
            "are in."
        )
    if not (width > 0 and height > 0):
        raise ShapeError(
            f"Skeleton: expected an image size above 0, got {width} x {height}; it is needed to "
            "undo the image's aspect ratio."
        )


@cache
def _trunk(layout: str) -> list[int]:
    """Indices of shoulders and hips: without one of them there is nothing to place a body by."""
    names = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
    return [get_layout(layout).index(name) for name in names]


def _clean(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return points in which every number is finite or the joint is (NaN, NaN, 0)."""
    points = np.array(points, np.float32)
    with np.errstate(invalid="ignore"):
        known = (np.abs(points[:, :2]) <= POSITION_LIMIT).all(axis=1) & np.isfinite(points[:, 2])
    points[~known] = (np.nan, np.nan, 0.0)
    points[:, 2] = points[:, 2].clip(0.0, 1.0)
    return points
