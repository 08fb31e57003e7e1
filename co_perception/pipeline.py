# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Camera -> pose -> engine in one process, without ROS: what the command line and nodes run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.source import Frame, FrameSource
from co_perception.engine.activity import Activity, ActivityEvent, Reason
from co_perception.errors import ShapeError
from co_perception.pipeline_config import (
    ActivityConfig,
    CameraConfig,
    PipelineConfig,
    PoseConfig,
)
from co_perception.skeleton.types import Skeleton, TrackState

if TYPE_CHECKING:
    from co_perception.engine import ModelFolder, StepBackend

__all__ = [
    "ActivityConfig",
    "ActivityStage",
    "CameraConfig",
    "Pipeline",
    "PipelineConfig",
    "PipelineResult",
    "PoseConfig",
    "PoseStage",
    "open_camera",
]

_STRAGGLER_NS = 50_000_000
"""An image older than the newest one by at most this came out of order; an older one is a jump."""


def open_camera(config: CameraConfig) -> FrameSource:
    """Open the source that a configuration names.

    Raises:
        SourceError: If it cannot be opened.
        DependencyError: If it needs something that is not installed.
    """
    from co_perception.camera import open_source

    return open_source(
        config.camera,
        width=config.width,
        height=config.height,
        rate=config.rate,
        loop=config.loop,
        real_time=config.real_time,
        rotate=config.rotate,
        seed=config.seed,
        persons=config.persons,
        timeout_sec=config.timeout_sec,
        reconnect_sec=config.reconnect_sec,
    )


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


class ActivityStage:
    """Tracked skeletons to activities: one network, a state per person. One thread owns it."""

    def __init__(self, config: ActivityConfig | None = None) -> None:
        """Load the model folder.

        Raises:
            WeightsError: If the folder is missing, damaged or does not fit.
            DependencyError: If the backend's library is not installed.
        """
        from co_perception.engine import Recogniser, RecogniserConfig, find_model

        config = config or ActivityConfig()
        self.config = config
        self._recogniser = Recogniser.from_folder(
            find_model(config.model),
            backend=config.backend,
            device=config.device,
            max_streams=config.max_streams,
            config=RecogniserConfig(
                grace_sec=config.stale_sec,
                max_gap_sec=config.max_gap_sec,
                max_interpolation_sec=min(
                    RecogniserConfig.max_interpolation_sec, config.max_gap_sec
                ),
                min_joints=config.min_joints,
                min_visibility=config.min_visibility,
                top_k=config.top_k,
                threads=config.threads,
                enter_threshold=config.enter_threshold,
                exit_threshold=config.exit_threshold,
                min_hold_sec=config.min_hold_sec,
            ),
        )

    @property
    def info(self) -> ModelFolder:
        """The model folder in use."""
        return self._recogniser.info

    @property
    def step_rate(self) -> float:
        """Measured steps of the network per second of image time."""
        return self._recogniser.step_rate

    @property
    def backend(self) -> StepBackend:
        """What runs the network's step, and where."""
        return self._recogniser.backend

    @property
    def streams(self) -> tuple[str, ...]:
        """Ids of the people that are known now."""
        return self._recogniser.streams

    def process(
        self, skeletons: Sequence[Skeleton], stamp_ns: int, *, looked: bool = True
    ) -> list[Activity]:
        """Say what each person is doing.

        Args:
            skeletons: Of one image, with ids. A LOST one is no evidence, since it only repeats
                the last one seen; a REMOVED one ends that person's state.
            stamp_ns: The image's time.
            looked: False: the image was not looked at, and the skeletons are `PoseStage.hold`'s.

        Returns:
            One activity per skeleton, in the same order.
        """
        return self._recogniser.update(stamp_ns, {s.body_id: s for s in skeletons}, looked=looked)

    def take_events(self) -> list[ActivityEvent]:
        """Return the events since the last call, oldest first."""
        return self._recogniser.take_events()

    def reset(self, stream_id: str | None = None, reason: Reason = Reason.RESET_SERVICE) -> int:
        """Let one person's state, or everybody's, start anew; return how many did."""
        return self._recogniser.reset(stream_id, reason=reason)

    def close(self) -> None:
        """Release the network; a second call does nothing."""
        self._recogniser.close()


@dataclass(frozen=True)
class PipelineResult:
    """Everything known about one image.

    Attributes:
        frame: The image, as it came from the source.
        skeletons: People with id and track state.
        activities: One per skeleton, in the same order.
        events: What began or ended at this image.
        timings: Seconds spent per stage: "pose", "activity".
        looked: False: the image was left out by `pose_rate`, and the skeletons are the last ones.
    """

    frame: Frame
    skeletons: list[Skeleton]
    activities: list[Activity]
    events: list[ActivityEvent] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    looked: bool = True


class Pipeline:
    """Frames in, people and their activities out. One thread owns it."""

    def __init__(self, config: PipelineConfig | None = None) -> None:
        """Load the pose estimator and the network; the camera is opened apart (`open_camera`).

        Raises:
            CoPerceptionError: If a part cannot be loaded.
        """
        self.config = config or PipelineConfig()
        self.activity = ActivityStage(self.config.activity)
        self.pose = PoseStage(self.config.pose)
        self._loop: int | None = None

    def process(self, frame: Frame) -> PipelineResult:
        """Run all stages on one frame; a source that started over resets them first."""
        if self._loop not in (None, frame.loop):
            self.reset(Reason.RESET_TIME_JUMP)
        self._loop = frame.loop
        started = time.perf_counter()
        skeletons, looked = self.pose.look(frame.image, frame.stamp_ns)
        posed = time.perf_counter()
        activities = self.activity.process(skeletons, frame.stamp_ns, looked=looked)
        timings = {"pose": posed - started, "activity": time.perf_counter() - posed}
        events = self.activity.take_events()
        return PipelineResult(frame, skeletons, activities, events, timings, looked)

    def reset(self, reason: Reason = Reason.RESET_SERVICE) -> None:
        """Start all stages anew."""
        self.pose.reset()
        self.activity.reset(reason=reason)

    def close(self) -> None:
        """Release everything; a second call does nothing."""
        self.pose.close()
        self.activity.close()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
