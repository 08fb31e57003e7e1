# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Video files, and videos with an end that lie behind an http address."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from co_perception.camera._cv2 import cv2, quiet
from co_perception.camera.address import explain_no_answer, without_password
from co_perception.camera.recorded import RecordedSource
from co_perception.camera.source import SourceInfo
from co_perception.errors import SourceError

__all__ = ["VideoFileSource"]

_FALLBACK_RATE = 30.0
"""Frames per second assumed for a file that does not say."""


class VideoFileSource(RecordedSource):
    """A video file, read through OpenCV, stamped with its media time.

    Stamps are the presentation times in the file, so a variable frame rate stays what it was. At
    a loop they start over. Rotation metadata of phones is applied by OpenCV.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        loop: bool = False,
        real_time: bool = True,
        timeout_sec: float = 5.0,
    ) -> None:
        """Open the file and look at its first frame.

        Raises:
            SourceError: If the file is missing, unreadable, no video, or has no frames.
        """
        super().__init__(loop=loop, real_time=real_time)
        self._path = str(path)
        self._name = without_password(self._path)
        self._timeout_ms = int(timeout_sec * 1000)
        self._is_url = "://" in self._path
        self._capture = self._open()
        self._stamp_ns: int | None = None
        self.info = self._inspect()

    def _open(self) -> cv2.VideoCapture:
        if not self._is_url:
            _check_file(Path(self._path).expanduser(), self._name)
        path = self._path if self._is_url else str(Path(self._path).expanduser())
        timeouts = [
            int(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC), self._timeout_ms,
            int(cv2.CAP_PROP_READ_TIMEOUT_MSEC), self._timeout_ms,
        ]  # fmt: skip
        with quiet():
            capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, timeouts)
            if not capture.isOpened():
                # Builds of OpenCV without FFmpeg read files through another backend.
                capture = cv2.VideoCapture(path)
        if not capture.isOpened() and self._is_url:
            reason = explain_no_answer(self._path, self._timeout_ms * 1e-3)
            raise SourceError(f"Video '{self._name}': it cannot be opened: {reason}.")
        if not capture.isOpened():
            raise SourceError(
                f"Video '{self._name}': expected a video that OpenCV can decode; it is not one, "
                "or it is damaged or of a format this OpenCV build does not know. Try to play "
                "it, or convert it to H.264 in an mp4 file."
            )
        return capture

    def _inspect(self) -> SourceInfo:
        """Prove that there is a first frame, then go back to before it."""
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        with quiet():
            found, image = self._capture.read()
        if not found or image is None:
            self._capture.release()
            raise SourceError(
                f"Video '{self._name}': expected at least one frame; it is empty, or none of "
                "its frames can be decoded."
            )
        self._rewind()
        return SourceInfo(
            name=self._name,
            width=image.shape[1],
            height=image.shape[0],
            rate=rate if 0 < rate < 1000 else _FALLBACK_RATE,
            live=False,
            frame_count=count if count > 0 else None,
        )

    def _advance(self) -> int | None:
        if not self._capture.grab():
            return None
        stamp_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        if self._stamp_ns is not None and stamp_ns <= self._stamp_ns:
            # Streams without times of their own (raw MJPEG, some AVI): the nominal rate counts.
            stamp_ns = self._stamp_ns + round(1e9 / self.info.rate)
        self._stamp_ns = stamp_ns
        return stamp_ns

    def _image(self) -> NDArray[np.uint8] | None:
        found, image = self._capture.retrieve()
        return np.asarray(image, np.uint8) if found else None

    def _rewind(self) -> None:
        # Seeking to frame 0 is not exact in every container; opening again is.
        self._capture.release()
        self._capture = self._open()
        self._stamp_ns = None

    def _release(self) -> None:
        self._capture.release()


def _check_file(path: Path, name: str) -> None:
    """Give the reasons that OpenCV keeps to itself."""
    if not path.exists():
        raise SourceError(f"Video '{name}': there is no such file.")
    if not path.is_file():
        raise SourceError(f"Video '{name}': expected a file; it is something else.")
    if not os.access(path, os.R_OK):
        raise SourceError(f"Video '{name}': you may not read this file; see 'ls -l'.")
    if path.stat().st_size == 0:
        raise SourceError(f"Video '{name}': the file is empty (0 bytes).")
