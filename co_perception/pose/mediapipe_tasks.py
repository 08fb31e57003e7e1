# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's Tasks API (mediapipe >= 1.0, also 0.10) as a pose detector.

Two landmarkers share the work. One runs in VIDEO mode: it follows the figures and searches the
whole image only when it has lost them. The other runs in IMAGE mode, for second looks. Both get
the landmark network without its mask (see `tflite_trim.py`).

VIDEO mode with one person smooths the landmarks by a One-Euro filter on the time stamps it is
given, with a lag that would come on top of our own smoothing. So it is not given the image's
stamps but a clock of our own with hours between two images: the filter's weight on the past then
is below 0.001. The same clock makes MediaPipe indifferent to stamps that repeat or go back, on
which it would raise.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import DependencyError, WeightsError
from co_perception.pose.bundle import read_without_mask
from co_perception.pose.raw import PoseDetector, RawPose
from co_perception.pose.rgb import RgbBuffer

__all__ = ["TasksDetector"]

_TICK_MS = 10_000_000
# A bystander may stand in the cut-out, and must not be all that is found there.
_LOOK_PEOPLE = 2


class TasksDetector(PoseDetector):
    """Pose landmarker of the Tasks API.

    Args:
        asset: Path of the `.task` bundle.
        max_people: Most people to follow, at least 1. With more than one, the whole image is
            searched until that many are found (14 ms more an image).
        min_confidence: For detection, presence and tracking, 0..1.

    Raises:
        DependencyError: If mediapipe, or a library it needs, is missing.
        WeightsError: If MediaPipe refuses the asset.
    """

    name = "mediapipe_tasks"

    def __init__(self, asset: Path, *, max_people: int, min_confidence: float) -> None:
        self._mp, self._vision, self._base = _import_mediapipe()
        self._ticks = 0
        self._rgb = RgbBuffer()
        self._follower: Any = None
        self._looker: Any = None
        bundle = read_without_mask(asset)
        try:
            self._follower = self._create(bundle, "VIDEO", max_people, min_confidence)
            people = max(max_people, _LOOK_PEOPLE)
            self._looker = self._create(bundle, "IMAGE", people, min_confidence)
        except (RuntimeError, ValueError, OSError) as error:
            self.close()
            raise WeightsError(f"pose asset: MediaPipe refuses '{asset}': {error}") from error

    def _create(self, bundle: bytes, mode: str, people: int, confidence: float) -> Any:
        options = self._vision.PoseLandmarkerOptions(
            base_options=self._base(model_asset_buffer=bundle),
            running_mode=getattr(self._vision.RunningMode, mode),
            num_poses=people,
            min_pose_detection_confidence=confidence,
            min_pose_presence_confidence=confidence,
            min_tracking_confidence=confidence,
        )
        return self._vision.PoseLandmarker.create_from_options(options)

    def follow(self, image_bgr: NDArray[np.uint8]) -> list[RawPose]:
        """Return the figures in the next image of the stream."""
        self._ticks += 1
        stamp_ms = self._ticks * _TICK_MS
        return _to_raw(self._follower.detect_for_video(self._wrap(image_bgr), stamp_ms))

    def look(self, image_bgr: NDArray[np.uint8]) -> list[RawPose]:
        """Return the figures in a single image."""
        return _to_raw(self._looker.detect(self._wrap(image_bgr)))

    def forget(self) -> None:
        """Show a black image: what is followed is lost, at a fiftieth of the cost of a new one."""
        self.follow(np.zeros((8, 8, 3), np.uint8))

    def close(self) -> None:
        """Free both landmarkers."""
        for landmarker in (self._follower, self._looker):
            if landmarker is not None:
                landmarker.close()
        self._follower = self._looker = None

    def _wrap(self, image_bgr: NDArray[np.uint8]) -> Any:
        rgb = self._rgb.convert(image_bgr)  # MediaPipe copies it
        return self._mp.Image(image_format=self._mp.ImageFormat.SRGB, data=rgb)


def _import_mediapipe() -> tuple[Any, Any, Any]:
    # Its log lines (one per network and start) say nothing a user could act on.
    os.environ.setdefault("GLOG_minloglevel", "2")
    try:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision
    except (ImportError, OSError) as error:
        raise DependencyError(
            f"pose estimator: mediapipe cannot be loaded ({error}); install it with "
            "`pip install mediapipe`, and where it names libEGL or libGLESv2 "
            "`apt install libegl1 libgles2`"
        ) from error
    return mediapipe, vision, BaseOptions


def _to_raw(result: Any) -> list[RawPose]:
    return [
        _to_pose(points, world)
        for points, world in zip(result.pose_landmarks, result.pose_world_landmarks, strict=True)
    ]


def _to_pose(points: Any, world: Any) -> RawPose:
    image = np.array([(p.x, p.y, p.visibility, p.presence) for p in points], np.float32)
    return RawPose(
        points=image[:, :2],
        visibility=image[:, 2],
        presence=image[:, 3],
        world=np.array([(p.x, p.y, p.z) for p in world], np.float32),
    )
