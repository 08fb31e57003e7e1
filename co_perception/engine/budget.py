# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""How many streams the machine can step within the time that an image may take.

What an update costs is measured, and averaged over a sliding window of image time:

    mean cost per stream    one more gets a row if all of them fit into 90 % of the budget
    mean cost per update    over the budget for a whole window: the youngest stream loses its row

An update without a step costs next to nothing, and does not count.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from co_perception.engine.clock import SECOND_NS

__all__ = ["LatencyBudget"]

_WINDOW_NS = 2 * SECOND_NS
"""A busy second of the machine costs nobody the row, a lasting overload is ended soon."""

_RECOVERY_NS = 10 * SECOND_NS
"""After a stream lost its row nobody gets one for this long, so that rows do not change hands."""

_FILLED = 0.9
"""Share of the budget that is filled with streams; the rest is for what costs vary by."""

_MAX_COSTS = 4096
"""Updates that are remembered: two seconds of 1000 Hz and more."""


class _Cost(NamedTuple):
    stamp_ns: int
    streams: int
    seconds: float


class LatencyBudget:
    """Says how many streams may have a row, from what updates cost.

    The caller tells `start` and `stop` around the steps of an update, asks `is_exceeded` before
    the next one, and answers True with `shed`.

    Args:
        budget_sec: Time that the steps of one update may take; 0: any, and no clock is read.
        clock: Seconds, from any origin.
    """

    def __init__(self, budget_sec: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._budget_sec, self._clock = budget_sec, clock
        self._costs: deque[_Cost] = deque(maxlen=_MAX_COSTS)
        self._began_ns = 0
        self._started_sec = 0.0
        self._shed_ns: int | None = None
        self._per_stream_sec: float | None = None

    def start(self) -> None:
        """Note the time before the first step of an update."""
        if self._budget_sec:
            self._started_sec = self._clock()

    def stop(self, streams: int, now_ns: int) -> bool:
        """Note the time after the last step of an update; return whether it took too long.

        Args:
            streams: How many different streams were stepped; with 0 nothing is noted.
            now_ns: Stamp of the newest image.
        """
        if not self._budget_sec or not streams:
            return False
        seconds = self._clock() - self._started_sec
        self._prune(now_ns)
        if not self._costs:
            self._began_ns = now_ns
        self._costs.append(_Cost(now_ns, streams, seconds))
        stepped = sum(cost.streams for cost in self._costs)
        self._per_stream_sec = sum(cost.seconds for cost in self._costs) / stepped
        return seconds > self._budget_sec

    def has_room(self, rows: int, now_ns: int) -> bool:
        """Whether one more stream may get a row.

        Args:
            rows: Streams that have one. Without any there is always room; for a second one only
                once it is known what the first one costs.
            now_ns: Stamp of the newest image.
        """
        if not self._budget_sec or not rows:
            return True
        if self._shed_ns is not None and now_ns - self._shed_ns < _RECOVERY_NS:
            return False
        if self._per_stream_sec is None:
            return False
        return (rows + 1) * self._per_stream_sec <= _FILLED * self._budget_sec

    def is_exceeded(self, now_ns: int) -> bool:
        """Whether updates took too long on average, over a whole window up to now."""
        self._prune(now_ns)
        if not self._costs or now_ns - self._began_ns < _WINDOW_NS:
            return False
        total_sec = sum(cost.seconds for cost in self._costs)
        return total_sec > self._budget_sec * len(self._costs)

    def shed(self, now_ns: int) -> None:
        """Note that a stream lost its row: what was measured with it does not count any more."""
        self._costs.clear()
        self._shed_ns = now_ns

    def restart(self) -> None:
        """Forget all stamps, after time itself broke; what a stream costs stays known."""
        self._costs.clear()
        self._shed_ns = None

    def _prune(self, now_ns: int) -> None:
        while self._costs and now_ns - self._costs[0].stamp_ns >= _WINDOW_NS:
            self._costs.popleft()
