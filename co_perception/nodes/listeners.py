# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What activity_node listens to: skeletons, or images where the model looks at whole images."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

from sensor_msgs.msg import Image

from co_perception.camera.rotation import rotate_image
from co_perception.engine.activity import Activity
from co_perception.msg import SkeletonArray
from co_perception.nodes.answers import AnswerPublisher
from co_perception.nodes.config import tracker_config
from co_perception.nodes.conversions import image_from_message, stamp_ns
from co_perception.nodes.counting import ImageCount, TrackAges
from co_perception.nodes.lifecycle import PerceptionNode
from co_perception.nodes.parameters import Value
from co_perception.nodes.qos import SKELETONS, image_subscription_qos
from co_perception.nodes.results import skeletons_from_message
from co_perception.skeleton.tracking import PersonTracker
from co_perception.skeleton.types import Skeleton

__all__ = ["ImageListener", "Listener", "SkeletonListener"]


class Listener(abc.ABC):
    """One activation's input. `arrived` runs on the executor's thread, the rest on the worker's.

    Attributes:
        kind: Type of the messages.
        topic: Name of the topic, not remapped.
        qos: Profile of the subscription.
        images: Count of the images that were not processed.
    """

    kind: Any
    topic: str
    qos: Any

    def __init__(self) -> None:
        self.images = ImageCount()

    @abc.abstractmethod
    def arrived(self, message: Any) -> int:
        """Return the number of a message's image."""

    @abc.abstractmethod
    def read(self, message: Any) -> Any:
        """Return a message's content.

        Raises:
            CoPerceptionError: If the message is bad.
        """

    @abc.abstractmethod
    def answer(
        self, answers: AnswerPublisher, message: Any, content: Any, dropped: int, started: float
    ) -> list[Activity]:
        """Recognise and publish; see `AnswerPublisher.answer`."""


class SkeletonListener(Listener):
    """Skeletons, tracked here where a foreign estimator gave no ids."""

    kind, topic, qos = SkeletonArray, "skeletons", SKELETONS

    def __init__(self, node: PerceptionNode, parameters: Mapping[str, Value]) -> None:
        super().__init__()
        self._node = node
        self._tracker = PersonTracker(tracker_config(parameters))
        self._tracks_here = False
        self._ages = TrackAges()

    def arrived(self, message: SkeletonArray) -> int:
        return self.images.arrived(message.sequence, message.dropped_images)

    def read(self, message: SkeletonArray) -> list[Skeleton]:
        skeletons, mended = skeletons_from_message(message)
        if mended:
            self._node.stats.count("mended joints", mended)
            line = f"{mended} joints with NaN or infinite numbers taken as missing."
            self._node.warn("mended", line)
        return self._track(skeletons, stamp_ns(message.header.stamp))

    def answer(
        self,
        answers: AnswerPublisher,
        message: SkeletonArray,
        content: list[Skeleton],
        dropped: int,
        started: float,
    ) -> list[Activity]:
        size = (message.image_width, message.image_height)
        return answers.answer(message.header, size, content, dropped, started)[0]

    def _track(self, skeletons: list[Skeleton], stamp: int) -> list[Skeleton]:
        """Give ids where a foreign estimator gave none; a track must age on empty images too."""
        if skeletons:
            self._tracks_here = not all(skeleton.body_id for skeleton in skeletons)
        if self._tracks_here:
            return self._tracker.update(skeletons, stamp)
        return self._ages.apply(skeletons, stamp)


class ImageListener(Listener):
    """Whole images, in any known encoding, turned upright."""

    kind, topic = Image, "image"

    def __init__(self, parameters: Mapping[str, Value]) -> None:
        super().__init__()
        self.qos = image_subscription_qos(str(parameters["image_reliability"]))
        self._degrees = int(parameters["rotate"])
        self._received = 0

    def arrived(self, message: Image) -> int:
        self._received += 1  # images carry no number
        return self.images.arrived(self._received, 0)

    def read(self, message: Image) -> Any:
        return rotate_image(image_from_message(message), self._degrees)

    def answer(
        self, answers: AnswerPublisher, message: Image, content: Any, dropped: int, started: float
    ) -> list[Activity]:
        return answers.answer_image(message.header, content, dropped, started)[0]
