# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The demo camera: a frame source that needs no hardware and knows what it shows."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from co_perception.camera.demo.stage import Stage, create_stage
from co_perception.camera.source import Frame, FrameSource, SourceInfo, SourceStatus
from co_perception.errors import ConfigError

__all__ = ["DemoSource"]


class DemoSource(FrameSource):
    """Rendered persons who follow scripts of activities.

    In real time the source has a camera's pace: `read` waits for the next frame, frames whose time
    has passed are skipped (their indices are missing), and stamps are system time. Otherwise every
    frame is given as fast as it is painted, and stamps are media time from 0.

    `read` belongs to one thread; `close` may be called from another and ends a waiting `read`.
    """

    def __init__(
        self,
        *,
        width: int = 640,
        height: int = 480,
        rate: float = 30.0,
        seed: int = 0,
        persons: int = 1,
        split: str = "judge",
        labels: Sequence[str] | None = None,
        seconds: tuple[float, float] = (3.0, 4.5),
        loop: bool = True,
        duration: float | None = None,
        real_time: bool = True,
        stage: Stage | None = None,
    ) -> None:
        """Set up the stage.

        Args:
            width: Image width, pixels.
            height: Image height, pixels.
            rate: Frames per second.
            seed: Equal seeds give equal pictures.
            persons: How many persons.
            split: Split of motions, bodies and views: "judge" or "train".
            labels: Order of activities; None: all of them, shuffled.
            seconds: Shortest and longest time for an activity.
            loop: Start over at the end of the script; False: end there.
            duration: End after so many seconds, whatever the script; None: no such limit.
            real_time: Keep the pace of a camera.
            stage: Use this stage instead of making one.

        Raises:
            ConfigError: If a parameter is out of range.
        """
        if not 0.1 <= rate <= 1000.0:
            raise ConfigError(f"demo: expected a rate of 0.1 to 1000 Hz, got {rate}")
        if duration is not None and duration <= 0.0:
            raise ConfigError(f"demo: expected a duration above 0 s, got {duration}")
        self.stage = stage or create_stage(
            width=width,
            height=height,
            seed=seed,
            persons=persons,
            split=split,
            labels=labels,
            seconds=seconds,
        )
        self._rate, self._real_time = rate, real_time
        self._limit = _frame_limit(self.stage, rate, loop, duration)
        self._next = 0
        self._skipped = 0
        self._start_ns: int | None = None
        self._closed = threading.Event()
        view = self.stage.view
        self.info = SourceInfo("demo", view.width, view.height, rate, real_time, self._limit)

    @property
    def status(self) -> SourceStatus:
        """How many frames were skipped because the reader was too slow for the pace."""
        return SourceStatus(dropped_frames=self._skipped)

    def read(self) -> Frame | None:
        """Return the next frame with its truth; None at the end or after `close`."""
        index = self._wait() if self._real_time else self._next
        if self._closed.is_set() or (self._limit is not None and index >= self._limit):
            return None
        self._skipped += index - self._next
        self._next = index + 1
        return self._frame(index)

    def close(self) -> None:
        """End the source."""
        self._closed.set()

    def _wait(self) -> int:
        """Sleep until the next frame is due and return its index."""
        now = time.time_ns()
        if self._start_ns is None:
            self._start_ns = now
        due = int((now - self._start_ns) * 1e-9 * self._rate)
        index = max(self._next, due)
        pause = (self._start_ns - now) * 1e-9 + index / self._rate
        if pause > 0.0:
            self._closed.wait(pause)
        return index

    def _frame(self, index: int) -> Frame:
        t = index / self._rate
        image, truth = self.stage.render(t)
        start = self._start_ns or 0
        if start:
            truth = tuple(replace(one, since_ns=one.since_ns + start) for one in truth)
        loops = int(t // self.stage.duration)
        return Frame(image, start + round(t * 1e9), index, loops, truth)


def _frame_limit(stage: Stage, rate: float, loop: bool, duration: float | None) -> int | None:
    ends = [] if loop else [stage.duration]
    ends += [] if duration is None else [duration]
    return max(1, round(min(ends) * rate)) if ends else None
