# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of images as a source."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from co_perception.camera._cv2 import cv2, quiet
from co_perception.camera.recorded import RecordedSource
from co_perception.camera.source import SourceInfo
from co_perception.errors import SourceError

__all__ = ["IMAGE_SUFFIXES", "ImageFolderSource", "natural_key"]

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Return a sorting key that puts 'image9' before 'image10'."""
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts]


class ImageFolderSource(RecordedSource):
    """The images of one folder in natural order, at a rate that the caller knows.

    Images that cannot be decoded are left out, counted and logged; their place in time stays.
    """

    def __init__(
        self, path: str | Path, *, rate: float = 30.0, loop: bool = False, real_time: bool = True
    ) -> None:
        """List the folder and look at its first image.

        Raises:
            SourceError: If there is no such folder, no image in it, or none can be decoded.
        """
        super().__init__(loop=loop, real_time=real_time)
        folder = Path(path).expanduser()
        if not folder.is_dir():
            raise SourceError(f"Image folder '{path}': there is no such folder.")
        self._files = sorted(
            (file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES),
            key=lambda file: natural_key(file.name),
        )
        if not self._files:
            raise SourceError(
                f"Image folder '{path}': expected images ({', '.join(IMAGE_SUFFIXES)}); "
                f"found none among {sum(1 for _ in folder.iterdir())} entries."
            )
        self._position = -1
        first = next((i for i in map(_read, self._files) if i is not None), None)
        if first is None:
            raise SourceError(
                f"Image folder '{path}': none of its {len(self._files)} images can be decoded."
            )
        self.info = SourceInfo(
            name=str(path),
            width=first.shape[1],
            height=first.shape[0],
            rate=rate,
            live=False,
            frame_count=len(self._files),
        )

    def _advance(self) -> int | None:
        if self._position + 1 >= len(self._files):
            return None
        self._position += 1
        return round(self._position * 1e9 / self.info.rate)

    def _image(self) -> NDArray[np.uint8] | None:
        return _read(self._files[self._position])

    def _rewind(self) -> None:
        self._position = -1

    def _release(self) -> None:
        self._files = []


def _read(file: Path) -> NDArray[np.uint8] | None:
    with quiet():
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, np.uint8)
