# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Start a node by its name, quietly interruptible from the first moment; imports nothing heavy."""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType

__all__ = ["start_node"]


def start_node(name: str) -> None:
    """Import a node's module and run it.

    Importing rclpy and the node takes seconds. Whoever presses Ctrl-C then wants an end, not a
    traceback from the middle of an import.

    Args:
        name: Module in `co_perception.nodes`.
    Raises:
        SystemExit: Always.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    importlib.import_module(f"co_perception.nodes.{name}").main()


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
