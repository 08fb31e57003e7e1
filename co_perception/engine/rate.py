# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""How many model steps per second of image time there are."""

from __future__ import annotations

from collections import deque

from co_perception.engine.clock import SECOND_NS

__all__ = ["RateMeter"]

_WINDOW_NS = 4 * SECOND_NS
"""Long enough for a steady figure from a slow camera, short enough to see a stall."""


class RateMeter:
    """Counts the ticks that were stepped, over a sliding window.

    Args:
        expected_rate: Ticks per second when all is well.
    """

    def __init__(self, expected_rate: float) -> None:
        self._tick_ns = round(SECOND_NS / expected_rate)
        self._stamps: deque[int] = deque()
        self._began_ns: int | None = None
        self._newest_tick = -1

    def clear(self) -> None:
        """Begin anew, with ticks counted from zero."""
        self._stamps.clear()
        self._began_ns = None
        self._newest_tick = -1

    def count(self, tick: int, stamp_ns: int) -> None:
        """Count a tick that the image of a stamp settled; once, however many rows it stepped."""
        if tick <= self._newest_tick:
            return
        self._newest_tick = tick
        if self._began_ns is None:
            self._began_ns = stamp_ns - self._tick_ns
        self._stamps.append(stamp_ns)
        self._prune(stamp_ns)

    def per_second(self, now_ns: int | None) -> float:
        """Return the rate up to the newest image."""
        if now_ns is None or self._began_ns is None:
            return 0.0
        self._prune(now_ns)
        span_ns = min(now_ns - self._began_ns, _WINDOW_NS)
        return len(self._stamps) * SECOND_NS / span_ns if span_ns > 0 else 0.0

    def _prune(self, now_ns: int) -> None:
        while self._stamps and self._stamps[0] <= now_ns - _WINDOW_NS:
            self._stamps.popleft()
