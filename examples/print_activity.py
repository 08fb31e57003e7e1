# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Subscribe to /activity and print who does what: the smallest useful client.

    python examples/print_activity.py

A line for every person twice a second, and at once when the label changes or becomes usable.
Ends at Ctrl-C, with status 1 if nothing was heard.
"""

from __future__ import annotations

import sys

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from co_perception.msg import ActivityArray, PersonActivity

PERIOD_SEC = 0.5
VALIDITIES = {
    PersonActivity.VALIDITY_INVALID: "no answer",
    PersonActivity.VALIDITY_WARMING_UP: "warming up",
    PersonActivity.VALIDITY_STALE: "stale",
    PersonActivity.VALIDITY_HELD: "held",
    PersonActivity.VALIDITY_VALID: "valid",
}


class ActivityPrinter(Node):
    """Prints activities as they come; times are of the images, from the first one on."""

    def __init__(self) -> None:
        super().__init__("activity_printer")
        self.heard = 0
        self._first_sec = 0.0
        self._shown: dict[str, tuple[float, str, bool]] = {}
        self.create_subscription(ActivityArray, "activity", self._on_activity, 10)

    def _on_activity(self, message: ActivityArray) -> None:
        stamp = message.header.stamp
        seconds = stamp.sec + stamp.nanosec / 1e9
        if not self.heard:
            self._first_sec = seconds
        self.heard += 1
        for person in message.persons:
            self._show(seconds - self._first_sec, person)

    def _show(self, seconds: float, person: PersonActivity) -> None:
        before = self._shown.get(person.body_id)
        usable = person.validity >= PersonActivity.VALIDITY_HELD
        now = (seconds, person.label, usable)
        if before and before[1:] == now[1:] and 0.0 <= seconds - before[0] < PERIOD_SEC:
            return
        self._shown[person.body_id] = now
        answer = f"{person.label or '-':<10} {person.confidence:4.2f}"
        if person.validity == PersonActivity.VALIDITY_WARMING_UP:
            answer = f"{'-':<10} {person.warmup:4.0%}"
        validity = VALIDITIES.get(person.validity, "?")
        print(f"{seconds:6.1f} s  {person.body_id:<15} {answer}  {validity}", flush=True)


def main() -> int:
    """Print until Ctrl-C; return the exit status."""
    rclpy.init()
    node = ActivityPrinter()
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    print(f"{node.heard} messages on /activity", flush=True)
    return 0 if node.heard else 1


if __name__ == "__main__":
    sys.exit(main())
