# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Images to people with ids: the first stage of the pipeline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ShapeError
from co_perception.pipeline_config import PoseConfig
from co_perception.skeleton.types import Skeleton, TrackState

__all__ = ["PoseStage"]

_STRAGGLER_NS = 50_000_000
"""An image older than the newest one by at most this came out of order; an older one is a jump."""


class PoseStage:
    """Images to tracked, smoothed skeletons: estimator, tracker, smoother. One thread owns it.

    `process` looks at every image it is given, `look` at as many as `pose_rate` says.
    """

    def __init__(self, config: PoseConfig | None = None) -> None:
        """Load the estimator.

        Raises:
            WeightsError: If its model is missing or damaged.
            DependencyError: If its library is not installed.
        """
        from co_perception.pose import create_estimator
        from co_perception.pose.pace import LookPace
        from co_perception.skeleton.smoothing import OneEuroConfig, SkeletonSmoother
        from co_perception.skeleton.tracking import PersonTracker, TrackerConfig

        config = config or PoseConfig()
        self.config = config
        self._estimator = create_estimator(
            config.estimator,
            max_people=config.max_people,
            model_path=config.pose_model_path or None,
            min_confidence=config.min_confidence,
            backend=config.pose_backend,
        )
        self._tracker = PersonTracker(TrackerConfig(grace_sec=config.grace_sec))
        smoothing = OneEuroConfig(min_cutoff_hz=config.min_cutoff_hz, beta=config.beta)
        self._smoother = SkeletonSmoother(smoothing) if config.smooth else None
        self._pace = LookPace(config.pose_rate)
        self._size: tuple[int, int] | None = None
        self._stamp_ns: int | None = None
        self._people: list[Skeleton] = []
        self._gone: list[Skeleton] = []

    @property
    def name(self) -> str:
        """Name of the estimator and its interface."""
        return self._estimator.name

    @property
    def layout(self) -> str:
        """Joint layout of the skeletons."""
        return self._estimator.layout

    def is_due(self, size: tuple[int, int], stamp_ns: int) -> bool:
        """Whether an image is to be looked at: all are, unless `pose_rate` is below their rate.

        Args:
            size: Width and height, pixels: another one is looked at in any case.
            stamp_ns: The image's time.
        """
        changed = self._size not in (None, size) or self._jumped_back(stamp_ns)
        return changed or self._pace.is_due(stamp_ns)

    def look(self, image: NDArray[np.uint8], stamp_ns: int) -> tuple[list[Skeleton], bool]:
        """Return the people of one image, and whether it was looked at (`process` or `hold`)."""
        if self.is_due((image.shape[1], image.shape[0]), stamp_ns):
            return self.process(image, stamp_ns), True
        return self.hold(stamp_ns), False

    def hold(self, stamp_ns: int) -> list[Skeleton]:
        """Return the people known, where they were last seen, for an image not looked at."""
        last_ns = stamp_ns if self._stamp_ns is None else self._stamp_ns
        since_ns = max(stamp_ns - last_ns, 0)
        return [
            replace(
                skeleton,
                track_age_ns=skeleton.track_age_ns + since_ns,
                track_state=TrackState(max(skeleton.track_state, TrackState.OK)),
            )
            for skeleton in self._people
        ]

    def process(self, image: NDArray[np.uint8], stamp_ns: int) -> list[Skeleton]:
        """Find the people of one image.

        A stamp far back starts everything anew, one a little back (an image out of order) counts
        as the newest. An image of another size starts the tracks anew: distances in pixels
        between the two mean nothing.

        Args:
            image: (H, W, 3) uint8, BGR.
            stamp_ns: Its time.

        Returns:
            Everybody with id and track state, as `PersonTracker.update` lists them: people seen
            first, then those LOST within the grace time, then those REMOVED at this image.

        Raises:
            ShapeError: If the image has another shape or type.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ShapeError(
                f"Pose stage: expected a BGR image (H, W, 3) of uint8, got shape {image.shape} "
                f"of {image.dtype}; see co_perception.camera.encodings."
            )
        size = (image.shape[1], image.shape[0])
        if self._size not in (None, size) or self._jumped_back(stamp_ns):
            self.reset()
        self._size = size
        stamp_ns = max(stamp_ns, self._stamp_ns or stamp_ns)
        self._stamp_ns = stamp_ns
        self._pace.looked(stamp_ns)
        tracked = self._tracker.update(self._estimator.estimate(image, stamp_ns), stamp_ns)
        if self._smoother is not None:
            tracked = self._smoother.update(tracked, stamp_ns)
        gone, self._gone = self._gone, []
        self._people = [s for s in tracked if s.track_state != TrackState.REMOVED]
        return tracked + gone

    def reset(self) -> None:
        """Start everything anew; people known so far are reported REMOVED at the next image."""
        self._gone += [replace(s, track_state=TrackState.REMOVED) for s in self._people]
        self._people = []
        self._stamp_ns = self._size = None
        self._pace.reset()
        self._estimator.reset()
        self._tracker.reset()
        if self._smoother is not None:
            self._smoother.reset()

    def close(self) -> None:
        """Release the estimator; a second call does nothing."""
        self._estimator.close()

    def _jumped_back(self, stamp_ns: int) -> bool:
        return self._stamp_ns is not None and stamp_ns < self._stamp_ns - _STRAGGLER_NS
