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

# OpenCV 5 has the log level in cv2.utils.logging, OpenCV 4 mostly in cv2 itself.
_LOGGING = getattr(cv2.utils, "logging", cv2)

_SILENT = 0
"""LOG_LEVEL_SILENT; the name is not in every build."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence OpenCV's own log lines: what fails in here is raised with a better message."""
    level = _LOGGING.getLogLevel()
    _LOGGING.setLogLevel(_SILENT)
    try:
        yield
    finally:
        _LOGGING.setLogLevel(level)
