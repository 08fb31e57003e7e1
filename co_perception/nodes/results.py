# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Skeletons, activities, events and the model's card between messages and our own types."""

from __future__ import annotations

import math
from array import array

import numpy as np
from geometry_msgs.msg import Point
from numpy.typing import NDArray
from std_msgs.msg import Header

from co_perception.engine.activity import Activity, ActivityEvent
from co_perception.engine.model_folder import ModelFolder
from co_perception.errors import ShapeError
from co_perception.msg import ActivityEvent as ActivityEventMsg
from co_perception.msg import ActivityScore as ActivityScoreMsg
from co_perception.msg import ModelInfo, PersonActivity, SkeletonArray
from co_perception.msg import Skeleton as SkeletonMsg
from co_perception.nodes.conversions import duration_message, time_message
from co_perception.skeleton.layouts import get_layout
from co_perception.skeleton.types import Skeleton, TrackState

__all__ = [
    "event_message",
    "model_message",
    "person_message",
    "skeleton_message",
    "skeletons_from_message",
]


def skeleton_message(skeleton: Skeleton) -> SkeletonMsg:
    """Return a skeleton as a message; the layout's name is for the SkeletonArray to say."""
    x_min, y_min, x_max, y_max = skeleton.box
    message = SkeletonMsg(
        body_id=skeleton.body_id,
        track_state=int(skeleton.track_state),
        confidence=float(skeleton.confidence),
        x_min=x_min,
        y_min=y_min,
        x_max=x_max,
        y_max=y_max,
    )
    message.image_points = _floats(skeleton.points)
    if skeleton.world is not None:
        message.world_points = _floats(skeleton.world)
    return message


def fill_skeletons(
    message: SkeletonArray,
    header: Header,
    image_size: tuple[int, int],
    skeletons: list[Skeleton],
) -> SkeletonArray:
    """Put one image's skeletons into a message and return it.

    Args:
        message: With everything that is not about the image.
        header: Of the source image.
        image_size: Width and height, pixels.
        skeletons: Everybody's, of one layout.
    """
    message.header = header
    message.image_width, message.image_height = image_size
    message.skeletons = [skeleton_message(skeleton) for skeleton in skeletons]
    return message


def skeletons_from_message(message: SkeletonArray) -> tuple[list[Skeleton], int]:
    """Return the skeletons of one image and the number of joints that had to be mended.

    A joint whose numbers are not all finite, in any other way than the agreed NaN NaN 0, is taken
    for missing.

    Raises:
        ConfigError: If the joint layout is not known.
        ShapeError: If an image size is zero, or a number of joints does not fit the layout.
    """
    joints = len(get_layout(message.joint_layout))
    size = (int(message.image_width), int(message.image_height))
    if min(size) <= 0:
        raise ShapeError(f"SkeletonArray: expected an image size above zero, got {size}.")
    skeletons, mended = [], 0
    for index, one in enumerate(message.skeletons):
        where = f"skeletons[{index}]"
        points, number = _mend(_joints(one.image_points, joints, f"{where}.image_points"))
        mended += number
        world = (
            _joints(one.world_points, joints, f"{where}.world_points")
            if one.world_points
            else None
        )
        skeletons.append(
            Skeleton(
                layout=message.joint_layout,
                points=points,
                image_size=size,
                confidence=one.confidence if math.isfinite(one.confidence) else 0.0,
                world=world,
                body_id=one.body_id,
                track_state=TrackState(min(one.track_state, TrackState.REMOVED)),
            )
        )
    return skeletons, mended


def person_message(activity: Activity, skeleton: Skeleton | None) -> PersonActivity:
    """Return what one person is doing, with the track that it rests on.

    Args:
        activity: Of the recogniser.
        skeleton: The same person's skeleton at this image; None for whole-image models.
    """
    message = PersonActivity(
        body_id=activity.stream_id,
        position=Point(),
        position_valid=False,
        pose_confidence=-1.0,
        validity=int(activity.validity),
        reason=int(activity.reason),
        warmup=float(activity.warmup),
        state_steps=activity.state_steps,
        evidence_start=time_message(activity.evidence_start_ns),
        evidence_end=time_message(activity.evidence_end_ns),
        label=activity.label,
        class_id=activity.class_id,
        confidence=float(activity.confidence),
        label_since=time_message(activity.label_since_ns),
        scores=[
            ActivityScoreMsg(class_id=s.class_id, label=s.label, score=float(s.score))
            for s in activity.scores
        ],
    )
    if skeleton is None:
        message.track_state, message.x_max, message.y_max = PersonActivity.TRACK_OK, 1.0, 1.0
        message.track_age = duration_message(activity.age_ns)
        return message
    message.track_state = int(skeleton.track_state)
    message.track_age = duration_message(skeleton.track_age_ns)
    message.x_min, message.y_min, message.x_max, message.y_max = skeleton.box
    message.pose_confidence = float(skeleton.confidence)
    return message


def event_message(event: ActivityEvent, frame_id: str, model_id: str) -> ActivityEventMsg:
    """Return an event with the stamp of the image at which it was decided."""
    return ActivityEventMsg(
        header=Header(stamp=time_message(event.stamp_ns), frame_id=frame_id),
        body_id=event.stream_id,
        type=int(event.type),
        label=event.label,
        class_id=event.class_id,
        model_id=model_id,
        confidence=float(event.confidence),
        duration=duration_message(event.duration_ns),
    )


def model_message(
    model: ModelFolder, header: Header, *, backend: str, device: str, precision: str
) -> ModelInfo:
    """Return the card of the model in use.

    Args:
        model: The model folder.
        header: When it was loaded.
        backend: What runs the step.
        device: Where.
        precision: Of the arithmetic.
    """
    return ModelInfo(
        header=header,
        model_id=model.model_id,
        architecture=model.architecture,
        weights_sha256=model.weights_sha256,
        license=model.license,
        device=device,
        precision=precision,
        backend=backend,
        labels=list(model.labels),
        joint_layout=model.joint_layout,
        joint_names=list(model.layout.joints) if model.joint_layout else [],
        expected_rate=float(model.expected_rate),
        receptive_field=model.receptive_field,
        delay=model.delay,
        enter_threshold=model.thresholds.enter,
        exit_threshold=model.thresholds.exit,
        min_hold=duration_message(round(model.thresholds.min_hold_sec * 1e9)),
    )


def _floats(values: NDArray[np.float32]) -> array[float]:
    """Flatten to array('f'), which rclpy takes as it is."""
    data = array("f")
    data.frombytes(np.ascontiguousarray(values, np.float32).tobytes())
    return data


def _joints(values: array[float], joints: int, where: str) -> NDArray[np.float32]:
    if len(values) != 3 * joints:
        raise ShapeError(
            f"SkeletonArray {where}: expected {3 * joints} numbers (x, y, visibility of "
            f"{joints} joints), got {len(values)}."
        )
    return np.array(values, dtype=np.float32).reshape(joints, 3)


def _mend(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    missing = ~np.isfinite(points).all(axis=1)
    agreed = missing & np.isnan(points[:, :2]).all(axis=1) & (points[:, 2] == 0.0)
    points[missing] = (np.nan, np.nan, 0.0)
    return points, int((missing & ~agreed).sum())
