# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What video files and image folders share: looping, pace, dropping when late, closing."""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.pacing import Pacer
from co_perception.camera.source import Frame, FrameSource, SourceStatus

__all__ = ["RecordedSource"]

_LOG = logging.getLogger(__name__)
_MAX_DROP_SEC = 1.0
"""A reader that is late skips at most this much at once: it must see something in the end."""


class RecordedSource(FrameSource):
    """A finite sequence of images with media time.

    Subclasses step through the recording with `_advance` and `_image`. `info` must be set before
    the first read.
    """

    def __init__(self, *, loop: bool, real_time: bool) -> None:
        self._loop_wanted = loop
        self._real_time = real_time
        self._closed = threading.Event()
        # Held while the recording is being read; whoever leaves last releases it.
        self._lock = threading.Lock()
        self._released = False
        self._pacer = Pacer(self._closed)
        self._status = SourceStatus()
        self._index = -1
        self._loop = 0
        self._size: tuple[int, int] | None = None

    @abstractmethod
    def _advance(self) -> int | None:
        """Go to the next image, without decoding it, and return its stamp; None at the end."""

    @abstractmethod
    def _image(self) -> NDArray[np.uint8] | None:
        """Decode the image gone to, (H, W, 3) BGR; None if it is damaged."""

    @abstractmethod
    def _rewind(self) -> None:
        """Go back to before the first image."""

    @abstractmethod
    def _release(self) -> None:
        """Free the file or decoder."""

    @property
    def status(self) -> SourceStatus:
        return self._status

    def read(self) -> Frame | None:
        """Return the next frame; None at the end and after `close`."""
        with self._lock:
            frame = None if self._closed.is_set() else self._next()
            if self._closed.is_set():
                self._release_once()
                return None
        if frame is not None and self._real_time:
            self._pacer.wait(frame.stamp_ns)
        return frame

    def close(self) -> None:
        self._closed.set()
        # A reader inside the decoder must not lose it: then it frees the file on its way out.
        if self._lock.acquire(blocking=False):
            try:
                self._release_once()
            finally:
                self._lock.release()

    def _next(self) -> Frame | None:
        dropped = 0
        started_over = False
        while not self._closed.is_set():
            stamp_ns = self._advance()
            if stamp_ns is None:
                # A second end without a frame between: nothing left that could be decoded.
                if not self._loop_wanted or started_over:
                    return None
                started_over = True
                self._start_over()
                continue
            self._index += 1
            if self._is_late(stamp_ns) and dropped < _MAX_DROP_SEC * self.info.rate:
                dropped += 1
                self._status = replace(
                    self._status, dropped_frames=self._status.dropped_frames + 1
                )
                continue
            image = self._image()
            if image is None:
                self._note_damage(stamp_ns)
                continue
            self._note_size(image)
            return Frame(image, stamp_ns, self._index, self._loop)
        return None

    def _is_late(self, stamp_ns: int) -> bool:
        if not self._real_time or self.info.rate <= 0:
            return False
        return self._pacer.lateness_sec(stamp_ns) > 1.0 / self.info.rate

    def _start_over(self) -> None:
        self._rewind()
        self._pacer.restart()
        self._loop += 1

    def _note_damage(self, stamp_ns: int) -> None:
        detail = f"{self.info.name}: the image at {stamp_ns * 1e-9:.2f} s cannot be decoded"
        _LOG.warning("%s; it is left out.", detail)
        self._status = replace(
            self._status, damaged_frames=self._status.damaged_frames + 1, detail=detail
        )

    def _note_size(self, image: NDArray[np.uint8]) -> None:
        size = (image.shape[1], image.shape[0])
        if self._size is not None and size != self._size:
            detail = f"{self.info.name}: image size changed from {self._size} to {size}"
            _LOG.warning("%s.", detail)
            self._status = replace(
                self._status, size_changes=self._status.size_changes + 1, detail=detail
            )
        self._size = size

    def _release_once(self) -> None:
        if not self._released:
            self._released = True
            self._release()
