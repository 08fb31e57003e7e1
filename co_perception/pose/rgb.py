# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""BGR to RGB into memory that is kept: 0.2 ms by OpenCV, 2.5 ms as a strided numpy copy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["RgbBuffer"]


class RgbBuffer:
    """Turns images around for a library that copies what it is given; not thread-safe."""

    def __init__(self) -> None:
        self._buffer: NDArray[np.uint8] = np.empty((0, 0, 3), np.uint8)

    def convert(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the image (H, W, 3) uint8 as RGB; the next call writes over it."""
        import cv2

        if self._buffer.shape != image_bgr.shape:
            self._buffer = np.empty(image_bgr.shape, np.uint8)
        cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB, dst=self._buffer)
        return self._buffer
