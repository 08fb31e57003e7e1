# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Find where in a recording the person acts, and where they only stand.

A Kinder-Gator recording is a T-pose, arms down, a still stand, the action, a still stand. A
network that answers at each frame must not learn that a person who stands is about to jump.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from co_perception.training.classes import CLASSES, IGNORE

__all__ = ["label_recording"]

_NOSE, _WRISTS, _HIPS = 0, (5, 6), (7, 8)
_REST_SEC = 0.3
_SMOOTH_SEC = 0.35
_T_POSE_SEC = 3.0
"""The arms are down from the T-pose within this time."""
_ARMS_DOWN = 0.15
"""Share of the way from the T-pose to arms down that may be missing when the recording counts."""
_AWAY_M, _AWAY_SHARE = 0.10, 0.2
"""A joint this far from where it rests, and this share of its farthest, belongs to an action."""
_STILL_M, _STILL_MPS = 0.10, 0.30
_GAIT_MPS = 0.45
"""Walking and running in place move joints little, but never let them rest."""
_GAP_SEC = 0.7
"""Shorter rests are part of the action (between two jumps)."""
_GAITS = (CLASSES.index("walk"), CLASSES.index("run"))


def _smooth(values: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    kernel = np.ones(frames) / frames
    padded = np.pad(values, (frames // 2, frames - 1 - frames // 2), mode="edge")
    return np.convolve(padded, kernel, mode="valid").astype(np.float32)


def _first_rest(points: NDArray[np.float32], rate: float) -> int:
    """Index of the first frame with the arms down."""
    start = points[: max(1, round(_T_POSE_SEC * rate))]
    hips = start[:, _HIPS, :].mean(axis=1, keepdims=True)
    wrists = start[:, _WRISTS, :] - hips
    raised = (np.abs(wrists[..., 0]) - wrists[..., 1]).max(axis=1)
    low, high = float(raised.min()), float(raised[0])
    return int(np.argmax(raised <= low + _ARMS_DOWN * (high - low)))


def _close_gaps(acting: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    """Fill rests that are not longer than `frames`."""
    closed: NDArray[np.bool_] = acting.copy()
    edges = np.flatnonzero(acting)
    for before, after in zip(edges, edges[1:], strict=False):
        if after - before <= frames:
            closed[before:after] = True
    return closed


def label_recording(
    points: NDArray[np.float32], rate: float, label: int
) -> tuple[NDArray[np.int16], int]:
    """Label each frame of a recording of one action.

    Args:
        points: (T, 13, 3) metres, y down.
        rate: Frames per second.
        label: Class id of the action, or `OTHER`.

    Returns:
        (T,) labels: `label` while the person acts, "stand" while they rest, `IGNORE` between;
        and the first frame that is worth keeping (the T-pose is over).
    """
    rest = max(1, round(_REST_SEC * rate))
    first = max(0, min(_first_rest(points, rate), len(points) - rest))
    poses = [np.median(p, axis=0) for p in (points[first : first + rest], points[-rest:])]
    away = np.min([np.linalg.norm(points - pose, axis=-1).max(axis=1) for pose in poses], axis=0)
    speed = np.linalg.norm(np.gradient(points, 1.0 / rate, axis=0), axis=-1).max(axis=1)
    speed = _smooth(speed, max(1, round(_SMOOTH_SEC * rate)))
    acting = away > max(_AWAY_M, _AWAY_SHARE * float(away[first:].max()))
    if label in _GAITS:
        acting |= speed > _GAIT_MPS
    acting[:first] = False
    acting = _close_gaps(acting, round(_GAP_SEC * rate))
    labels = np.full(len(points), IGNORE, np.int16)
    labels[(away < _STILL_M) & (speed < _STILL_MPS)] = CLASSES.index("stand")
    labels[acting] = label
    labels[:first] = IGNORE
    return labels, first
