# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a pose network says before anybody has judged it, and the images it may be given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ShapeError

__all__ = ["LAYOUT", "MIRRORED", "PoseDetector", "RawPose", "check_image"]

LAYOUT = "mediapipe33"

# Landmark i of a mirrored person is landmark MIRRORED[i] of the person: left and right change
# places, the nose stays.
MIRRORED = np.array(
    [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9]
    + [i + 1 if i % 2 else i - 1 for i in range(11, 33)]  # pairs (11, 12), (13, 14), ...
)


@dataclass(frozen=True)
class RawPose:
    """One figure as the network reports it, in the layout "mediapipe33".

    Attributes:
        points: (33, 2) float32, shares of image width and height; may leave 0..1.
        visibility: (33,) float32, 0..1: in the image and not hidden.
        presence: (33,) float32, 0..1: in the image.
        world: (33, 3) float32 metres from the hip centre; camera axes: x right, y down, z away
            from the camera.
    """

    points: NDArray[np.float32]
    visibility: NDArray[np.float32]
    presence: NDArray[np.float32]
    world: NDArray[np.float32]


class PoseDetector(ABC):
    """A pose network with a memory (`follow`) and without (`look`); one thread uses it."""

    name: str

    @abstractmethod
    def follow(self, image_bgr: NDArray[np.uint8]) -> list[RawPose]:
        """Return the figures in the next image of the stream, tracking those seen before."""

    @abstractmethod
    def look(self, image_bgr: NDArray[np.uint8]) -> list[RawPose]:
        """Return the figures in a single image; the memory is neither used nor changed."""

    @abstractmethod
    def forget(self) -> None:
        """Drop the memory, so that the next `follow` searches the whole image."""

    @abstractmethod
    def close(self) -> None:
        """Free the network; a second call does nothing."""


def check_image(image_bgr: NDArray[np.uint8]) -> tuple[int, int]:
    """Return (width, height) of a BGR image of any size.

    Raises:
        ShapeError: If it is not (height, width, 3) uint8, or empty.
    """
    if not isinstance(image_bgr, np.ndarray):
        raise ShapeError(
            f"pose estimator: expected a numpy image, got {type(image_bgr).__name__}; convert it "
            "to (height, width, 3) uint8 BGR"
        )
    if image_bgr.dtype != np.uint8 or image_bgr.ndim != 3 or image_bgr.shape[2] != 3:
        raise ShapeError(
            f"pose estimator: expected an image (height, width, 3) uint8 BGR, got "
            f"{image_bgr.shape} {image_bgr.dtype}; convert grey or 16-bit images first"
        )
    height, width = image_bgr.shape[:2]
    if not width or not height:
        raise ShapeError(f"pose estimator: the image is empty: {image_bgr.shape}")
    return width, height
