# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Count what a node receives, does and loses; no ROS here.

Every method may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping

__all__ = ["NodeStatistics", "RateMeter", "Throttle", "percentile"]

_WINDOW_SEC = 5.0
"""Rates are means over this long: short enough to show a stall, long enough to be steady."""

_KEPT_TIMES = 300
"""Stage times kept for the percentiles: ten seconds at 30 Hz."""


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that `share` (0..1) of the values do not exceed; 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


class RateMeter:
    """Events per second over the last few seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque()
        self._started = self._last = clock()

    def tick(self) -> None:
        """Note one event."""
        self._last = self._clock()
        self._times.append(self._last)
        self._forget(self._last)

    @property
    def rate(self) -> float:
        """Events per second."""
        now = self._clock()
        self._forget(now)
        return len(self._times) / max(min(_WINDOW_SEC, now - self._started), 1e-3)

    @property
    def silence_sec(self) -> float:
        """Time since the last event or, before the first one, since the start."""
        return self._clock() - self._last

    def _forget(self, now: float) -> None:
        while self._times and self._times[0] < now - _WINDOW_SEC:
            self._times.popleft()


class Throttle:
    """Let a line with the same key through once in a while."""

    def __init__(
        self, period_sec: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._period = period_sec
        self._clock = clock
        self._last: dict[str, float] = {}

    def allows(self, key: str) -> bool:
        """Whether a line of this kind may be written now; if so, it counts as written."""
        now = self._clock()
        if now - self._last.get(key, -self._period) < self._period:
            return False
        self._last[key] = now
        return True


class NodeStatistics:
    """All figures of one node since it was activated."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Start anew, as activation does."""
        with self._lock:
            self._input = RateMeter(self._clock)
            self._output = RateMeter(self._clock)
            self._counts: Counter[str] = Counter()
            self._times: dict[str, deque[float]] = {}
            self._stamp_ages: deque[float] = deque(maxlen=_KEPT_TIMES)
            self._people = 0

    def received(self, stamp_age_sec: float) -> None:
        """Note an input and how old its stamp is by the node's clock."""
        with self._lock:
            self._input.tick()
            self._counts["received"] += 1
            self._stamp_ages.append(stamp_age_sec)

    def processed(self, times_sec: Mapping[str, float], people: int) -> None:
        """Note a finished piece of work with the time each stage took."""
        with self._lock:
            self._output.tick()
            self._counts["processed"] += 1
            self._people = people
            for stage, seconds in times_sec.items():
                self._times.setdefault(stage, deque(maxlen=_KEPT_TIMES)).append(seconds)

    def count(self, what: str, number: int = 1) -> None:
        """Add to a counter: "dropped", "bad: <reason>", "errors" ..."""
        with self._lock:
            self._counts[what] += number

    def number(self, what: str) -> int:
        """Return a counter."""
        with self._lock:
            return self._counts[what]

    @property
    def silence_sec(self) -> float:
        """Time since the last input or, before the first one, since activation."""
        with self._lock:
            return self._input.silence_sec

    @property
    def output_rate(self) -> float:
        """Finished pieces of work per second."""
        with self._lock:
            return self._output.rate

    def as_text(self) -> dict[str, str]:
        """Return everything as the key-value pairs of a diagnostic status."""
        with self._lock:
            text = {
                "input rate [Hz]": f"{self._input.rate:.1f}",
                "processed rate [Hz]": f"{self._output.rate:.1f}",
                "received": str(self._counts["received"]),
                "processed": str(self._counts["processed"]),
                "dropped": str(self._counts["dropped"]),
                "people": str(self._people),
                "stamp age p50 [ms]": _ms(list(self._stamp_ages), 0.5),
                "stamp age p95 [ms]": _ms(list(self._stamp_ages), 0.95),
            }
            for stage, times in self._times.items():
                text[f"{stage} p50 [ms]"] = _ms(list(times), 0.5)
                text[f"{stage} p95 [ms]"] = _ms(list(times), 0.95)
            named = set(text)
            text.update({k: str(v) for k, v in self._counts.items() if k not in named})
            return text


def _ms(seconds: list[float], share: float) -> str:
    return f"{percentile(seconds, share) * 1e3:.1f}"
