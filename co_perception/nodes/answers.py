# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What activity_node and perception_node share: the network's stage, its topics and services."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from co_perception.engine.activity import Activity, ActivityEvent, EventType, Reason
from co_perception.errors import CoPerceptionError
from co_perception.msg import ActivityArray, ModelInfo
from co_perception.msg import ActivityEvent as ActivityEventMsg
from co_perception.nodes.config import pipeline_config
from co_perception.nodes.conversions import duration_message, header_message, stamp_ns
from co_perception.nodes.lifecycle import PerceptionNode
from co_perception.nodes.mailbox import Worker
from co_perception.nodes.parameters import Value
from co_perception.nodes.qos import ACTIVITY_EVENTS, ACTIVITY_MODEL, activity_qos
from co_perception.nodes.results import event_message, model_message, person_message
from co_perception.pipeline import ActivityStage
from co_perception.skeleton.types import Skeleton
from co_perception.srv import LoadModel, ResetState

__all__ = ["AnswerPublisher"]


class AnswerPublisher:
    """Runs the activity stage on skeletons or images and publishes what it says.

    `answer` and `answer_image` run on the worker's thread; the services hand their work to it as
    errands.
    """

    def __init__(self, node: PerceptionNode, parameters: dict[str, Value]) -> None:
        """Load the network and create topics and services.

        Raises:
            CoPerceptionError: If the network cannot be loaded.
        """
        self._node = node
        self._parameters = parameters
        self._stage: ActivityStage | None = ActivityStage(pipeline_config(parameters).activity)
        make = node.create_lifecycle_publisher
        qos = activity_qos(float(parameters["deadline_sec"]))
        self._activity = make(ActivityArray, "activity", qos)
        self._events = make(ActivityEventMsg, "activity_events", ACTIVITY_EVENTS)
        self._model = make(ModelInfo, "activity_model", ACTIVITY_MODEL)
        self._services = [
            node.create_service(ResetState, "~/reset", self._on_reset),
            node.create_service(LoadModel, "~/load_model", self._on_load_model),
        ]
        self._worker: Worker[Any] | None = None
        self.sequence = 0

    @property
    def takes_images(self) -> bool:
        """Whether the network looks at whole images; it never changes while the node is active."""
        return self._stage.takes_images

    def counts(self) -> dict[str, str]:
        """Return what the engine counted, for the diagnostics; nothing while it is closed."""
        stage = self._stage
        counted = {} if stage is None else stage.counters
        return {f"engine: {key.replace('_', ' ')}": str(n) for key, n in counted.items()}

    def start(self, worker: Worker[Any]) -> None:
        """Begin an activation: sequence from 0, everybody cold."""
        if self._stage is None:  # the deactivation before has closed it
            self._stage = ActivityStage(pipeline_config(self._parameters).activity)
        self._worker = worker
        self.sequence = 0
        self._last_ns: int | None = None
        self._size: tuple[int, int] | None = None
        self._frame_id = ""
        self._reloaded: set[str] = set()
        self._announce_model()

    def stop(self) -> None:
        """Release the network; the worker has ended before."""
        self._worker = None
        if self._stage is not None:
            self._stage.close()
            self._stage = None

    def destroy(self) -> None:
        """Destroy topics and services."""
        self.stop()
        for publisher in (self._activity, self._events, self._model):
            self._node.destroy_lifecycle_publisher(publisher)
        for service in self._services:
            self._node.destroy_service(service)

    def answer(
        self,
        header: Header,
        image_size: tuple[int, int],
        skeletons: list[Skeleton],
        dropped: int,
        started_sec: float,
        *,
        looked: bool = True,
    ) -> tuple[list[Activity], list[ActivityEvent]]:
        """Recognise and publish.

        Args:
            header: Of the source image.
            image_size: Width and height, pixels.
            skeletons: Everybody's, with ids and ages; LOST and REMOVED tracks included.
            dropped: Images not processed since the last call.
            started_sec: `time.perf_counter()` when the work on this image began.
            looked: False: the image was left out by `pose_rate`.
        Returns:
            What was published: an activity for each skeleton, and the events.
        """
        stamp = stamp_ns(header.stamp)
        self._notice_changes(stamp, image_size)
        activities = self._stage.process(skeletons, stamp, looked=looked)
        return self._publish(header, image_size, activities, skeletons, dropped, started_sec)

    def answer_image(
        self, header: Header, image: NDArray[np.uint8], dropped: int, started_sec: float
    ) -> tuple[list[Activity], list[ActivityEvent]]:
        """Recognise and publish, where the network looks at whole images.

        Args:
            header: Of the source image.
            image: (H, W, 3) uint8, BGR.
            dropped: Images not processed since the last call.
            started_sec: `time.perf_counter()` when the work on this image began.
        Returns:
            What was published: the activity of the scene, and the events.
        """
        stamp, size = stamp_ns(header.stamp), (image.shape[1], image.shape[0])
        self._notice_changes(stamp, size)
        activities = self._stage.process_image(image, stamp)
        return self._publish(header, size, activities, [], dropped, started_sec)

    def _publish(
        self,
        header: Header,
        image_size: tuple[int, int],
        activities: list[Activity],
        skeletons: list[Skeleton],
        dropped: int,
        started_sec: float,
    ) -> tuple[list[Activity], list[ActivityEvent]]:
        activities = self._with_reload(activities)
        by_id = {skeleton.body_id: skeleton for skeleton in skeletons}
        message = ActivityArray(
            header=header,
            sequence=self.sequence,
            image_width=image_size[0],
            image_height=image_size[1],
            dropped_images=dropped,
            step_rate=float(self._stage.step_rate),
            model_id=self._stage.info.model_id,
            persons=[person_message(a, by_id.get(a.stream_id)) for a in activities],
        )
        message.latency = duration_message(self._node.now_ns() - stamp_ns(header.stamp))
        message.compute = duration_message(round((time.perf_counter() - started_sec) * 1e9))
        self._activity.publish(message)
        self.sequence += 1
        self._frame_id = header.frame_id
        events = self._publish_events()
        return activities, events

    def _publish_events(self) -> list[ActivityEvent]:
        """Publish what began and ended; who stayed while the network changed does not enter."""
        events = [
            event
            for event in self._stage.take_events()
            if event.type is not EventType.PERSON_ENTERED or event.stream_id not in self._reloaded
        ]
        model_id = self._stage.info.model_id
        for event in events:
            self._events.publish(event_message(event, self._frame_id, model_id))
        return events

    def _with_reload(self, activities: list[Activity]) -> list[Activity]:
        """Tell those who were here before another network was loaded why they are cold."""
        self._reloaded &= {a.stream_id for a in activities if not a.usable}
        return [
            replace(a, reason=Reason.RESET_MODEL)
            if a.stream_id in self._reloaded and a.reason is Reason.NONE
            else a
            for a in activities
        ]

    def reset(self, reason: Reason) -> None:
        """Let everybody start anew."""
        self._stage.reset(reason=reason)

    def _notice_changes(self, stamp: int, size: tuple[int, int]) -> None:
        """Say what the network will answer with a reset."""
        if self._last_ns is not None and stamp < self._last_ns:
            self._node.stats.count("stamps went back")
            back = (self._last_ns - stamp) / 1e9
            self._node.warn("back", f"Stamps went back by {back:.3f} s: all states start anew.")
        if self._size not in (None, size):
            self._node.stats.count("size changes")
            self._node.warn("size", f"Image size changed from {self._size} to {size}.")
        self._last_ns, self._size = stamp, size

    def _announce_model(self) -> None:
        """Publish and log what runs now; "auto" may choose another backend at each opening."""
        self._node.get_logger().info(self._stage.choice)
        backend = self._stage.backend
        message = model_message(
            self._stage.info,
            header_message(self._node.now_ns(), ""),
            backend=backend.name,
            device=backend.device,
            precision=backend.precision,
        )
        self._model.publish(message)

    def _errand(self, errand: Callable[[], Any], response: Any) -> Any:
        """Run an errand on the worker's thread; errors become the service's answer."""
        response.success = False
        if self._worker is None:
            response.message = f"The node is {self._node.label}; activate it first."
            return None
        try:
            return self._worker.call(errand)
        except (CoPerceptionError, TimeoutError, RuntimeError) as error:
            response.message = str(error)
            return None

    def _on_reset(
        self, request: ResetState.Request, response: ResetState.Response
    ) -> ResetState.Response:
        cleared = self._errand(lambda: self._stage.reset(request.body_id or None), response)
        if cleared is None:
            return response
        response.cleared = cleared
        response.success = bool(cleared) or not request.body_id
        response.message = f"{cleared} states start anew"
        if not response.success:
            known = ", ".join(self._stage.streams) or "nobody"
            response.message = f"No such person: '{request.body_id}'. Known: {known}."
        return response

    def _on_load_model(
        self, request: LoadModel.Request, response: LoadModel.Response
    ) -> LoadModel.Response:
        wanted = {**self._parameters, "model": request.path}
        try:
            stage = ActivityStage(pipeline_config(wanted).activity)
        except CoPerceptionError as error:
            response.success = False
            response.message = str(error)
            return response
        if self._stage is not None and stage.takes_images != self.takes_images:
            # Other topics, another estimator: what a new configuration is for.
            kinds = ("skeletons", "whole images")
            response.success = False
            response.message = (
                f"{stage.info.model_id} takes {kinds[stage.takes_images]}, the node is configured "
                f"for {kinds[self.takes_images]}: deactivate and clean it up, set the parameter "
                f"'model' to '{request.path}', configure and activate it."
            )
            stage.close()
            return response

        def swap() -> bool:
            old = self._stage
            self._reloaded = set(old.streams)
            old.reset(reason=Reason.RESET_MODEL)
            self._publish_events()
            self._stage = stage
            old.close()
            return True

        if self._errand(swap, response) is None:
            stage.close()
            return response
        self._parameters = wanted
        self._announce_model()
        response.success = True
        response.message = stage.info.model_id
        return response
