# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Cameras that are mounted turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.source import Frame, FrameSource, PersonTruth, SourceStatus
from co_perception.errors import ConfigError

__all__ = ["RotatedSource", "rotate_image"]


def rotate_image(image: NDArray[np.uint8], degrees: int) -> NDArray[np.uint8]:
    """Turn an image clockwise.

    Args:
        image: (H, W, 3) or (H, W).
        degrees: 0, 90, 180 or 270.

    Raises:
        ConfigError: If it is another angle.
    """
    if degrees not in (0, 90, 180, 270):
        raise ConfigError(f"Camera 'rotate': expected one of 0, 90, 180, 270; got {degrees}.")
    return np.ascontiguousarray(np.rot90(image, k=-degrees // 90))


class RotatedSource(FrameSource):
    """Another source, its images and known joints turned clockwise."""

    def __init__(self, source: FrameSource, degrees: int) -> None:
        self._source = source
        self._degrees = degrees
        info = source.info
        if degrees in (90, 270):
            info = replace(info, width=info.height, height=info.width)
        self.info = info

    @property
    def status(self) -> SourceStatus:
        return self._source.status

    def read(self) -> Frame | None:
        frame = self._source.read()
        if frame is None:
            return None
        height, width = frame.image.shape[:2]
        truth = tuple(self._turn(person, width, height) for person in frame.truth)
        return replace(frame, image=rotate_image(frame.image, self._degrees), truth=truth)

    def close(self) -> None:
        self._source.close()

    def _turn(self, person: PersonTruth, width: int, height: int) -> PersonTruth:
        """Turn pixel centres: the last column becomes the first row, and so on."""
        x, y = person.joints_px[:, 0], person.joints_px[:, 1]
        turned = {
            90: (height - 1 - y, x),
            180: (width - 1 - x, height - 1 - y),
            270: (y, width - 1 - x),
        }[self._degrees]
        return replace(person, joints_px=np.stack(turned, axis=1).astype(np.float32))
