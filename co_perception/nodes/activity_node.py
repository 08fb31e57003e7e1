# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""activity_node: skeletons -> activity, activity_events, activity_model."""

from __future__ import annotations

import time
from typing import Any, NoReturn

from co_perception.errors import CoPerceptionError
from co_perception.msg import SkeletonArray
from co_perception.nodes.answers import AnswerPublisher
from co_perception.nodes.config import tracker_config
from co_perception.nodes.conversions import stamp_ns
from co_perception.nodes.counting import ImageCount, TrackAges
from co_perception.nodes.lifecycle import PerceptionNode
from co_perception.nodes.mailbox import Worker
from co_perception.nodes.parameters import Value
from co_perception.nodes.qos import SKELETONS
from co_perception.nodes.results import skeletons_from_message
from co_perception.nodes.runner import run_node
from co_perception.nodes.watchdog import explain_topic_silence
from co_perception.skeleton.tracking import PersonTracker
from co_perception.skeleton.types import Skeleton

__all__ = ["ActivityNode", "main"]


class ActivityNode(PerceptionNode):
    """One `activity` message for each processed `skeletons` message, empty scenes too.

    The subscription leaves the newest message in the mailbox; the worker's thread alone owns the
    network and its states, and publishes. Services run as errands on that thread.
    """

    def __init__(self) -> None:
        super().__init__("activity_node")
        self._worker: Worker[tuple[SkeletonArray, int]] | None = None
        self._answers: AnswerPublisher | None = None
        self._subscription: Any = None
        self._given: dict[str, Value] = {}

    def do_configure(self, parameters: dict[str, Value]) -> None:
        """Load the network, so that what is wrong with its folder is said here."""
        self._given = parameters
        self._answers = AnswerPublisher(self, parameters)

    def do_activate(self) -> None:
        """Start the worker, then listen."""
        self._tracker = PersonTracker(tracker_config(self._given))
        self._tracks_here = False
        self._images = ImageCount()
        self._ages = TrackAges()
        self._worker = Worker("activity", self._work, self._on_error)
        self._answers.start(self._worker)
        self._subscription = self.create_subscription(
            SkeletonArray, "skeletons", self._on_skeletons, SKELETONS
        )

    def do_deactivate(self) -> None:
        """Stop listening, end the worker and release the network."""
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        if self._answers is not None:
            self._answers.stop()

    def do_cleanup(self) -> None:
        """Destroy topics and services."""
        self.do_deactivate()
        if self._answers is not None:
            self._answers.destroy()
            self._answers = None

    def explain_silence(self, silence_sec: float) -> str:
        """Name the skeleton topic's publishers and their QoS."""
        topic = self.resolve_topic_name("skeletons")
        return explain_topic_silence(self, topic, SKELETONS, silence_sec)

    def _on_skeletons(self, message: SkeletonArray) -> None:
        self.stats.received((self.now_ns() - stamp_ns(message.header.stamp)) / 1e9)
        if not self.enabled:
            self._images.pause()
        elif self._worker is not None:
            number = self._images.arrived(message.sequence, message.dropped_images)
            self._worker.put((message, number))

    def _work(self, item: tuple[SkeletonArray, int], _: int) -> None:
        message, number = item
        started = time.perf_counter()
        try:
            skeletons, mended = skeletons_from_message(message)
        except CoPerceptionError as error:
            self.refuse(type(error).__name__, str(error))
            return
        if mended:
            self.stats.count("mended joints", mended)
            self.warn("mended", f"{mended} joints with NaN or infinite numbers taken as missing.")
        stamp = stamp_ns(message.header.stamp)
        skeletons = self._track(skeletons, stamp)
        converted = time.perf_counter()
        dropped = self._images.processed(number)
        self.stats.count("dropped", dropped)
        size = (message.image_width, message.image_height)
        activities, _ = self._answers.answer(message.header, size, skeletons, dropped, started)
        times = {"convert": converted - started, "activity": time.perf_counter() - converted}
        self.stats.processed(times, people=len(activities))

    def _track(self, skeletons: list[Skeleton], stamp: int) -> list[Skeleton]:
        """Give ids where a foreign estimator gave none; a track must age on empty images too."""
        if skeletons:
            self._tracks_here = not all(skeleton.body_id for skeleton in skeletons)
        if self._tracks_here:
            return self._tracker.update(skeletons, stamp)
        return self._ages.apply(skeletons, stamp)

    def _on_error(self, error: Exception) -> None:
        self.stats.count("errors")
        self.warn("error", f"Skeletons not processed: {type(error).__name__}: {error}")


def main(args: list[str] | None = None) -> NoReturn:
    """Run the node."""
    run_node(ActivityNode, args)


if __name__ == "__main__":
    main()
