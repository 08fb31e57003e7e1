# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Model time: a grid of ticks at the model's rate, laid over the stamps of the images.

    ticks   |        |        |        |        |      15 per second, from the first image on
    images  .    .    .    .    .    .    .    .       any rate, any jitter

All streams share one grid, so that their rows of the state step together. Whole numbers only: an
endless stream does not drift, and the same stamps give the same ticks.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

__all__ = ["SECOND_NS", "SNAP_SHARE", "TickClock", "TimeStep"]

SECOND_NS = 1_000_000_000
SNAP_SHARE = Fraction(15, 100)
"""An image this near to a tick, as a share of the tick period, is taken for it as it is: with
jittering stamps an image then still gives its tick at once, instead of one image later. 15 % of
66.7 ms is 10 ms; cameras at 30 images per second jitter by less."""


class TimeStep(Enum):
    """How the stamp of an image follows those before it."""

    FIRST = "first"
    FORWARD = "forward"
    DUPLICATE = "duplicate"
    STRAGGLER = "straggler"
    JUMP_BACK = "jump back"
    GAP = "gap"


class TickClock:
    """The tick grid, and the newest image stamp.

    Args:
        rate: Ticks per second, > 0.
        max_gap_ns: A longer time between two images lays the grid anew.
        max_reorder_ns: An image older than the newest by at most this is a straggler.
    """

    def __init__(self, rate: float, *, max_gap_ns: int, max_reorder_ns: int) -> None:
        self._period = SECOND_NS / Fraction(rate).limit_denominator(1_000_000)
        self._max_gap_ns = max_gap_ns
        self._max_reorder_ns = max_reorder_ns
        self._origin_ns = 0
        self._newest_ns: int | None = None
        self.snap_ns = int(self._period * SNAP_SHARE)

    @property
    def newest_ns(self) -> int | None:
        """Stamp of the newest image; None before the first."""
        return self._newest_ns

    def observe(self, stamp_ns: int) -> TimeStep:
        """Take note of an image's stamp; after a jump or a gap the grid begins at this image."""
        step = self._classify(stamp_ns)
        if step in (TimeStep.FIRST, TimeStep.JUMP_BACK, TimeStep.GAP):
            self._origin_ns = stamp_ns
        if step not in (TimeStep.DUPLICATE, TimeStep.STRAGGLER):
            self._newest_ns = stamp_ns
        return step

    def _classify(self, stamp_ns: int) -> TimeStep:
        if self._newest_ns is None:
            return TimeStep.FIRST
        ahead = stamp_ns - self._newest_ns
        if ahead > self._max_gap_ns:
            return TimeStep.GAP
        if ahead > 0:
            return TimeStep.FORWARD
        if ahead == 0:
            return TimeStep.DUPLICATE
        return TimeStep.STRAGGLER if -ahead <= self._max_reorder_ns else TimeStep.JUMP_BACK

    def tick_ns(self, tick: int) -> int:
        """Return the time of a tick, rounded down to a nanosecond."""
        return self._origin_ns + int(tick * self._period // 1)

    def last_tick(self, stamp_ns: int) -> int:
        """Return the last tick that an image of this stamp settles: at or a snap after it."""
        # The largest k with floor(k * period) <= ahead, that is with k * period < ahead + 1.
        ahead_ns = stamp_ns + self.snap_ns - self._origin_ns
        return int(-(-(ahead_ns + 1) // self._period)) - 1

    def is_at(self, tick: int, stamp_ns: int) -> bool:
        """Whether an image is near enough to a tick to be taken for it as it is."""
        return abs(self.tick_ns(tick) - stamp_ns) <= self.snap_ns
