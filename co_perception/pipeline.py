# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Camera -> pose -> engine in one process, without ROS: what the command line and nodes run.

A model of whole images needs no poses: camera -> engine.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.source import Frame, FrameSource
from co_perception.engine.activity import SCENE, Activity, ActivityEvent, Reason
from co_perception.pipeline_config import (
    ActivityConfig,
    CameraConfig,
    PipelineConfig,
    PoseConfig,
)
from co_perception.pose_stage import PoseStage
from co_perception.skeleton.types import Skeleton

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


class ActivityStage:
    """Tracked skeletons, or whole images, to activities: one network. One thread owns it.

    Whether `process` or `process_image` is to be called, `takes_images` says.
    """

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
            precision=config.precision,
            max_streams=config.max_streams,
            config=RecogniserConfig(
                grace_sec=config.stale_sec,
                latency_budget_ms=config.latency_budget_ms,
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
    def takes_images(self) -> bool:
        """Whether the network looks at whole images; otherwise at skeletons."""
        return self.info.input.kind == "video"

    @property
    def counters(self) -> dict[str, int]:
        """What the recogniser counted, by name; see `engine.stream_table.Counters`."""
        return asdict(self._recogniser.counters)

    @property
    def step_rate(self) -> float:
        """Measured steps of the network per second of image time."""
        return self._recogniser.step_rate

    @property
    def choice(self) -> str:
        """What runs which model, where and in what, and why, in words."""
        recogniser, backend = self._recogniser, self._recogniser.backend
        return (
            f"{self.info.model_id} on {backend.name} ({backend.device}, {backend.precision}): "
            f"{recogniser.backend_reason}; {backend.batching}"
        )

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

    def process_image(self, image: NDArray[np.uint8], stamp_ns: int) -> list[Activity]:
        """Say what is being done in an image.

        Args:
            image: (H, W, 3) uint8, BGR, of any size.
            stamp_ns: Its time.

        Returns:
            One activity, of the stream "scene".

        Raises:
            ShapeError: If the image has another shape or type, or the network takes skeletons.
        """
        rgb = image[..., ::-1] if image.ndim == 3 else image
        return self._recogniser.update(stamp_ns, {SCENE: rgb})

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
        skeletons: People with id and track state; none where the network takes whole images.
        activities: One per skeleton, in the same order; or the one of the scene.
        events: What began or ended at this image.
        timings: Seconds spent per stage: "pose" (where there is one), "activity".
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
        """Load the network, and the pose estimator unless the network takes whole images.

        The camera is opened apart (`open_camera`).

        Raises:
            CoPerceptionError: If a part cannot be loaded.
        """
        self.config = config or PipelineConfig()
        self.activity = ActivityStage(self.config.activity)
        takes_images = self.activity.takes_images
        self.pose = None if takes_images else PoseStage(self.config.pose)
        self._loop: int | None = None

    def process(self, frame: Frame) -> PipelineResult:
        """Run all stages on one frame; a source that started over resets them first."""
        if self._loop not in (None, frame.loop):
            self.reset(Reason.RESET_TIME_JUMP)
        self._loop = frame.loop
        started = time.perf_counter()
        if self.pose is None:
            activities = self.activity.process_image(frame.image, frame.stamp_ns)
            timings = {"activity": time.perf_counter() - started}
            return PipelineResult(frame, [], activities, self.activity.take_events(), timings)
        skeletons, looked = self.pose.look(frame.image, frame.stamp_ns)
        posed = time.perf_counter()
        activities = self.activity.process(skeletons, frame.stamp_ns, looked=looked)
        timings = {"pose": posed - started, "activity": time.perf_counter() - posed}
        events = self.activity.take_events()
        return PipelineResult(frame, skeletons, activities, events, timings, looked)

    def reset(self, reason: Reason = Reason.RESET_SERVICE) -> None:
        """Start all stages anew."""
        if self.pose is not None:
            self.pose.reset()
        self.activity.reset(reason=reason)

    def close(self) -> None:
        """Release everything; a second call does nothing."""
        if self.pose is not None:
            self.pose.close()
        self.activity.close()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
