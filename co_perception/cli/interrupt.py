# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C between two images, not in the middle of one."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["Interrupt"]


class Interrupt:
    """Notes the first Ctrl-C while work is done, raises it while waiting, and the second always.

    So every image that was begun is finished in all output files. Only the main thread can
    receive signals; elsewhere nothing is changed.
    """

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Let Ctrl-C raise KeyboardInterrupt at once while in here."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False

    @contextlib.contextmanager
    def installed(self) -> Iterator[Interrupt]:
        """Handle SIGINT while in here."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = signal.signal(signal.SIGINT, self._receive)
        try:
            yield self
        finally:
            signal.signal(signal.SIGINT, before)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._waiting or self.asked:
            raise KeyboardInterrupt
        self.asked = True
