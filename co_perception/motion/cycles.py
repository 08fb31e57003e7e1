# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a style is made of: random draws, keys over one repetition, and the motion they give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from co_perception.motion.curves import FloatArray, KeyCurve, Wander
from co_perception.motion.pose import CHANNELS, SIZE, arm_detour, base_pose, edit_pose, mirror

__all__ = ["Cycle", "Draw", "Key", "PoseFunction", "as_motion", "hold", "keyed"]

PoseFunction = Callable[[FloatArray], FloatArray]
"""Poses (T, D) at times (T,) in seconds."""

Key = tuple[float, FloatArray]
"""Time in seconds and pose (D,)."""

_SWAY = {"root": 0.008, "pelvis": 0.014, "spine": 0.02, "head": 0.045}
_SWAY |= {"upper_l": 0.022, "upper_r": 0.022, "fore_l": 0.03, "fore_r": 0.03}


class Draw:
    """Random numbers of one performance, all from one generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def __call__(self, low: float, high: float) -> float:
        """Draw uniformly."""
        return float(self.rng.uniform(low, high))

    def yes(self, share: float = 0.5) -> bool:
        """Draw True with this probability."""
        return bool(self.rng.random() < share)

    def rest(self) -> FloatArray:
        """Draw a standing pose: arms and feet a little different in every performance."""
        pose = edit_pose(
            base_pose(),
            upper=(self(0.10, 0.24), -1.0, self(-0.12, 0.06)),
            fore=(self(-0.05, 0.10), -1.0, self(0.05, 0.30)),
            feet=(self(0.08, 0.15), 0.0, 0.0),
            foot_out=self(0.0, 0.25),
        )
        pose[CHANNELS["spine"].start + 1] = self(-0.02, 0.08)
        pose[CHANNELS["head"].start + 1] = self(-0.05, 0.10)
        return pose


@dataclass(frozen=True)
class Cycle:
    """One way to perform an activity.

    Attributes:
        poses: The performance as a function of time, left-handed.
        period: Length of a repetition; a transition's own length (seconds).
        repeats: False for transitions such as sitting down, which end in another posture.
        sway: How much of the standing body's wandering is added.
        sided: True if left and right may be swapped.
    """

    poses: PoseFunction
    period: float
    repeats: bool = True
    sway: float = 1.0
    sided: bool = True


def keyed(keys: list[Key], period: float, *, repeats: bool = True, sway: float = 1.0) -> Cycle:
    """Make a cycle of poses at rising times in [0, period)."""
    keys = _with_detours(keys, period if repeats else None)
    times = np.array([time for time, _ in keys])
    curve = KeyCurve(times, np.stack([pose for _, pose in keys]), period if repeats else None)
    return Cycle(curve, period, repeats=repeats, sway=sway)


def _with_detours(keys: list[Key], period: float | None) -> list[Key]:
    """Add a key half-way where an arm turns by more than a right angle."""
    out: list[Key] = []
    after = keys[1:] + ([(keys[0][0] + period, keys[0][1])] if period else [])
    for i, key in enumerate(keys):
        out.append(key)
        if i < len(after):
            detour = arm_detour(key[1], after[i][1])
            if np.abs(detour).max() > 1e-6:
                middle = 0.5 * (key[1] + after[i][1]) + detour
                out.append((0.5 * (key[0] + after[i][0]), middle))
    return out


def hold(pose: FloatArray, sway: float = 1.0) -> Cycle:
    """Make a cycle of one pose that only sways."""
    return Cycle(lambda t: np.repeat(pose[None], len(t), axis=0), period=1.0, sway=sway)


def as_motion(cycle: Cycle, draw: Draw, *, start: float = 0.0) -> PoseFunction:
    """Turn a cycle into a living performance.

    Repetitions differ a little in tempo and size, the body sways, and half of the performances
    are mirrored.

    Args:
        cycle: What to perform.
        draw: Randomness of this performance.
        start: Where in the cycle time 0 lies, seconds.
    """
    sway, size, tempo = Wander(draw.rng, SIZE), Wander(draw.rng, 1), Wander(draw.rng, 1)
    flip = cycle.sided and draw.yes()
    amount = np.zeros(SIZE)
    for name, spread in _SWAY.items():
        amount[CHANNELS[name]] = cycle.sway * spread
    amount[CHANNELS["root"].start + 1] = 0.0
    varied = np.ones(SIZE)
    for name in ("foot_l", "foot_r"):
        # Feet keep their place on the floor in every repetition; only their lift varies.
        varied[CHANNELS[name].start] = varied[CHANNELS[name].stop - 1] = 0.0
    varied[CHANNELS["foot_turn"]] = 0.0
    rest = cycle.poses(np.zeros(1))
    drift = 0.02 * cycle.period if cycle.repeats else 0.0
    first = tempo(np.zeros(1))

    def perform(t: FloatArray) -> FloatArray:
        t = np.asarray(t, np.float64)
        local = t + start + drift * (tempo(t) - first)[:, 0]
        poses = cycle.poses(local)
        if cycle.repeats:
            poses = poses + 0.05 * size(t) * varied * (poses - rest)
        poses = poses + amount * sway(t)
        join = CHANNELS["join"]
        poses[:, join] = np.clip(poses[:, join], 0.0, 1.0)
        return mirror(poses) if flip else poses

    return perform
