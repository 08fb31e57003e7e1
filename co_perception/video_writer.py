# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Write annotated frames to a video file that common players open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from co_perception.camera._cv2 import cv2, quiet
from co_perception.errors import ConfigError, SourceError

__all__ = ["VideoWriter"]

# First what plays everywhere, then what the OpenCV of the registries can write (its FFmpeg has no
# H.264 encoder): MPEG-4 part 2 plays in VLC, mpv, QuickTime and ROS tools, not in browsers. VP9 in
# mp4 would, but takes 100 times as long (0.1 s per VGA frame), too slow beside a live pipeline.
_CODECS = {
    ".mp4": ("avc1", "mp4v"),
    ".m4v": ("avc1", "mp4v"),
    ".mov": ("avc1", "mp4v"),
    ".mkv": ("avc1", "mp4v"),
    ".avi": ("MJPG",),
    ".webm": ("VP80",),
}
_LONGEST_GAP_NS = 10_000_000_000


class VideoWriter:
    """A video of constant rate, fed with frames at the times of their stamps.

    A frame is repeated where the next one comes late and left out where two fall on the same
    picture of the video, so the video is as long as the recording, whatever its pace. The size of
    the first frame is kept; others are scaled into it with black borders.
    """

    def __init__(self, path: str | Path, rate: float = 30.0, *, codec: str | None = None) -> None:
        """Prepare a file; it is created with the first frame.

        Args:
            path: File to write; its ending chooses the container.
            rate: Pictures per second of the video.
            codec: Four letters such as "vp09"; default: the widest-playing one that works here.

        Raises:
            ConfigError: If the ending is unknown, the rate no positive number, or the folder
                does not exist.
        """
        self.path = Path(path)
        suffix = self.path.suffix.lower()
        if suffix not in _CODECS:
            raise ConfigError(
                f"Video '{path}': expected an ending of {', '.join(sorted(_CODECS))}; got "
                f"'{suffix}'."
            )
        if not 0 < rate <= 1000:
            raise ConfigError(f"Video '{path}': expected a rate above 0 Hz, got {rate}.")
        if not self.path.absolute().parent.is_dir():
            raise ConfigError(f"Video '{path}': its folder does not exist; create it first.")
        self._rate = rate
        self._codecs = (codec,) if codec else _CODECS[suffix]
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._origin_ns = 0
        self._written = 0
        self._last: NDArray[np.uint8] | None = None
        self._last_stamp_ns = 0
        self.codec = ""

    def write(self, image: NDArray[np.uint8], stamp_ns: int) -> None:
        """Add a frame, (H, W, 3) uint8 BGR; a loop or a long gap is cut out.

        Raises:
            SourceError: If no codec of this OpenCV build can write the file.
        """
        if self._writer is None:
            self._writer = self._create(image)
            self._origin_ns = stamp_ns
        elif not 0 < stamp_ns - self._last_stamp_ns <= _LONGEST_GAP_NS:
            # A loop, a jump or a long silence: the video goes on with the next picture.
            self._origin_ns = stamp_ns - round(self._written * 1e9 / self._rate)
        self._last_stamp_ns = stamp_ns
        place = round((stamp_ns - self._origin_ns) * 1e-9 * self._rate)
        while self._last is not None and self._written < place:
            self._put(self._last)
        self._last = self._fit(image)
        if self._written == place:
            self._put(self._last)

    def close(self) -> None:
        """Finish the file; a second call does nothing."""
        writer, self._writer = self._writer, None
        self._last = None
        if writer is not None:
            writer.release()

    def _put(self, image: NDArray[np.uint8]) -> None:
        assert self._writer is not None
        self._writer.write(image)
        self._written += 1

    def _create(self, image: NDArray[np.uint8]) -> cv2.VideoWriter:
        # Chroma is stored at half the size: encoders want even sides.
        height, width = (side + side % 2 for side in image.shape[:2])
        self._size = (width, height)
        for codec in self._codecs:
            with quiet():
                writer = cv2.VideoWriter(
                    str(self.path), cv2.VideoWriter.fourcc(*codec), self._rate, self._size
                )
            if writer.isOpened():
                self.codec = codec
                return writer
        raise SourceError(
            f"Video '{self.path}': cannot be written; this OpenCV has none of the codecs "
            f"{', '.join(self._codecs)}, or the folder is read-only. Try another ending "
            f"({', '.join(sorted(_CODECS))})."
        )

    def _fit(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        width, height = self._size
        if image.shape[:2] == (height, width):
            return image
        scale = min(width / image.shape[1], height / image.shape[0])
        inner = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        if abs(scale - 1) < 2 / max(self._size):
            inner = (image.shape[1], image.shape[0])
        canvas: NDArray[np.uint8] = np.zeros((height, width, 3), np.uint8)
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        canvas[top : top + inner[1], left : left + inner[0]] = (
            image if inner == image.shape[1::-1] else cv2.resize(image, inner)
        )
        return canvas

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
