# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""pose_node: image -> skeletons, with the tracker that gives people their ids."""

from __future__ import annotations

import time
from typing import Any, NoReturn

from sensor_msgs.msg import Image

from co_perception.camera.rotation import rotate_image
from co_perception.errors import CoPerceptionError
from co_perception.msg import SkeletonArray
from co_perception.nodes.config import pipeline_config
from co_perception.nodes.conversions import duration_message, image_from_message, stamp_ns
from co_perception.nodes.lifecycle import PerceptionNode
from co_perception.nodes.mailbox import Worker
from co_perception.nodes.parameters import Value
from co_perception.nodes.qos import SKELETONS, image_subscription_qos
from co_perception.nodes.results import fill_skeletons
from co_perception.nodes.runner import run_node
from co_perception.nodes.watchdog import explain_topic_silence
from co_perception.pipeline import PoseStage

__all__ = ["PoseNode", "main"]


class PoseNode(PerceptionNode):
    """One `skeletons` message for each image that is looked at.

    The subscription leaves the newest image in the mailbox; the worker's thread alone converts
    it, owns the estimator and the tracker, and publishes.
    """

    def __init__(self) -> None:
        super().__init__("pose_node")
        self._worker: Worker[Image] | None = None
        self._stage: PoseStage | None = None
        self._subscription: Any = None
        self._publisher: Any = None
        self._given: dict[str, Value] = {}

    def do_configure(self, parameters: dict[str, Value]) -> None:
        """Load the estimator, so that what is wrong with it is said here."""
        self._given = parameters
        self._degrees = int(parameters["rotate"])
        self._qos = image_subscription_qos(str(parameters["image_reliability"]))
        self._stage = PoseStage(pipeline_config(parameters).pose)
        self._publisher = self.create_lifecycle_publisher(SkeletonArray, "skeletons", SKELETONS)

    def do_activate(self) -> None:
        """Start the worker, then listen."""
        if self._stage is None:  # deactivate has closed it
            self._stage = PoseStage(pipeline_config(self._given).pose)
        self._sequence = 0
        self._dropped = 0
        self._last: tuple[int, tuple[int, int]] | None = None
        self._worker = Worker("pose", self._work, self._on_error)
        self._subscription = self.create_subscription(Image, "image", self._on_image, self._qos)

    def do_deactivate(self) -> None:
        """Stop listening, end the worker and release the estimator."""
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        if self._stage is not None:
            self._stage.close()
            self._stage = None

    def do_cleanup(self) -> None:
        """Destroy the publisher and what an unused configure has loaded."""
        self.do_deactivate()
        if self._publisher is not None:
            self.destroy_lifecycle_publisher(self._publisher)
            self._publisher = None

    def explain_silence(self, silence_sec: float) -> str:
        """Name the image topic's publishers and their QoS."""
        topic = self.resolve_topic_name("image")
        return explain_topic_silence(self, topic, self._qos, silence_sec)

    def _on_image(self, message: Image) -> None:
        self.stats.received((self.now_ns() - stamp_ns(message.header.stamp)) / 1e9)
        if self.enabled and self._worker is not None:
            self._worker.put(message)

    def _work(self, message: Image, dropped: int) -> None:
        started = time.perf_counter()
        self._dropped += dropped
        self.stats.count("dropped", dropped)
        if not self._stage.is_due(self._size_of(message), stamp_ns(message.header.stamp)):
            self.stats.count("left out by pose_rate")
            return
        try:
            image = rotate_image(image_from_message(message), self._degrees)
        except CoPerceptionError as error:
            self._dropped += 1
            self.refuse(type(error).__name__, str(error))
            return
        self._notice_changes(stamp_ns(message.header.stamp), image.shape[1::-1])
        converted = time.perf_counter()
        skeletons = self._stage.process(image, stamp_ns(message.header.stamp))
        estimated = time.perf_counter()
        self._publish(message, image, skeletons, started)
        times = {
            "convert": converted - started,
            "pose": estimated - converted,
            "publish": time.perf_counter() - estimated,
        }
        self.stats.processed(times, people=len(skeletons))

    def _size_of(self, message: Image) -> tuple[int, int]:
        """Return width and height of the image as it will be looked at."""
        turned = self._degrees in (90, 270)
        size = (message.width, message.height)
        return size[::-1] if turned else size

    def _publish(self, source: Image, image: Any, skeletons: list, started: float) -> None:
        message = SkeletonArray(
            sequence=self._sequence,
            dropped_images=self._dropped,
            estimator=self._stage.name,
            joint_layout=self._stage.layout,
        )
        fill_skeletons(message, source.header, image.shape[1::-1], skeletons)
        message.compute = duration_message(round((time.perf_counter() - started) * 1e9))
        self._publisher.publish(message)
        self._sequence += 1
        self._dropped = 0

    def _notice_changes(self, stamp: int, size: tuple[int, int]) -> None:
        """Say what the estimator and the tracker will have to bear."""
        if self._last is not None:
            last_stamp, last_size = self._last
            if stamp < last_stamp:
                self.stats.count("stamps went back")
                back = (last_stamp - stamp) / 1e9
                self.warn("back", f"Image stamps went back by {back:.3f} s: tracks start anew.")
            if size != last_size:
                self.stats.count("size changes")
                self.warn("size", f"Image size changed from {last_size} to {size}.")
        self._last = (stamp, size)

    def _on_error(self, error: Exception) -> None:
        self._dropped += 1
        self.report_error("Image", error)


def main(args: list[str] | None = None) -> NoReturn:
    """Run the node."""
    run_node(PoseNode, args)


if __name__ == "__main__":
    main()
