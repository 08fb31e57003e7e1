# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A `.task` bundle: a zip that holds MediaPipe's two networks as they are."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from co_perception.errors import WeightsError
from co_perception.pose.tflite_trim import drop_mask

__all__ = ["DETECTOR", "LANDMARKS", "pack", "read_without_mask"]

DETECTOR, LANDMARKS = "pose_detector.tflite", "pose_landmarks_detector.tflite"
_DATE = (1980, 1, 1, 0, 0, 0)


def pack(detector: bytes, landmarks: bytes) -> bytes:
    """Return a bundle of the two networks, the same bytes on every machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:  # MediaPipe maps it
        for name, data in ((DETECTOR, detector), (LANDMARKS, landmarks)):
            bundle.writestr(zipfile.ZipInfo(name, _DATE), data)
    return buffer.getvalue()


def read_without_mask(path: Path) -> bytes:
    """Return the bundle with a landmark network that makes no mask (see `tflite_trim.py`).

    What cannot be read as two networks is returned as it is: MediaPipe says what is wrong.

    Raises:
        WeightsError: If the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"pose asset: cannot read '{path}' ({error})") from error
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            return pack(bundle.read(DETECTOR), drop_mask(bundle.read(LANDMARKS)))
    except (WeightsError, KeyError, zipfile.BadZipFile):
        return data
