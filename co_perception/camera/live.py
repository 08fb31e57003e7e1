# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Cameras and streams that go on by themselves: newest frame only, opened again when cut."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.grabbers import Grabber
from co_perception.camera.source import Frame, FrameSource, SourceInfo, SourceStatus
from co_perception.errors import SourceError

__all__ = ["LiveSource"]

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE_SEC = 0.25
_LONGEST_PAUSE_SEC = 5.0
_CLOSE_WAIT_SEC = 1.0


class LiveSource(FrameSource):
    """A grabber on a thread of its own, which is the only one that touches the device.

    With `newest_only`, a reader that is slow gets the newest image and never an old one; what it
    missed is counted. Without, the grabber waits for the reader and nothing is dropped here.
    """

    def __init__(
        self,
        grabber: Grabber,
        *,
        newest_only: bool = True,
        timeout_sec: float = 5.0,
        reconnect_sec: float = 60.0,
    ) -> None:
        """Open the grabber and get its first image.

        Args:
            grabber: What gets the images.
            newest_only: Drop images that the reader is too slow for.
            timeout_sec: How long the first image may take after opening.
            reconnect_sec: How long a cut stream is tried again before `read` raises.

        Raises:
            SourceError: If it cannot be opened or gives no image.
        """
        self._grabber = grabber
        self._newest_only = newest_only
        self._reconnect_sec = reconnect_sec
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._ended = False
        self._error: SourceError | None = None
        self._status = SourceStatus()
        self._index = 0
        self._size: tuple[int, int] | None = None
        self._slot: Frame | None = None
        first = self._first_image(timeout_sec)
        self.info = SourceInfo(
            grabber.name, first.shape[1], first.shape[0], grabber.rate, live=grabber.live
        )
        self._put(first)
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    @property
    def status(self) -> SourceStatus:
        return self._status

    def read(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._slot or self._ended or self._error or self._closing.is_set()
            )
            if self._closing.is_set():
                return None
            frame, self._slot = self._slot, None
            self._changed.notify_all()
            if frame is None and self._error is not None:
                raise self._error
            return frame

    def close(self) -> None:
        with self._changed:
            self._closing.set()
            self._changed.notify_all()
        self._grabber.interrupt()
        # The thread frees the device itself; one that hangs in the driver is not waited for.
        self._thread.join(_CLOSE_WAIT_SEC)

    def _first_image(self, timeout_sec: float) -> NDArray[np.uint8]:
        try:
            self._grabber.open()
            image = self._grabber.grab()
        except SourceError:
            self._grabber.close()
            raise
        if image is None:
            self._grabber.close()
            raise SourceError(
                f"{self._grabber.name}: expected an image within {timeout_sec:g} s; it ended "
                "without one."
            )
        return image

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    image = self._grabber.grab()
                except SourceError as error:
                    image = self._reconnect(error)
                if image is None:
                    break
                self._put(image)
        finally:
            self._grabber.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _put(self, image: NDArray[np.uint8]) -> None:
        stamp_ns = time.time_ns()
        self._note_size(image)
        with self._changed:
            if not self._newest_only:
                self._changed.wait_for(lambda: self._slot is None or self._closing.is_set())
            if self._slot is not None:
                self._update(dropped_frames=self._status.dropped_frames + 1)
            self._slot = Frame(image, stamp_ns, self._index)
            self._index += 1
            self._changed.notify_all()

    def _reconnect(self, cause: SourceError) -> NDArray[np.uint8] | None:
        """Try again with growing pauses; return the first new image, None when given up."""
        if self._closing.is_set():
            return None
        began_sec = time.monotonic()
        pause_sec = _FIRST_PAUSE_SEC
        _LOG.warning("%s Trying to open it again.", cause)
        self._update(connected=False, detail=str(cause))
        while time.monotonic() - began_sec < self._reconnect_sec:
            self._grabber.close()
            if self._closing.wait(pause_sec):
                return None
            pause_sec = min(2 * pause_sec, _LONGEST_PAUSE_SEC)
            try:
                self._grabber.open()
                image = self._grabber.grab()
            except SourceError as error:
                cause = error
                self._update(detail=str(cause))
                continue
            if image is None:
                return None
            away_sec = time.monotonic() - began_sec
            _LOG.warning("%s: back after %.1f s.", self._grabber.name, away_sec)
            self._update(connected=True, reconnects=self._status.reconnects + 1)
            return image
        self._error = SourceError(
            f"{cause} Gave up after {self._reconnect_sec:g} s; check cable, power and network."
        )
        return None

    def _note_size(self, image: NDArray[np.uint8]) -> None:
        size = (image.shape[1], image.shape[0])
        if self._size is not None and size != self._size:
            detail = f"{self._grabber.name}: image size changed from {self._size} to {size}"
            _LOG.warning("%s.", detail)
            self._update(size_changes=self._status.size_changes + 1, detail=detail)
        self._size = size

    def _update(self, **changes: object) -> None:
        """Replace the status as a whole, so that other threads read one that fits together."""
        self._status = replace(self._status, **changes)  # type: ignore[arg-type]
