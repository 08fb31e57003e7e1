# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Run one node from the command line to a clean end.

The signals are ours, not rclpy's: the first SIGINT or SIGTERM only asks for the end, so that the
node can still finish its files and publish; further ones (ros2 launch passes on the terminal's
SIGINT and sends its own) change nothing.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import NoReturn

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from co_perception.errors import CoPerceptionError
from co_perception.nodes.lifecycle import PerceptionNode

__all__ = ["run_node"]

_SPIN_SEC = 5.0
"""Longest wait without any event. A shorter one costs: each wait gathers some thirty entities in
Python, 2 ms, which at 10 Hz was a fifth of all that the fused node spent beside the pose."""


class _StopRequest:
    """Remembers that the process was asked to end.

    Python runs signal handlers between two of its instructions, thus not while the main thread
    waits for ROS. The number of the signal comes through a socket at once; a thread reads it and
    lets the waiting end.
    """

    def __init__(self) -> None:
        self.asked = False
        self._inlet, outlet = socket.socketpair()
        outlet.setblocking(False)
        signal.set_wakeup_fd(outlet.fileno(), warn_on_full_buffer=False)
        self._outlet = outlet
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def tell(self, wake: Callable[[], object]) -> None:
        """Call `wake`, on another thread, at the first signal, even if that came before."""

        def listen() -> None:
            self._inlet.recv(1)
            wake()

        threading.Thread(target=listen, name="signals", daemon=True).start()

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
    # A guard condition alone would only make the executor wait again.
    node.wake = partial(executor.create_task, _nothing)
    stop.tell(node.wake)
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


def _nothing() -> None:
    """Be work for an executor that shall return."""
