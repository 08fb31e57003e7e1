# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a pose estimator does to clean joints, drawn at random per sequence.

Shapes: N sequences, T frames, V = 13 joints of layout "common13", as in `augment`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from co_perception.training.augment import body_size, wander

__all__ = ["degrade"]

FloatArray = NDArray[np.float32]

_LIMBS = (
    *([3, 5], [4, 6], [9, 11], [10, 12], [9, 10, 11, 12], [3, 4, 5, 6]),
    *([0], [5], [6], [5, 6], [7, 8, 9, 10, 11, 12]),
)
# Images that are 1 to 3.2 frames apart: a camera of 5 to 15 Hz.
_SLOW_SHARE, _SLOW_FRAMES = 0.25, (1.0, 3.2)
# How much more one joint jitters than another: hands and feet most. Chosen, not measured.
_JITTER = np.array([0.8, 0.7, 0.7, 1.0, 1.0, 1.5, 1.5, 0.7, 0.7, 0.9, 0.9, 1.2, 1.2], np.float32)


def degrade(points: FloatArray, rng: np.random.Generator, strength: float = 1.0) -> FloatArray:
    """Make clean projections look like a pose estimator's output.

    Jitter (white and slow, larger at hands and feet), a constant bias per joint (no two label the
    same hip), limbs that are hidden, guessed or missing, swapped legs, a slow camera, and the
    delay of a smoothing filter.

    Args:
        points: (N, T, 13, 2) image plane, square pixels, any unit.
        rng: Draws the faults.
        strength: Scale of the jitter; 0 leaves positions as they are.

    Returns:
        (N, T, 13, 3): x, y, visibility; missing joints are (NaN, NaN, 0).
    """
    count, frames = points.shape[:2]
    size = body_size(points) * _JITTER[:, None]
    shape = points.shape

    def level(largest: float) -> FloatArray:
        # Squared: most sequences are nearly clean.
        drawn = strength * largest * rng.random((count, 1, 1, 1), np.float32) ** 2
        return np.asarray(drawn, np.float32)

    bias = rng.standard_normal((count, 1, *shape[2:]), np.float32)
    slow = wander(shape, 0.85, rng)
    white = rng.standard_normal(shape, np.float32)
    xy = points + size * (level(0.03) * bias + level(0.02) * slow + level(0.012) * white)
    visibility = _visibility(count, frames, rng)
    for index, when in _episodes(count, frames, 0.35, rng):
        _hide(xy[index, when], visibility[index, when], size[index, 0], rng)
    for index, when in _episodes(count, frames, 0.06, rng):
        legs = [8, 7, 10, 9, 12, 11]
        xy[index, when, 7:] = xy[index, when][:, legs]
    _slow_down(xy, rng)
    _smooth(xy, rng)
    result = np.concatenate([xy, visibility[..., None]], axis=-1)
    result[visibility <= 0.0] = (np.nan, np.nan, 0.0)
    return np.asarray(result, np.float32)


def _visibility(count: int, frames: int, rng: np.random.Generator) -> FloatArray:
    """Visibilities (N, T, 13) as an estimator gives them: high, seldom exactly 1."""
    certain = rng.random((count, 1, 1)) < 0.3
    drift = wander((count, frames, len(_JITTER), 1), 0.9, rng)[..., 0]
    loss = np.abs(drift) * 0.12 * rng.random((count, 1, 1), np.float32)
    joint_loss = 0.25 * rng.random((count, 1, len(_JITTER)), np.float32) ** 4
    visibility = np.where(certain, 1.0, 0.999 - loss - joint_loss)
    return np.asarray(visibility.clip(0.05, 1.0), np.float32)


def _hide(
    xy: FloatArray, visibility: FloatArray, size: FloatArray, rng: np.random.Generator
) -> None:
    """Hide a limb in place: guessed with little visibility, or missing."""
    limb = _LIMBS[int(rng.integers(len(_LIMBS)))]
    if rng.random() < 0.4:
        visibility[:, limb] = 0.0
        return
    visibility[:, limb] *= rng.uniform(0.03, 0.7)
    spread = 0.08 * rng.random()
    # A guessed joint wanders rather than trembles.
    guess = wander((1, len(xy), len(limb), 2), 0.7, rng)[0]
    xy[:, limb] += spread * size[limb] * guess


def _slow_down(xy: FloatArray, rng: np.random.Generator) -> None:
    """See some sequences in place through a slower camera.

    Half of them repeat the last image, the others go straight from one image to the next, which is
    what the engine makes of poses at less than the network's rate.
    """
    frames = np.arange(xy.shape[1], dtype=np.float32)
    for index in np.flatnonzero(rng.random(len(xy)) < _SLOW_SHARE):
        seen = np.arange(rng.random(), xy.shape[1] + 4, rng.uniform(*_SLOW_FRAMES))
        kept = np.unique(np.minimum(np.rint(seen), xy.shape[1] - 1).astype(np.intp))
        kept[0] = 0
        if rng.random() < 0.5:
            xy[index] = xy[index, kept[np.searchsorted(kept, frames, side="right") - 1]]
            continue
        flat = xy[index].reshape(len(frames), -1)
        columns = [np.interp(frames, kept, column[kept]) for column in flat.T]
        xy[index] = np.stack(columns, axis=1).reshape(xy.shape[1:])


def _smooth(xy: FloatArray, rng: np.random.Generator) -> None:
    """Filter some sequences in place, exponentially and causally."""
    keep = np.where(rng.random(len(xy)) < 0.5, rng.uniform(0.0, 0.5, len(xy)), 0.0)
    keep_N11 = keep.astype(np.float32)[:, None, None]
    for frame in range(1, xy.shape[1]):
        xy[:, frame] += keep_N11 * (xy[:, frame - 1] - xy[:, frame])


def _episodes(
    count: int, frames: int, chance: float, rng: np.random.Generator
) -> list[tuple[int, slice]]:
    """Draw for some of the sequences one interval of frames, now and then all of them."""
    found = []
    for index in np.flatnonzero(rng.random(count) < chance):
        length = frames if rng.random() < 0.4 else int(rng.integers(3, max(4, frames // 2)))
        start = int(rng.integers(0, frames - length + 1))
        found.append((int(index), slice(start, start + length)))
    return found
