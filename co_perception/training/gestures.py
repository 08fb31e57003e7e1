# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""People who stand: with their arms held somehow (that is standing), or talking with their hands.

The sources have people whose arms hang or act. A network that saw no others takes folded hands for
clapping. Arms held still are labelled "stand", arms that move about without being any of the
classes are `OTHER`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from co_perception.training.classes import CLASSES, OTHER
from co_perception.training.motions import Motion
from co_perception.training.self_made import script_motion

__all__ = ["generate_standing"]

FloatArray = NDArray[np.float64]

# Where a hand may be, from its shoulder, in arm lengths: outward, up, forward.
_HELD = np.array(
    [
        (0.05, -0.97, 0.05),  # hanging
        (-0.25, -0.65, 0.30),  # folded before the belly
        (-0.20, -0.25, 0.45),  # before the chest: reading, holding a telephone
        (0.10, -0.80, 0.12),  # in a pocket
        (-0.25, -0.72, -0.25),  # behind the back
        (-0.05, 0.25, 0.20),  # at the ear
        (0.22, -0.55, 0.00),  # on the hip
        (-0.45, -0.30, 0.25),  # arms crossed
    ]
)
_BOX_LOW, _BOX_HIGH = np.array([-0.35, -0.90, 0.05]), np.array([0.50, 0.30, 0.75])
_SCATTER = 0.07
_MOVE_SEC = (0.3, 1.1)
_SWAY = 0.01
_REACH = (0.25, 0.98)
_ARMS = ((1, 3, 5), (2, 4, 6))
_SECONDS = (4.0, 6.0)


def generate_standing(count: int, *, seed: int, split: str = "train") -> list[Motion]:
    """Perform `count` people who stand; every second one moves the arms about (`OTHER`).

    Args:
        count: Number of motions.
        seed: Equal seeds give equal motions within a split.
        split: Of the body and the way of standing.
    """
    motions = []
    for index in range(count):
        rng = np.random.default_rng([seed, index, 5])
        script = seed * 1_000_003 + index
        base = script_motion(["stand"], seed=script, split=split, seconds=_SECONDS)
        moving = index % 2 == 1
        paths = _paths(len(base), base.rate, moving, rng)
        points = base.points.copy()
        for side, (joints, path) in enumerate(zip(_ARMS, paths, strict=True)):
            _place_arm(points, joints, path, outward=(1.0, -1.0)[side])
        label = OTHER if moving else CLASSES.index("stand")
        labels = np.full(len(base), label, np.int16)
        motions.append(replace(base, points=points, labels=labels))
    return motions


def _paths(
    frames: int, rate: float, moving: bool, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Where the left and the right hand are, (T, 3) each; often alike on both sides."""
    alike = rng.random() < 0.5
    if not moving:
        chosen = _HELD[rng.integers(len(_HELD), size=2)]
        if alike:
            chosen[1] = chosen[0]
        chosen = chosen + rng.normal(0.0, _SCATTER, (2, 3))
        sway = np.cumsum(rng.normal(0.0, _SWAY / np.sqrt(rate), (2, frames, 3)), axis=1)
        return chosen[0] + sway[0], chosen[1] + sway[1]
    left = _wander(frames, rate, rng)
    if alike:
        return left, left + rng.normal(0.0, _SCATTER, 3)
    if rng.random() < 0.5:  # one hand talks, the other is held
        held = np.repeat(_HELD[rng.integers(len(_HELD))][None], frames, axis=0)
        return (left, held) if rng.random() < 0.5 else (held, left)
    return left, _wander(frames, rate, rng)


def _wander(frames: int, rate: float, rng: np.random.Generator) -> FloatArray:
    """Move a hand smoothly from one random place to the next."""
    middle = rng.uniform(_BOX_LOW, _BOX_HIGH)
    spread = rng.uniform(0.3, 1.0)
    times, places = [0.0], [middle]
    while times[-1] < frames / rate:
        times.append(times[-1] + float(rng.uniform(*_MOVE_SEC)))
        target = rng.uniform(_BOX_LOW, _BOX_HIGH)
        places.append(middle + spread * (target - middle))
    t = np.arange(frames) / rate
    index = np.clip(np.searchsorted(times, t, side="right") - 1, 0, len(times) - 2)
    start, stop = np.array(times)[index], np.array(times)[index + 1]
    share = (t - start) / (stop - start)
    eased = (share**2 * (3.0 - 2.0 * share))[:, None]
    known = np.array(places)
    return np.asarray(known[index] + eased * (known[index + 1] - known[index]))


def _place_arm(
    points: NDArray[np.float32], joints: tuple[int, int, int], path: FloatArray, outward: float
) -> None:
    """Let a hand follow its path, in place; the elbow bends down and outward.

    Args:
        points: (T, 13, 3) metres, y down, a person who faces the viewer.
        joints: Shoulder, elbow and wrist.
        path: (T, 3) outward, up and forward of the shoulder, in arm lengths.
        outward: 1 for the left arm, -1 for the right.
    """
    shoulder, elbow, wrist = (points[:, joint].astype(np.float64) for joint in joints)
    upper = np.linalg.norm(elbow - shoulder, axis=1).mean()
    lower = np.linalg.norm(wrist - elbow, axis=1).mean()
    across = points[:, 1].astype(np.float64) - points[:, 2]
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    up = np.array([0.0, -1.0, 0.0])
    ahead = np.cross(across, up)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    aim = outward * path[:, :1] * across + path[:, 1:2] * up + path[:, 2:] * ahead
    length = np.linalg.norm(aim, axis=1, keepdims=True)
    aim /= np.maximum(length, 1e-6)
    reach = np.clip(length, *_REACH) * (upper + lower)
    along = (upper**2 - lower**2 + reach**2) / (2.0 * reach)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    pole = 0.6 * outward * across - up - 0.3 * ahead
    pole -= (pole * aim).sum(axis=1, keepdims=True) * aim
    pole /= np.maximum(np.linalg.norm(pole, axis=1, keepdims=True), 1e-6)
    points[:, joints[1]] = shoulder + along * aim + aside * pole
    points[:, joints[2]] = shoulder + reach * aim
