# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""One labelled recording of one person, whatever its source, and operations on its time axis."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ShapeError
from co_perception.skeleton.layouts import get_layout

__all__ = ["JOINTS", "Motion", "TRAINING_RATE", "resample"]

TRAINING_RATE = 15.0
"""Frames per second that the network is trained at."""

JOINTS = len(get_layout("common13"))


@dataclass(frozen=True)
class Motion:
    """A recording with a label for each frame.

    Attributes:
        points: (T, 13, D) float32, layout "common13". D = 3: metres in camera-like axes, x to the
            right, y down, z away from the viewer. D = 2: an image plane with square pixels in any
            unit, y down.
        labels: (T,) int16 class ids, or `IGNORE`, or `OTHER`.
        rate: Frames per second.
        source: Name of the data set.
        action: What the data set calls it.
        group: Whoever must not be on both sides of a split: subject or clip.
    """

    points: NDArray[np.float32]
    labels: NDArray[np.int16]
    rate: float
    source: str
    action: str
    group: str

    def __post_init__(self) -> None:
        if self.points.shape[1:2] != (JOINTS,) or self.points.shape[-1] not in (2, 3):
            raise ShapeError(
                f"Motion '{self.action}': expected points (T, {JOINTS}, 2 or 3) of layout "
                f"'common13', got {self.points.shape}; convert with skeleton.to_layout."
            )
        if self.labels.shape != self.points.shape[:1]:
            raise ShapeError(
                f"Motion '{self.action}': expected one label for each of {len(self.points)} "
                f"frames, got {self.labels.shape}."
            )

    def __len__(self) -> int:
        return len(self.points)

    def cut(self, start: int, stop: int) -> Motion:
        """Return the frames from `start` up to `stop`."""
        return replace(self, points=self.points[start:stop], labels=self.labels[start:stop])


def resample(motion: Motion, rate: float, *, speed: float = 1.0, offset: float = 0.0) -> Motion:
    """Bring a motion to another frame rate, by linear interpolation between its frames.

    Args:
        motion: The recording.
        rate: Frames per second of the result.
        speed: Above 1 the person moves faster, and the result is shorter.
        offset: Where between two frames of the result the first one lies, 0..1: another phase of
            the same recording.

    Returns:
        The motion at `rate`; each frame takes the label of the nearest recorded one.
    """
    step = motion.rate * speed / rate
    times = np.arange(offset * step, len(motion) - 1 + 1e-6, step)
    if not len(times):
        times = np.zeros(1)
    before = np.floor(times).astype(np.intp)
    after = np.minimum(before + 1, len(motion) - 1)
    share = (times - before).astype(np.float32)[:, None, None]
    points = motion.points[before] * (1.0 - share) + motion.points[after] * share
    nearest = np.where(times - before < 0.5, before, after)
    return replace(motion, points=points, labels=motion.labels[nearest], rate=rate)
