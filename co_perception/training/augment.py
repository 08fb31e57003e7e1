# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What bodies, cameras and pose estimators do to a motion, drawn at random per sequence.

Shapes: N sequences, T frames, V = 13 joints of layout "common13". All functions are batched and
return new arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from co_perception.skeleton.layouts import get_layout

__all__ = ["MIRROR", "degrade", "mirror", "move_cameras", "vary_bodies", "vary_postures"]

FloatArray = NDArray[np.float32]

_LAYOUT = get_layout("common13")
MIRROR = _LAYOUT.mirror
"""Index of each joint's twin on the other side."""

_NOSE, _SHOULDERS, _HIPS = 0, slice(1, 3), slice(7, 9)
_CHAINS = ((1, 3, 5), (2, 4, 6), (7, 9, 11), (8, 10, 12))
_LIMBS = (
    *([3, 5], [4, 6], [9, 11], [10, 12], [9, 10, 11, 12], [3, 4, 5, 6]),
    *([0], [5], [6], [5, 6], [7, 8, 9, 10, 11, 12]),
)
_ARM_LIFT_DEG, _LEAN_DEG = 16.0, 5.0
# In body heights per second, and as a share of the distance per second.
_MOVING_SHARE, _PAN_PER_SEC, _SHAKE_PER_SEC, _ZOOM_PER_SEC = 0.25, 0.3, 0.06, 0.05
# How much more one joint jitters than another: hands and feet most (MediaPipe on rendered and
# real clips, root-mean-square against the reference).
_JITTER = np.array([0.8, 0.7, 0.7, 1.0, 1.0, 1.5, 1.5, 0.7, 0.7, 0.9, 0.9, 1.2, 1.2], np.float32)


def mirror(points: FloatArray) -> FloatArray:
    """Return the mirror image: x negated, left and right joints swapped. (..., 13, D)."""
    flipped = points[..., MIRROR, :].copy()
    flipped[..., 0] *= -1.0
    return flipped


def vary_bodies(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Give each motion another body: limb lengths, shoulder and hip breadth, head.

    Args:
        points: (N, T, 13, D), D = 2 or 3.
        rng: Draws the bodies.

    Returns:
        The same poses with changed lengths, (N, T, 13, D); the middle of the hips stays.
    """
    count = len(points)

    def factor(spread: float) -> FloatArray:
        drawn = np.exp(rng.normal(0.0, spread, count)).astype(np.float32)
        return drawn[:, None, None]

    result = np.empty_like(points)
    root = points[:, :, _HIPS].mean(axis=2)
    chest = points[:, :, _SHOULDERS].mean(axis=2)
    new_chest = root + factor(0.06) * (chest - root)
    result[:, :, _NOSE] = new_chest + factor(0.1) * (points[:, :, _NOSE] - chest)
    breadths = ((_SHOULDERS, chest, new_chest, 0.08), (_HIPS, root, root, 0.2))
    for part, middle, new_middle, spread in breadths:
        around = points[:, :, part] - middle[:, :, None]
        result[:, :, part] = new_middle[:, :, None] + factor(spread)[..., None] * around
    for pair in (_CHAINS[:2], _CHAINS[2:]):
        lengths = (factor(0.06), factor(0.06))
        for chain in pair:
            for inner, outer, length in zip(chain, chain[1:], lengths, strict=False):
                bone = points[:, :, outer] - points[:, :, inner]
                result[:, :, outer] = result[:, :, inner] + length * bone
    return result


def vary_postures(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Lift or lower both arms and lean the upper body, by angles that stay over each sequence.

    Nobody waves, claps or pushes at the same height as another, nor stands equally upright. The
    turn is about the line through the shoulders (hips), so that hands that meet still meet.

    Args:
        points: (N, T, 13, 3) metres.
        rng: Draws the angles.
    """
    result = points.copy()
    across = points[:, :, 7] - points[:, :, 8] + points[:, :, 1] - points[:, :, 2]
    axis = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-6)
    lift = np.deg2rad(rng.normal(0.0, _ARM_LIFT_DEG, len(points))).astype(np.float32)
    lean = np.deg2rad(rng.normal(0.0, _LEAN_DEG, len(points))).astype(np.float32)
    for chain in _CHAINS[:2]:
        _turn_about(result, list(chain[1:]), points[:, :, chain[0]], axis, lift)
    _turn_about(result, list(range(7)), points[:, :, _HIPS].mean(axis=2), axis, lean)
    return result


def _turn_about(
    points: FloatArray, joints: list[int], centre: FloatArray, axis: FloatArray, angle: FloatArray
) -> None:
    """Turn joints in place about an axis through a centre; both differ from frame to frame.

    Args:
        points: (N, T, 13, 3).
        joints: Which ones.
        centre: (N, T, 3).
        axis: (N, T, 3) unit vectors.
        angle: (N,) radians.
    """
    arm = points[:, :, joints] - centre[:, :, None]
    axis_NT13 = np.broadcast_to(axis[:, :, None], arm.shape)
    cos = np.cos(angle)[:, None, None, None]
    sin = np.sin(angle)[:, None, None, None]
    along = (arm * axis_NT13).sum(axis=-1, keepdims=True) * axis_NT13
    turned = along + cos * (arm - along) + sin * np.cross(axis_NT13, arm)
    points[:, :, joints] = centre[:, :, None] + turned


def move_cameras(points: FloatArray, rng: np.random.Generator, rate: float = 15.0) -> FloatArray:
    """Let some cameras pan, shake and come closer: the person then drifts through the image.

    Args:
        points: (N, T, 13, 2) image plane.
        rng: Draws the movements.
        rate: Frames per second.
    """
    count, frames = points.shape[:2]
    moving = (rng.random((count, 1, 1, 1)) < _MOVING_SHARE).astype(np.float32)
    time = (np.arange(frames, dtype=np.float32) - frames / 2)[:, None, None] / rate
    pan = rng.normal(0.0, _PAN_PER_SEC, (count, 1, 1, 2)).astype(np.float32)
    pan[..., 1] *= 0.3
    shake = np.cumsum(_wander((count, frames, 1, 2), 0.8, rng), axis=1) / rate
    zoom = rng.normal(0.0, _ZOOM_PER_SEC, (count, 1, 1, 1)).astype(np.float32)
    drift = _body_size(points) * (pan * time + _SHAKE_PER_SEC * shake)
    return np.asarray(points * np.exp(moving * zoom * time) + moving * drift, np.float32)


def _wander(
    shape: tuple[int, int, int, int], memory: float, rng: np.random.Generator
) -> FloatArray:
    """Noise of unit variance that remembers its last value (first-order autoregressive)."""
    white = rng.standard_normal(shape, np.float32)
    fresh = np.float32(np.sqrt(1.0 - memory**2))
    for frame in range(1, shape[1]):
        white[:, frame] = memory * white[:, frame - 1] + fresh * white[:, frame]
    return white


def _body_size(points: FloatArray) -> FloatArray:
    """Typical extent of each person over the sequence, (N, 1, 1, 1)."""
    extent = (points.max(axis=2) - points.min(axis=2)).max(axis=-1)
    return np.asarray(np.percentile(extent, 80, axis=1), np.float32)[:, None, None, None]


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


def degrade(points: FloatArray, rng: np.random.Generator, strength: float = 1.0) -> FloatArray:
    """Make clean projections look like a pose estimator's output.

    Jitter (white and slow, larger at hands and feet), a constant bias per joint (no two label the
    same hip), limbs that are hidden, guessed or missing, swapped legs, frames that repeat the last
    one, and the delay of a smoothing filter.

    Args:
        points: (N, T, 13, 2) image plane, square pixels, any unit.
        rng: Draws the faults.
        strength: Scale of the jitter; 0 leaves positions as they are.

    Returns:
        (N, T, 13, 3): x, y, visibility; missing joints are (NaN, NaN, 0).
    """
    count, frames = points.shape[:2]
    size = _body_size(points) * _JITTER[:, None]
    shape = points.shape

    def level(largest: float) -> FloatArray:
        # Squared: most sequences are nearly clean.
        drawn = strength * largest * rng.random((count, 1, 1, 1), np.float32) ** 2
        return np.asarray(drawn, np.float32)

    bias = rng.standard_normal((count, 1, *shape[2:]), np.float32)
    slow = _wander(shape, 0.85, rng)
    white = rng.standard_normal(shape, np.float32)
    xy = points + size * (level(0.03) * bias + level(0.02) * slow + level(0.012) * white)
    visibility = _visibility(count, frames, rng)
    for index, when in _episodes(count, frames, 0.35, rng):
        _hide(xy[index, when], visibility[index, when], size[index, 0], rng)
    for index, when in _episodes(count, frames, 0.06, rng):
        legs = [8, 7, 10, 9, 12, 11]
        xy[index, when, 7:] = xy[index, when][:, legs]
    _repeat_frames(xy, rng)
    _smooth(xy, rng)
    result = np.concatenate([xy, visibility[..., None]], axis=-1)
    result[visibility <= 0.0] = (np.nan, np.nan, 0.0)
    return np.asarray(result, np.float32)


def _visibility(count: int, frames: int, rng: np.random.Generator) -> FloatArray:
    """Visibilities (N, T, 13) as an estimator gives them: high, seldom exactly 1."""
    certain = rng.random((count, 1, 1)) < 0.3
    wander = _wander((count, frames, len(_JITTER), 1), 0.9, rng)[..., 0]
    loss = np.abs(wander) * 0.12 * rng.random((count, 1, 1), np.float32)
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
    spread = 0.06 * rng.random()
    xy[:, limb] += spread * size[limb] * rng.standard_normal((len(xy), len(limb), 2))


def _repeat_frames(xy: FloatArray, rng: np.random.Generator) -> None:
    """Let some sequences stutter in place, as cameras below the network's rate do."""
    for index in np.flatnonzero(rng.random(len(xy)) < 0.15):
        held = np.flatnonzero(rng.random(xy.shape[1] - 1) < rng.uniform(0.1, 0.5)) + 1
        for frame in held:
            xy[index, frame] = xy[index, frame - 1]


def _smooth(xy: FloatArray, rng: np.random.Generator) -> None:
    """Filter some sequences in place, exponentially and causally."""
    keep = np.where(rng.random(len(xy)) < 0.5, rng.uniform(0.0, 0.5, len(xy)), 0.0)
    keep_N11 = keep.astype(np.float32)[:, None, None]
    for frame in range(1, xy.shape[1]):
        xy[:, frame] += keep_N11 * (xy[:, frame - 1] - xy[:, frame])
