# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""One JSON object per processed image, with the fields of ActivityArray.msg."""

from __future__ import annotations

import time
from typing import Any

from co_perception.engine.activity import Activity
from co_perception.pipeline import PipelineResult
from co_perception.skeleton.types import Skeleton, TrackState

__all__ = ["activity_array"]

_DIGITS = 4


def activity_array(
    result: PipelineResult,
    *,
    sequence: int,
    dropped_images: int,
    step_rate: float,
    model_id: str,
    live: bool,
    frame_id: str = "camera_optical_frame",
) -> dict[str, Any]:
    """Return the message that the nodes would publish for this image.

    Args:
        result: Of the pipeline.
        sequence: Number of the processed image.
        dropped_images: Images not processed since the previous one.
        step_rate: Measured model steps per second.
        model_id: Of the model folder.
        live: Stamps are system time. Otherwise they are media time, and the latency is the time
            that the pipeline took.
        frame_id: Frame of the header.
    """
    frame = result.frame
    compute_ns = round(sum(result.timings.values()) * 1e9)
    latency_ns = max(0, time.time_ns() - frame.stamp_ns) if live else compute_ns
    people = {skeleton.body_id: skeleton for skeleton in result.skeletons}
    return {
        "header": {"stamp": _time(frame.stamp_ns), "frame_id": frame_id},
        "sequence": sequence,
        "image_width": frame.image.shape[1],
        "image_height": frame.image.shape[0],
        "dropped_images": dropped_images,
        "latency": _time(latency_ns),
        "compute": _time(compute_ns),
        "step_rate": round(step_rate, _DIGITS),
        "model_id": model_id,
        "persons": [_person(answer, people.get(answer.stream_id)) for answer in result.activities],
    }


def _track(skeleton: Skeleton | None, age_ns: int) -> dict[str, Any]:
    """Return where and how surely somebody was seen; None stands for the whole image."""
    box = (0.0, 0.0, 1.0, 1.0) if skeleton is None else skeleton.box
    sides = dict(zip(("x_min", "y_min", "x_max", "y_max"), (round(s, _DIGITS) for s in box)))
    return {
        "track_state": int(TrackState.OK if skeleton is None else skeleton.track_state),
        "track_age": _time(age_ns if skeleton is None else skeleton.track_age_ns),
        **sides,
        "position": {"x": 0.0, "y": 0.0, "z": 0.0},
        "position_valid": False,
        "pose_confidence": -1.0
        if skeleton is None
        else round(float(skeleton.confidence), _DIGITS),
    }


def _person(activity: Activity, skeleton: Skeleton | None) -> dict[str, Any]:
    return {
        "body_id": activity.stream_id,
        **_track(skeleton, activity.age_ns),
        "validity": int(activity.validity),
        "reason": int(activity.reason),
        "warmup": round(activity.warmup, _DIGITS),
        "state_steps": activity.state_steps,
        "evidence_start": _time(activity.evidence_start_ns),
        "evidence_end": _time(activity.evidence_end_ns),
        "label": activity.label,
        "class_id": activity.class_id,
        "confidence": round(activity.confidence, _DIGITS),
        "label_since": _time(activity.label_since_ns),
        "scores": [
            {"class_id": s.class_id, "label": s.label, "score": round(s.score, _DIGITS)}
            for s in activity.scores
        ],
    }


def _time(stamp_ns: int) -> dict[str, int]:
    sec, nanosec = divmod(int(stamp_ns), 1_000_000_000)
    return {"sec": sec, "nanosec": nanosec}
