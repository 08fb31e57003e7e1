# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""GStreamer pipelines, run by gst-launch-1.0: OpenCV's registry builds have no GStreamer."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
import tempfile
import time
from typing import IO

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.grabbers import Grabber
from co_perception.errors import ConfigError, DependencyError, SourceError

__all__ = ["INSTALL", "PROGRAM", "GstGrabber", "find_gst_launch"]

PROGRAM = "gst-launch-1.0"
INSTALL = "sudo apt install gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
_ROW_ALIGNMENT = 4
"""GStreamer pads the rows of raw BGR video to this many bytes (GstVideoInfo default strides)."""
_STOP_WAIT_SEC = 1.0


def find_gst_launch() -> str:
    """Return the path of gst-launch-1.0.

    Raises:
        DependencyError: If it is not installed.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise DependencyError(
            f"GStreamer source: the program '{PROGRAM}' is missing; install it with '{INSTALL}'."
        )
    return program


class GstGrabber(Grabber):
    """A pipeline in a process of its own, which writes raw BGR images into a pipe.

    The images are scaled to the size asked for, with black borders where the shape differs, so
    every image in the pipe has the same number of bytes and no figure is stretched.
    """

    def __init__(self, pipeline: str, width: int, height: int, timeout_sec: float) -> None:
        """Check the pipeline's text; nothing runs yet.

        Args:
            pipeline: As for gst-launch-1.0, without the sink: 'v4l2src ! image/jpeg ! jpegdec'.
            width: Width of the images in pixels.
            height: Height of the images in pixels.
            timeout_sec: Longest silence of the pipeline.

        Raises:
            ConfigError: If the pipeline is empty, ends with a sink or has unbalanced quotes.
        """
        self.name = f"GStreamer pipeline '{pipeline.strip()}'"
        self._elements = self._parse(pipeline)
        self._width, self._height = width, height
        self._row_bytes = -(-width * 3 // _ROW_ALIGNMENT) * _ROW_ALIGNMENT
        self._timeout_sec = timeout_sec
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def _parse(self, pipeline: str) -> list[str]:
        try:
            words = shlex.split(pipeline)
        except ValueError as error:
            raise ConfigError(f"{self.name}: quotes do not match ({error}).") from error
        if not words or words[-1] == "!":
            raise ConfigError(f"{self.name}: expected elements such as 'gst:videotestsrc'.")
        starts = [0] + [i + 1 for i, word in enumerate(words) if word == "!"]
        last = words[starts[-1]]
        if last.endswith("sink"):
            raise ConfigError(
                f"{self.name}: expected a pipeline without a sink, got '{last}' at its end; "
                "leave it out, the images are taken from there."
            )
        return words

    def open(self) -> None:
        program = find_gst_launch()
        caps = (
            f"video/x-raw,format=BGR,width={self._width},height={self._height},"
            "pixel-aspect-ratio=1/1"
        )
        tail = f"! videoconvert ! videoscale add-borders=true ! {caps} ! fdsink fd=1 sync=false"
        # Open as long as the process is; close() closes it.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [program, "-q", *self._elements, *tail.split()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # Ctrl-C is for us: the pipeline is ended by close().
            start_new_session=True,
        )

    def grab(self) -> NDArray[np.uint8] | None:
        data = self._read(self._row_bytes * self._height)
        if data is None:
            return None
        rows = np.frombuffer(data, np.uint8).reshape(self._height, self._row_bytes)
        image = rows[:, : self._width * 3].reshape(self._height, self._width, 3)
        return np.ascontiguousarray(image)

    def _read(self, size: int) -> bytes | None:
        """Read one image's bytes; None when the pipeline ended by itself."""
        process = self._process
        if process is None or process.stdout is None:
            raise SourceError(f"{self.name}: it is not running.")
        data = bytearray()
        deadline_sec = time.monotonic() + self._timeout_sec
        while len(data) < size:
            wait_sec = deadline_sec - time.monotonic()
            if wait_sec <= 0 or not select.select([process.stdout], [], [], wait_sec)[0]:
                raise SourceError(
                    f"{self.name}: no image came for {self._timeout_sec:g} s.{self._last_words()}"
                )
            part = os.read(process.stdout.fileno(), size - len(data))
            if not part:
                self._check_end()
                return None
            data += part
        return bytes(data)

    def _check_end(self) -> None:
        process = self._process
        code = process.wait(self._timeout_sec) if process is not None else 0
        if code != 0:
            raise SourceError(
                f"{self.name}: {PROGRAM} ended with code {code}.{self._last_words()}"
            )

    def _last_words(self) -> str:
        """The error lines of gst-launch, which name the element and the cause."""
        if self._log is None:
            return ""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()
        wanted = [line.strip() for line in lines if "ERROR" in line or "WARNING" in line]
        return " It said: " + " ".join(wanted[:3]) if wanted else ""

    def interrupt(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(_STOP_WAIT_SEC)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if self._log is not None:
            self._log.close()
            self._log = None
