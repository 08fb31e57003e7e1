# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Read a frame source on a thread of its own, with stamps that a ROS header can carry."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from co_perception.camera.source import Frame, FrameSource, SourceInfo, SourceStatus
from co_perception.errors import SourceError

__all__ = ["FrameReader", "FrameStamper"]

_REOPEN_SEC = 2.0
"""Pause before a lost camera is tried again: long enough not to flood the log."""


class FrameStamper:
    """Turn a source's stamps into the stamps of headers.

    Live sources are stamped with system time already; under simulated time their images get the
    node's time at arrival. Media time of files is shifted so that its first frame is now; each
    further turn of a loop starts at least `loop_pause_ns` after the last frame of the turn
    before, so stamps always increase.

        media time   0 1 2 3   0 1 2 3          (a file of four frames, played twice)
        stamp        9 . . 12  . . 15 . . 18
    """

    def __init__(
        self,
        now_ns: Callable[[], int],
        *,
        live: bool,
        sim_time: bool = False,
        loop_pause_ns: int = 0,
    ) -> None:
        self._now_ns = now_ns
        self._live = live
        self._sim_time = sim_time
        self._loop_pause_ns = loop_pause_ns
        self._loop = -1
        self._shift_ns = 0
        self._last_ns: int | None = None

    def restamp(self, frame: Frame) -> Frame:
        """Return the frame with its header stamp, what is known of its people shifted alike."""
        stamp_ns = self.stamp(frame)
        shift_ns = stamp_ns - frame.stamp_ns
        truth = tuple(replace(one, since_ns=one.since_ns + shift_ns) for one in frame.truth)
        return replace(frame, stamp_ns=stamp_ns, truth=truth)

    def stamp(self, frame: Frame) -> int:
        """Return the header stamp of a frame, nanoseconds."""
        if self._live:
            return self._now_ns() if self._sim_time else frame.stamp_ns
        if frame.loop != self._loop:
            start = self._now_ns()
            if self._last_ns is not None:
                start = max(start, self._last_ns + self._loop_pause_ns)
            self._shift_ns = start - frame.stamp_ns
            self._loop = frame.loop
        self._last_ns = frame.stamp_ns + self._shift_ns
        return self._last_ns


class FrameReader:
    """A thread that reads frames until it is stopped.

    A live source that fails is opened anew. A file is opened anew at its end where `loop` says so:
    not by the source itself, because the pause between two turns must not count as lateness.

    Args:
        open_source: Opens the source; called once here, later on the reader's thread.
        on_frame: Called on the reader's thread with every frame.
        on_end: Called on it when a file is at its end.
        on_error: Called on it with every failure.
        loop: Start over at the end.
        loop_pause_sec: Pause before a further turn.
    Raises:
        SourceError: If the source cannot be opened.
    """

    def __init__(
        self,
        open_source: Callable[[], FrameSource],
        *,
        on_frame: Callable[[Frame], None],
        on_end: Callable[[], None],
        on_error: Callable[[SourceError], None],
        loop: bool = False,
        loop_pause_sec: float = 0.0,
    ) -> None:
        self._open_source = open_source
        self._source = open_source()
        self._on_frame = on_frame
        self._on_end = on_end
        self._on_error = on_error
        self._loop_wanted = loop
        self._loop_pause_sec = loop_pause_sec
        self._loop = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="frame reader", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    @property
    def info(self) -> SourceInfo:
        """What the source says of itself."""
        return self._source.info

    @property
    def status(self) -> SourceStatus:
        """How the source is doing."""
        return self._source.status

    def stop(self, timeout_sec: float = 5.0) -> None:
        """End the thread and close the source."""
        self._stopped.set()
        self._source.close()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout_sec)
        self._source.close()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                frame = self._source.read()
            except SourceError as error:
                if not self._mend(error):
                    break
                continue
            if self._stopped.is_set():
                return
            if frame is not None:
                self._on_frame(replace(frame, loop=self._loop))
            elif not self._start_over():
                break
        if not self._stopped.is_set():
            self._on_end()

    def _mend(self, error: SourceError) -> bool:
        """Open a failed live source again; False if that makes no sense or the end is asked."""
        if self._stopped.is_set():
            return False
        self._on_error(error)
        return self._source.info.live and self._open_again(_REOPEN_SEC)

    def _start_over(self) -> bool:
        """Begin the next turn; False if there is none."""
        if not self._loop_wanted or self._source.info.live:
            return False
        self._loop += 1
        return self._open_again(self._loop_pause_sec)

    def _open_again(self, pause_sec: float) -> bool:
        self._source.close()
        while not self._stopped.wait(pause_sec):
            try:
                self._source = self._open_source()
                return True
            except SourceError as error:
                self._on_error(error)
                pause_sec = _REOPEN_SEC
        return False
