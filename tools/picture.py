# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Lay pictures of an annotated video side by side: the demo at a glance."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

COLUMNS, ROWS = 3, 2
WIDTH = 1280
_JPEG_QUALITY = 82


def save_overview(video: Path, picture: Path) -> None:
    """Write a sheet of pictures taken at equal distances from a video.

    Raises:
        RuntimeError: If the video cannot be read.
    """
    capture = cv2.VideoCapture(str(video))
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    # Not the very first pictures: nothing is known yet.
    wanted = {int(i) for i in np.linspace(0.27 * count, 0.95 * count, COLUMNS * ROWS)}
    tiles = []
    for index in range(count):
        ok, image = capture.read()
        if ok and index in wanted:
            scale = WIDTH / COLUMNS / image.shape[1]
            tiles.append(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    capture.release()
    if len(tiles) < COLUMNS * ROWS:
        raise RuntimeError(f"{video}: expected {COLUMNS * ROWS} pictures, read {len(tiles)}")
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    cv2.imwrite(str(picture), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
