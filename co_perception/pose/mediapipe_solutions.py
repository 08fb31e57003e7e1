# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's older interface `mp.solutions` (mediapipe < 0.10.30) as a pose detector.

For machines where only an old mediapipe is installed. One person; the networks are those inside
the mediapipe wheel, so no asset is needed.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import DependencyError
from co_perception.pose.raw import PoseDetector, RawPose
from co_perception.pose.rgb import RgbBuffer

__all__ = ["SolutionsDetector"]

_COMPLEXITY = 1  # "full": the only one inside the wheel; 0 and 2 would be downloaded


class SolutionsDetector(PoseDetector):
    """The pose solution: one instance that follows, one for single images.

    Args:
        min_confidence: For detection and tracking, 0..1.

    Raises:
        DependencyError: If mediapipe is missing or too new.
    """

    name = "mediapipe_solutions"

    def __init__(self, *, min_confidence: float) -> None:
        self._confidence = min_confidence
        self._pose = _import_solution()
        self._rgb = RgbBuffer()
        self._follower: Any = self._create(static=False)
        self._looker: Any = self._create(static=True)

    def _create(self, *, static: bool) -> Any:
        # Its smoothing takes the time of the call for the time of the image: off.
        return self._pose.Pose(
            static_image_mode=static,
            model_complexity=_COMPLEXITY,
            smooth_landmarks=False,
            min_detection_confidence=self._confidence,
            min_tracking_confidence=self._confidence,
        )

    def follow(self, image_bgr: NDArray[np.uint8]) -> list[RawPose]:
        """Return the figure in the next image of the stream."""
        return _to_raw(self._follower.process(self._rgb.convert(image_bgr)))

    def look(self, image_bgr: NDArray[np.uint8]) -> list[RawPose]:
        """Return the figure in a single image."""
        return _to_raw(self._looker.process(self._rgb.convert(image_bgr)))

    def forget(self) -> None:
        """Show a black image: what is followed is lost."""
        self.follow(np.zeros((8, 8, 3), np.uint8))

    def close(self) -> None:
        """Free both instances."""
        for solution in (self._follower, self._looker):
            if solution is not None:
                solution.close()
        self._follower = self._looker = None


def _import_solution() -> Any:
    os.environ.setdefault("GLOG_minloglevel", "2")
    try:
        from mediapipe.python.solutions import pose
    except (ImportError, OSError) as error:
        raise DependencyError(
            f"pose estimator: mp.solutions cannot be loaded ({error}); it ended with mediapipe "
            "0.10.21: use backend 'tasks', or `pip install 'mediapipe<0.10.30'`"
        ) from error
    return pose


def _to_raw(result: Any) -> list[RawPose]:
    if result.pose_landmarks is None or result.pose_world_landmarks is None:
        return []
    points = result.pose_landmarks.landmark
    world = result.pose_world_landmarks.landmark
    image = np.array([(p.x, p.y, p.visibility) for p in points], np.float32)
    return [
        RawPose(
            points=image[:, :2],
            visibility=image[:, 2],
            presence=image[:, 2],  # this interface reports no presence of its own
            world=np.array([(p.x, p.y, p.z) for p in world], np.float32),
        )
    ]
