# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""activity_node: skeletons, or images, -> activity, activity_events, activity_model."""

from __future__ import annotations

import time
from typing import Any, NoReturn

from co_perception.errors import CoPerceptionError
from co_perception.nodes.answers import AnswerPublisher
from co_perception.nodes.conversions import stamp_ns
from co_perception.nodes.lifecycle import PerceptionNode
from co_perception.nodes.listeners import ImageListener, Listener, SkeletonListener
from co_perception.nodes.mailbox import Worker
from co_perception.nodes.parameters import Value
from co_perception.nodes.runner import run_node
from co_perception.nodes.watchdog import explain_topic_silence

__all__ = ["ActivityNode", "main"]


class ActivityNode(PerceptionNode):
    """One `activity` message for each processed `skeletons` message, empty scenes too.

    With a model of whole images it listens to `image` instead, and needs no skeletons. The
    subscription leaves the newest message in the mailbox; the worker's thread alone owns the
    network and its states, and publishes. Services run as errands on that thread.
    """

    def __init__(self) -> None:
        super().__init__("activity_node")
        self._worker: Worker[tuple[Any, int]] | None = None
        self._answers: AnswerPublisher | None = None
        self._subscription: Any = None
        self._given: dict[str, Value] = {}

    def do_configure(self, parameters: dict[str, Value]) -> None:
        """Load the network, so that what is wrong with its folder is said here."""
        self._given = parameters
        self._answers = AnswerPublisher(self, parameters)

    def do_activate(self) -> None:
        """Start the worker, then listen."""
        self._worker = Worker("activity", self._work, self._on_error)
        self._answers.start(self._worker)
        self._listener = self._make_listener()
        listener = self._listener
        self._subscription = self.create_subscription(
            listener.kind, listener.topic, self._on_message, listener.qos
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
        """Name the input topic's publishers and their QoS."""
        topic = self.resolve_topic_name(self._listener.topic)
        return explain_topic_silence(self, topic, self._listener.qos, silence_sec)

    def more_values(self) -> dict[str, str]:
        """Tell what the engine counted."""
        return {} if self._answers is None else self._answers.counts()

    def _make_listener(self) -> Listener:
        if self._answers.takes_images:
            return ImageListener(self._given)
        return SkeletonListener(self, self._given)

    def _on_message(self, message: Any) -> None:
        self.stats.received((self.now_ns() - stamp_ns(message.header.stamp)) / 1e9)
        if not self.enabled:
            self._listener.images.pause()
        elif self._worker is not None:
            self._worker.put((message, self._listener.arrived(message)))

    def _work(self, item: tuple[Any, int], _: int) -> None:
        message, number = item
        started = time.perf_counter()
        try:
            content = self._listener.read(message)
        except CoPerceptionError as error:
            self.refuse(type(error).__name__, str(error))
            return
        converted = time.perf_counter()
        dropped = self._listener.images.processed(number)
        self.stats.count("dropped", dropped)
        activities = self._listener.answer(self._answers, message, content, dropped, started)
        times = {"convert": converted - started, "activity": time.perf_counter() - converted}
        self.stats.processed(times, people=len(activities))

    def _on_error(self, error: Exception) -> None:
        self.report_error(self._listener.topic, error)


def main(args: list[str] | None = None) -> NoReturn:
    """Run the node."""
    run_node(ActivityNode, args)


if __name__ == "__main__":
    main()
