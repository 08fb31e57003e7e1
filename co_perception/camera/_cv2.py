# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""OpenCV for the sources: found or named as missing, and kept quiet where we report ourselves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from co_perception.errors import DependencyError

try:
    import cv2
except ImportError as error:
    raise DependencyError(
        f"OpenCV (module 'cv2') is missing or broken ({error}); install it with "
        "'pip install opencv-contrib-python' or 'apt install python3-opencv'."
    ) from error

__all__ = ["cv2", "quiet"]

_SILENT = 0
"""cv2.utils.logging.LOG_LEVEL_SILENT; the name is not in every build."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence OpenCV's own log lines: what fails in here is raised with a better message."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
