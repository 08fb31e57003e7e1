# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From a skeleton as it comes to the features that are fed, or the reason why there are none."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.activity import Reason
from co_perception.engine.clock import SECOND_NS
from co_perception.engine.resample import Pose
from co_perception.engine.sample import Feeder, Intake
from co_perception.errors import ShapeError
from co_perception.skeleton.convert import to_layout
from co_perception.skeleton.features import FeatureStream
from co_perception.skeleton.layouts import get_layout
from co_perception.skeleton.types import Skeleton, TrackState

__all__ = ["POSITION_LIMIT", "SkeletonIntake", "to_pose"]

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
        ShapeError: If it is no skeleton, its points do not fit its layout, or its image has no
            size.
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


class SkeletonIntake(Intake):
    """Skeletons in any known layout, as `skeleton.features` prepares them.

    Args:
        layout: The layout that the model is fed.
        rate: Frames per second that the model is fed, Hz.
        min_joints: Fewer visible joints of it than this are no pose.
        min_visibility: A joint less visible than this does not count as visible.
    """

    def __init__(
        self, layout: str, *, rate: float, min_joints: int, min_visibility: float
    ) -> None:
        self._layout, self._rate = layout, rate
        self._min_joints, self._min_visibility = min_joints, min_visibility

    def to_sample(self, item: Skeleton | None, stamp_ns: int) -> Pose | Reason:
        """Return `to_pose` of a skeleton."""
        return to_pose(
            item,
            stamp_ns,
            layout=self._layout,
            min_joints=self._min_joints,
            min_visibility=self._min_visibility,
        )

    def make_feeder(self) -> Feeder:
        """Return a feeder of poses."""
        return _PoseFeeder(self._layout, self._rate)


class _PoseFeeder(Feeder):
    """Makes the features of poses, velocities from the one before."""

    def __init__(self, layout: str, rate: float) -> None:
        self._features, self._rate = FeatureStream(layout), rate
        self._fed_ns: int | None = None

    def step(self, sample: Pose) -> NDArray[np.float32]:
        """Return the frame (C, V)."""
        if self._fed_ns is None:  # no frame to measure a velocity from: any time will do
            dt_sec = 1.0 / self._rate
        else:
            dt_sec = (sample.stamp_ns - self._fed_ns) / SECOND_NS
        self._fed_ns = sample.stamp_ns
        # Only the ratio of the image's sides matters: a camera may change its resolution.
        return self._features.step(sample.points, (sample.aspect, 1.0), dt_sec)

    def reset(self) -> None:
        self._features.reset()
        self._fed_ns = None


def _check(skeleton: Skeleton, layout: str) -> None:
    if not isinstance(skeleton, Skeleton):
        raise ShapeError(
            f"Recogniser: expected a Skeleton, got a {type(skeleton).__name__}: this model takes "
            f"skeletons of layout '{layout}'; images go to a model of input kind 'video'."
        )
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
