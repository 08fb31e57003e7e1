# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What gets images from a device or stream; opened, used and closed by one thread."""

from __future__ import annotations

import os
import stat
import sys
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from co_perception.camera._cv2 import cv2, quiet
from co_perception.camera.address import explain_no_answer, without_password
from co_perception.errors import SourceError

__all__ = ["DeviceGrabber", "Grabber", "UrlGrabber"]

_USB2_RAW_BYTES_PER_SEC = 40e6
"""What an uncompressed stream gets through USB 2 in practice (480 Mbit/s, isochronous); above it
cameras fall to a few frames per second unless they are asked for MJPEG."""


class Grabber(ABC):
    """One way to get images."""

    name: str
    rate: float = 0.0
    live: bool = True

    @abstractmethod
    def open(self) -> None:
        """Open the device or stream.

        Raises:
            SourceError: If that fails.
        """

    @abstractmethod
    def grab(self) -> NDArray[np.uint8] | None:
        """Wait for the next image, (H, W, 3) BGR; None if the stream ended as it should.

        Raises:
            SourceError: If the stream was cut or is silent for too long.
        """

    @abstractmethod
    def close(self) -> None:
        """Free everything; may be called when nothing is open."""

    def interrupt(self) -> None:  # noqa: B027  most grabbers end by themselves in time
        """Make a waiting `grab` return soon; the one method for other threads."""


class _CaptureGrabber(Grabber):
    """What OpenCV opens."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._capture: cv2.VideoCapture | None = None

    def grab(self) -> NDArray[np.uint8] | None:
        if self._capture is None:
            raise SourceError(f"{self.name}: it is not open.")
        with quiet():
            found, image = self._capture.read()
        if not found or image is None:
            raise SourceError(f"{self.name}: no more images come.")
        return np.asarray(image, np.uint8)

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class DeviceGrabber(_CaptureGrabber):
    """A camera of this machine: V4L2 on Linux, OpenCV's choice elsewhere.

    The driver may answer with another size or rate than asked for; images say what came.
    """

    def __init__(
        self, spec: str, width: int, height: int, rate: float, timeout_sec: float
    ) -> None:
        super().__init__(f"Camera '{spec}'")
        self._spec = spec
        self._width, self._height, self._asked_rate = width, height, rate
        self._timeout_sec = timeout_sec

    def open(self) -> None:
        self._check_device()
        target: int | str = int(self._spec) if self._spec.isdigit() else self._spec
        backend = cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY
        with quiet():
            capture = cv2.VideoCapture(target, backend)
        if not capture.isOpened():
            raise SourceError(
                f"{self.name}: it cannot be opened; another program may be using it (see "
                f"'fuser -v {self._device}'), or it is no video capture device."
            )
        if self._width * self._height * 2 * self._asked_rate > _USB2_RAW_BYTES_PER_SEC:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._height)
        capture.set(cv2.CAP_PROP_FPS, self._asked_rate)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self.rate = max(0.0, float(capture.get(cv2.CAP_PROP_FPS)))
        self._capture = capture

    @property
    def _device(self) -> Path:
        return Path(f"/dev/video{self._spec}" if self._spec.isdigit() else self._spec)

    def _check_device(self) -> None:
        if not sys.platform.startswith("linux"):
            return
        device = self._device
        if not device.exists():
            present = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*")))
            raise SourceError(
                f"{self.name}: there is no device {device}. Devices here: {present or 'none'}. "
                "Plug in a camera (in a container: pass it with --device), or use 'demo'."
            )
        if not stat.S_ISCHR(device.stat().st_mode):
            raise SourceError(f"{self.name}: {device} is not a device.")
        if not os.access(device, os.R_OK | os.W_OK):
            raise SourceError(
                f"{self.name}: you may not use {device}; add yourself to its group with "
                "'sudo usermod -aG video $USER' and log in again."
            )


class UrlGrabber(_CaptureGrabber):
    """An RTSP or HTTP stream through OpenCV's FFmpeg, with time-outs (RTSP over TCP)."""

    def __init__(self, address: str, timeout_sec: float) -> None:
        super().__init__(f"Stream '{without_password(address)}'")
        self._address = address
        self._timeout_sec = timeout_sec

    def open(self) -> None:
        timeout_ms = int(self._timeout_sec * 1000)
        options = [
            int(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC), timeout_ms,
            int(cv2.CAP_PROP_READ_TIMEOUT_MSEC), timeout_ms,
        ]  # fmt: skip
        with quiet():
            capture = cv2.VideoCapture(self._address, cv2.CAP_FFMPEG, options)
        if not capture.isOpened():
            reason = explain_no_answer(self._address, self._timeout_sec)
            raise SourceError(f"{self.name}: it cannot be opened: {reason}.")
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        self.rate = rate if 0 < rate < 1000 else 0.0
        self._capture = capture
