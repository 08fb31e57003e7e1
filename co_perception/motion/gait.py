# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Walking and running: a path over the floor, footsteps planted along it, a body that follows.

Each foot stands still while it carries (unless on a treadmill) and swings to its next place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from co_perception.motion.curves import FloatArray, KeyCurve
from co_perception.motion.cycles import Cycle, Draw
from co_perception.motion.pose import CHANNELS, SIZE

__all__ = ["Gait", "Path", "circle", "gait_cycle", "in_place", "stadium", "treadmill"]

Path = Callable[[FloatArray], FloatArray]
"""Place on the floor at times (T,): left, forward (metres) and heading to the left (T, 3)."""


@dataclass(frozen=True)
class Gait:
    """How a person walks or runs.

    Attributes:
        stride: Seconds from one left step to the next.
        stance: Share of the stride that a foot stands; below one half both feet fly at times.
        lift: Height of the sole in mid-swing, metres.
        carry: How far the swinging foot is carried ahead (positive) or kicked back, metres.
        width: Distance of each foot from the path, metres.
        drop: How far the pelvis rides below standing height, metres.
        bob: Rise and fall of the pelvis, metres; positive is highest over the standing foot.
        roll: How much the foot rolls from heel to toe, 0..1.
        arm: Swing of the upper arm to either side, radians.
        elbow: Bend of the elbow, radians.
        lean: Forward lean of the trunk, radians.
        out: How far the elbows stand off.
    """

    stride: float
    stance: float
    lift: float
    carry: float
    width: float
    drop: float
    bob: float
    roll: float
    arm: float
    elbow: float
    lean: float
    out: float


def in_place() -> Path:
    """Stay on the spot."""
    return lambda t: np.zeros((len(t), 3))


def treadmill(speed: float) -> tuple[Path, float]:
    """Stay on the spot while the floor runs back with `speed`, m/s."""

    def path(t: FloatArray) -> FloatArray:
        return np.stack([0.0 * t, speed * t, 0.0 * t], -1)

    return path, speed


def circle(speed: float, radius: float, heading: float) -> Path:
    """Go round a point, to the left; starts at the origin."""

    def path(t: FloatArray) -> FloatArray:
        turn = speed * t / radius
        left, ahead = radius * (1.0 - np.cos(turn)), radius * np.sin(turn)
        return _turned(left - radius, ahead, turn, heading)

    return path


def stadium(speed: float, straight: float, radius: float, heading: float) -> Path:
    """Go to and fro on two lines joined by half circles; starts in the middle of a line."""
    arc = np.pi * radius
    # Distance walked at the corners, and the centre of the half circle that begins there.
    marks = np.cumsum([0.5 * straight, arc, straight, arc, 0.5 * straight])

    def path(t: FloatArray) -> FloatArray:
        laps, s = np.divmod(speed * t, marks[-1])
        part = np.searchsorted(marks, s, side="right")
        first, second = (s - marks[0]) / radius, (s - marks[2]) / radius
        left = np.choose(
            part,
            [
                0.0 * s,
                radius * (1.0 - np.cos(first)),
                0.0 * s + 2.0 * radius,
                radius * (1.0 + np.cos(second)),
                0.0 * s,
            ],
        )
        ahead = np.choose(
            part,
            [
                s,
                0.5 * straight + radius * np.sin(first),
                0.5 * straight - (s - marks[1]),
                -0.5 * straight - radius * np.sin(second),
                s - marks[-1],
            ],
        )
        turn = np.choose(
            part, [0.0 * s, first, 0.0 * s + np.pi, np.pi + second, 0.0 * s + 2 * np.pi]
        )
        return _turned(left - radius, ahead, turn + 2 * np.pi * laps, heading)

    return path


def _turned(left: FloatArray, ahead: FloatArray, turn: FloatArray, heading: float) -> FloatArray:
    c, s = np.cos(heading), np.sin(heading)
    return np.stack([c * left + s * ahead, c * ahead - s * left, turn + heading], -1)


def gait_cycle(gait: Gait, path: Path, draw: Draw, *, belt_speed: float = 0.0) -> Cycle:
    """Make the performance of a gait along a path.

    Args:
        gait: How to step.
        path: Where to go.
        draw: Randomness: the phase of the first step.
        belt_speed: Speed at which the floor runs back, m/s.
    """
    begin = draw(0.0, 1.0)
    pitch = _foot_pitch(gait)

    def poses(t: FloatArray) -> FloatArray:
        out = np.zeros((len(t), SIZE))
        at = path(t)
        phase = t / gait.stride + begin
        for side, (name, sign) in enumerate((("l", 1.0), ("r", -1.0))):
            own = phase + 0.5 * side
            foot = _foot(gait, path, own, begin + 0.5 * side, sign)
            foot[:, 2] -= belt_speed * t
            out[:, CHANNELS[f"foot_{name}"]] = foot[:, :3]
            out[:, CHANNELS["foot_turn"].start + side] = foot[:, 3] + sign * 0.08
            out[:, CHANNELS["foot_pitch"].start + side] = pitch(own)[:, 0]
        _follow(out, gait, at, phase)
        out[:, CHANNELS["root"].start + 2] -= belt_speed * t
        return out

    return Cycle(poses, gait.stride, sway=0.5)


def _foot_pitch(gait: Gait) -> KeyCurve:
    half = 0.5 * gait.stance
    keys = [
        (-half, -0.28 * gait.roll + 0.30 * (1.0 - gait.roll)),
        (-half + 0.22 * gait.stance, 0.0),
        (half - 0.35 * gait.stance, 0.0),
        (half, 0.55 + 0.25 * gait.roll),
        (half + 0.35 * (1.0 - gait.stance), 0.45 + 0.3 * gait.roll),
        (half + 0.75 * (1.0 - gait.stance), 0.25 - 0.4 * gait.roll),
    ]
    return KeyCurve(np.array([k for k, _ in keys]), np.array([[v] for _, v in keys]), 1.0)


def _foot(gait: Gait, path: Path, phase: FloatArray, begin: float, sign: float) -> FloatArray:
    """Return (T, 4): the foot's left, up, forward and turn at its own phase."""
    half = 0.5 * gait.stance
    step = np.floor(phase + half)
    swing = np.clip((phase - step - half) / (1.0 - gait.stance), 0.0, 1.0)
    last = _planted(path, (step - begin) * gait.stride, sign * gait.width)
    following = _planted(path, (step + 1.0 - begin) * gait.stride, sign * gait.width)
    moved = (swing * swing * (3.0 - 2.0 * swing))[:, None]
    at = last + moved * (following - last)
    up = np.sin(np.pi * swing**0.85)
    out = np.empty((len(phase), 4))
    out[:, 0] = at[:, 0] + gait.carry * up * np.sin(at[:, 2])
    out[:, 1] = gait.lift * up
    out[:, 2] = at[:, 1] + gait.carry * up * np.cos(at[:, 2])
    out[:, 3] = at[:, 2]
    return out


def _planted(path: Path, t: FloatArray, offset: float) -> FloatArray:
    at = path(t)
    at[:, 0] += offset * np.cos(at[:, 2])
    at[:, 1] -= offset * np.sin(at[:, 2])
    return at


def _follow(out: FloatArray, gait: Gait, at: FloatArray, phase: FloatArray) -> None:
    """Let pelvis, trunk and arms go with the legs: the left foot is ahead where `ahead` is 1."""
    angle = 2.0 * np.pi * phase
    ahead, over = -np.sin(angle), np.cos(angle)
    root, pelvis, spine = (CHANNELS[name].start for name in ("root", "pelvis", "spine"))
    sway = 0.02 * over
    out[:, root] = at[:, 0] + sway * np.cos(at[:, 2])
    out[:, root + 1] = -gait.drop + gait.bob * np.cos(2.0 * angle)
    out[:, root + 2] = at[:, 1] - sway * np.sin(at[:, 2])
    out[:, pelvis] = at[:, 2] - 0.22 * gait.arm * ahead
    out[:, pelvis + 1] = 0.5 * gait.lean
    out[:, pelvis + 2] = 0.04 * over
    out[:, spine] = 0.42 * gait.arm * ahead
    out[:, spine + 1] = gait.lean
    out[:, spine + 2] = -0.04 * over
    out[:, CHANNELS["head"].start + 1] = -0.9 * gait.lean
    for name, sign in (("l", 1.0), ("r", -1.0)):
        raise_ = -sign * gait.arm * ahead - 0.10
        bend = raise_ + gait.elbow + 0.35 * gait.arm * (-sign * ahead)
        flat = np.ones_like(raise_)
        out[:, CHANNELS[f"upper_{name}"]] = np.stack(
            [sign * gait.out * flat, -np.cos(raise_), np.sin(raise_)], -1
        )
        out[:, CHANNELS[f"fore_{name}"]] = np.stack(
            [sign * (gait.out - 0.35 * np.sin(gait.elbow)) * flat, -np.cos(bend), np.sin(bend)], -1
        )
