# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded frames at the pace at which they were recorded."""

from __future__ import annotations

import threading
import time

__all__ = ["Pacer"]


class Pacer:
    """Relate the stamps of a recording to the monotonic clock, from the first frame on."""

    def __init__(self, closed: threading.Event) -> None:
        """Create a pacer whose waits end when `closed` is set."""
        self._closed = closed
        self._origin_sec: float | None = None

    def restart(self) -> None:
        """Let the next frame be the first one of a new playback."""
        self._origin_sec = None

    def lateness_sec(self, stamp_ns: int) -> float:
        """Return by how much the frame of this stamp is overdue; negative: it is not due yet."""
        now_sec = time.monotonic()
        if self._origin_sec is None:
            self._origin_sec = now_sec - stamp_ns * 1e-9
        return now_sec - self._origin_sec - stamp_ns * 1e-9

    def wait(self, stamp_ns: int) -> None:
        """Wait until the frame of this stamp is due."""
        lateness_sec = self.lateness_sec(stamp_ns)
        if lateness_sec < 0:
            self._closed.wait(-lateness_sec)
