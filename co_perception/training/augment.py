# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What bodies and cameras make of a motion, drawn at random per sequence.

Shapes: N sequences, T frames, V = 13 joints of layout "common13". All functions are batched and
return new arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from co_perception.skeleton.layouts import get_layout

__all__ = [
    "MIRROR",
    "body_size",
    "mirror",
    "move_cameras",
    "vary_bodies",
    "vary_postures",
    "wander",
]

FloatArray = NDArray[np.float32]

MIRROR: NDArray[np.intp] = get_layout("common13").mirror
"""Index of each joint's twin on the other side."""

_NOSE, _SHOULDERS, _HIPS = 0, slice(1, 3), slice(7, 9)
_CHAINS = ((1, 3, 5), (2, 4, 6), (7, 9, 11), (8, 10, 12))
_ARM_LIFT_DEG, _LEAN_DEG = 16.0, 5.0
# In body heights per second, and as a share of the distance per second.
_MOVING_SHARE, _PAN_PER_SEC, _SHAKE_PER_SEC, _ZOOM_PER_SEC = 0.25, 0.3, 0.06, 0.05


def mirror(points: FloatArray) -> FloatArray:
    """Return the mirror image: x negated, left and right joints swapped. (..., 13, D)."""
    flipped: FloatArray = points[..., MIRROR, :].copy()
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
    result: FloatArray = points.copy()
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
    shake = np.cumsum(wander((count, frames, 1, 2), 0.8, rng), axis=1) / rate
    zoom = rng.normal(0.0, _ZOOM_PER_SEC, (count, 1, 1, 1)).astype(np.float32)
    drift = body_size(points) * (pan * time + _SHAKE_PER_SEC * shake)
    return np.asarray(points * np.exp(moving * zoom * time) + moving * drift, np.float32)


def wander(
    shape: tuple[int, int, int, int], memory: float, rng: np.random.Generator
) -> FloatArray:
    """Noise of unit variance that remembers its last value (first-order autoregressive)."""
    white = rng.standard_normal(shape, np.float32)
    fresh = np.float32(np.sqrt(1.0 - memory**2))
    for frame in range(1, shape[1]):
        white[:, frame] = memory * white[:, frame - 1] + fresh * white[:, frame]
    return white


def body_size(points: FloatArray) -> FloatArray:
    """Typical extent of each person over the sequence, (N, 1, 1, 1)."""
    extent = (points.max(axis=2) - points.min(axis=2)).max(axis=-1)
    return np.asarray(np.percentile(extent, 80, axis=1), np.float32)[:, None, None, None]
