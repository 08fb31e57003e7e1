# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Run one node from the command line to a clean end.

The signals are ours, not rclpy's: the first SIGINT or SIGTERM only asks for the end, so that the
node can still finish its files and publish; further ones (ros2 launch passes on the terminal's
SIGINT and sends its own) change nothing.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from co_perception.errors import CoPerceptionError
from co_perception.nodes.lifecycle import PerceptionNode

__all__ = ["run_node"]

_SPIN_SEC = 0.1
"""How long a signal may wait: Python looks at signals only between two waits."""


class _StopRequest:
    """Remembers that the process was asked to end."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    @staticmethod
    def ignore() -> None:
        """Let no late signal disturb the interpreter's own end."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def run_node(make_node: Callable[[], PerceptionNode], args: list[str] | None = None) -> NoReturn:
    """Initialise ROS, spin the node until it is done or a signal comes, and exit.

    Args:
        make_node: Creates the node; a `CoPerceptionError` from it is a refused parameter.
        args: Command line with `--ros-args`; default: sys.argv.
    Raises:
        SystemExit: Always. 0: asked to end, or done; 1: could not start, or failed.
    """
    stop = _StopRequest()
    code = 1
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        code = _spin(make_node, stop)
    except CoPerceptionError as error:
        rclpy.logging.get_logger("co_perception").fatal(str(error))
    finally:
        rclpy.try_shutdown()
        stop.ignore()
    sys.exit(code)


def _spin(make_node: Callable[[], PerceptionNode], stop: _StopRequest) -> int:
    node = make_node()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        if not node.start():
            node.get_logger().fatal("Could not start; the line above says why.")
            return 1
        while not stop.asked and node.exit_code is None and rclpy.ok():
            executor.spin_once(timeout_sec=_SPIN_SEC)
    except ExternalShutdownException:
        pass  # somebody else's rclpy.shutdown(): an ordinary end
    finally:
        node.finish()
        executor.remove_node(node)
        executor.shutdown()
        node.destroy_node()
    return node.exit_code or 0
