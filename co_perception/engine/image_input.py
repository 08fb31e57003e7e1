# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From an image as it comes to the frame that a whole-image model was trained on.

    640 x 480  -- short side to 182 -->  243 x 182  -- centre crop -->  160 x 160  -> (3, 160, 160)

Pure numpy: the engine needs no image library, and the same image gives the same bits with any. Of
an image only the pixels that its frame needs are copied; it is scaled if a tick takes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.activity import Reason
from co_perception.engine.model_input import ModelInput
from co_perception.engine.sample import Feeder, Intake
from co_perception.errors import ShapeError

__all__ = ["ImageIntake", "Picture", "check_image", "to_frame"]


def to_frame(image: NDArray[np.uint8], given: ModelInput) -> NDArray[np.float32]:
    """Return an image as a frame of a video model.

    Scaled bilinearly between pixel centres without smoothing, as the published networks were
    trained (SlowFast and pytorchvideo, `interpolate(mode="bilinear")`).

    Args:
        image: (H, W, 3) uint8, RGB, of any size.
        given: The model's input: frame size, short side, mean and std.

    Returns:
        (3, height, width) float32, contiguous.

    Raises:
        ShapeError: If the image has another shape or type.
    """
    check_image(image)
    return _Cut.of(image, given).to_frame(given)


@dataclass(frozen=True)
class _Taps:
    """Along one axis, which two pixels each output lies between: share 0 (first)..1 (second)."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    share: NDArray[np.float32]


@dataclass(frozen=True)
class _Cut:
    """What a frame needs of an image, copied but not scaled yet: that is work for those fed only.

    Attributes:
        above: (height, n, 3) uint8, the pixel rows above those of the frame.
        below: (height, n, 3) uint8, the pixel rows below them.
        rows: Where the frame's rows lie between the two.
        columns: Which of the n columns its columns lie between.
    """

    above: NDArray[np.uint8]
    below: NDArray[np.uint8]
    rows: _Taps
    columns: _Taps

    @classmethod
    def of(cls, image: NDArray[np.uint8], given: ModelInput) -> _Cut:
        size = (image.shape[0], image.shape[1])
        rows = _taps(size[0], given.height, *_scale(size, given, axis=0))
        columns = _taps(size[1], given.width, *_scale(size, given, axis=1))
        left, right = columns.first[0], columns.second[-1] + 1
        strip = image[:, left:right]
        moved = _Taps(columns.first - left, columns.second - left, columns.share)
        return cls(_copy_rows(strip, rows.first), _copy_rows(strip, rows.second), rows, moved)

    def to_frame(self, given: ModelInput) -> NDArray[np.float32]:
        lines = _mix(self.above, self.below, self.rows.share[:, None, None])
        before, after = lines[:, self.columns.first], lines[:, self.columns.second]
        pixels = _mix(before, after, self.columns.share[:, None])
        mean, std = np.array(given.mean, np.float32), np.array(given.std, np.float32)
        pixels *= 1 / (np.float32(255) * std)
        pixels -= mean / std
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _copy_rows(image: NDArray[np.uint8], rows: NDArray[np.intp]) -> NDArray[np.uint8]:
    # A BGR image comes as a view with its channels turned around, and pixels are copied 30 times
    # as fast in the order in which they lie.
    if image.strides[2] < 0:
        return image[..., ::-1][rows][..., ::-1]
    return image[rows]


def _mix(
    first: NDArray[Any], second: NDArray[Any], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return what lies at a share 0 (first)..1 (second) between two arrays."""
    mixed = second.astype(np.float32)
    mixed -= first
    mixed *= share
    mixed += first
    return mixed


def check_image(image: object) -> None:
    """Check that something is an image.

    Raises:
        ShapeError: If it is not (H, W, 3) uint8, or has no pixels.
    """
    if not isinstance(image, np.ndarray):
        got = f"a {type(image).__name__}"
    elif image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8 and image.size:
        return
    else:
        got = f"shape {image.shape} of {image.dtype}"
    raise ShapeError(
        f"Whole-image model: expected an RGB image (H, W, 3) of uint8, got {got}; repeat a "
        "grayscale image three times (np.repeat(image[..., None], 3, axis=2)), scale floats to "
        "0..255 and convert them."
    )


def _scale(size: tuple[int, ...], given: ModelInput, *, axis: int) -> tuple[float, int]:
    """Return input pixels per scaled pixel along an axis, and how many scaled pixels it has."""
    if not given.short_side:  # the whole picture, its sides scaled apart
        wanted = (given.height, given.width)[axis]
        return size[axis] / wanted, wanted
    # Sides are whole pixels, rounded down, and each axis is scaled by its own ratio.
    scaled = max(size[axis] * given.short_side // min(size), 1)
    return size[axis] / scaled, scaled


@lru_cache(maxsize=64)
def _taps(pixels: int, wanted: int, ratio: float, scaled: int) -> _Taps:
    """Return the taps of a centre crop of `wanted` out of `scaled` pixels."""
    start = round((scaled - wanted) / 2)
    at = ((np.arange(wanted) + start + 0.5) * ratio - 0.5).clip(0, pixels - 1)
    first = np.floor(at).astype(np.intp)
    return _Taps(first, np.minimum(first + 1, pixels - 1), (at - first).astype(np.float32))


@dataclass(frozen=True)
class Picture:
    """What a frame needs, at the stamp of its image.

    Attributes:
        stamp_ns: Stamp of the image.
        cut: Its pixels.
    """

    stamp_ns: int
    cut: _Cut

    def between(self, later: Picture, stamp_ns: int) -> Picture:
        """Return the nearer of two pictures: a mixture of both would show everything twice."""
        is_nearer = stamp_ns - self.stamp_ns <= later.stamp_ns - stamp_ns
        return self if is_nearer else later


class ImageIntake(Intake):
    """Whole images: each is scaled on its own, so that a camera may change its resolution.

    Args:
        given: The model's input.
    """

    is_per_camera = True

    def __init__(self, given: ModelInput) -> None:
        self._given = given

    def to_sample(self, item: NDArray[np.uint8] | None, stamp_ns: int) -> Picture | Reason:
        """Return an image as a picture; None, a camera without one, is LOST.

        Raises:
            ShapeError: If it is not (H, W, 3) uint8.
        """
        if item is None:
            return Reason.LOST
        check_image(item)
        return Picture(stamp_ns, _Cut.of(item, self._given))

    def make_feeder(self) -> Feeder:
        """Return a feeder of pictures."""
        return _PictureFeeder(self._given)


class _PictureFeeder(Feeder):
    """Scales pictures; no frame depends on the one before."""

    def __init__(self, given: ModelInput) -> None:
        self._given = given

    def step(self, sample: Picture) -> NDArray[np.float32]:
        return sample.cut.to_frame(self._given)

    def reset(self) -> None:
        """Do nothing: there is nothing to forget."""
