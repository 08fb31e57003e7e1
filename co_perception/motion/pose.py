# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The pose vector: what a motion says about a body, without the body's measures.

A motion is a function of time that returns (T, D) rows of these channels. They can be added,
mixed and mirrored; `kinematics.solve` turns them into joints of a given body.

Axes: x to the person's left, y up, z forward, origin on the floor below a standing pelvis.
Metres are those of a body of nominal stature.
"""

from __future__ import annotations

import numpy as np

from co_perception.errors import ConfigError
from co_perception.motion.curves import FloatArray

__all__ = ["CHANNELS", "SIZE", "arm_detour", "base_pose", "edit_pose", "mirror", "place"]

_WIDTHS = {
    "root": 3,  # pelvis: left, above standing height, forward (metres)
    "pelvis": 3,  # yaw to the left, pitch forward, roll to the right (radians)
    "spine": 3,  # twist to the left, flexion, lean to the right (radians)
    "head": 3,  # turn to the left, nod, tilt to the right (radians)
    "upper_l": 3,  # direction of the upper arm in the chest's frame
    "upper_r": 3,
    "fore_l": 3,  # direction of the forearm in the chest's frame
    "fore_r": 3,
    "arm_free": 2,  # 1: that arm's directions are upright ones, not the chest's
    "join": 1,  # 1: the wrists meet
    "foot_l": 3,  # place of the sole below the ankle (metres)
    "foot_r": 3,
    "foot_turn": 2,  # yaw to the left (radians)
    "foot_pitch": 2,  # heel up about the ball; negative: toes up about the heel (radians)
    "knee_out": 2,  # how far the knees point outwards of the feet (tangent)
}
_ENDS = np.cumsum(list(_WIDTHS.values()))
CHANNELS = {
    name: slice(int(end) - width, int(end))
    for (name, width), end in zip(_WIDTHS.items(), _ENDS, strict=True)
}
SIZE = int(_ENDS[-1])

_MIRROR = np.arange(SIZE)
_SIGN = np.ones(SIZE)
for _pair in (("upper_l", "upper_r"), ("fore_l", "fore_r"), ("foot_l", "foot_r")):
    _a, _b = (np.arange(SIZE)[CHANNELS[name]] for name in _pair)
    _MIRROR[_a], _MIRROR[_b] = _b, _a
    _SIGN[[_a[0], _b[0]]] = -1.0
for _name in ("arm_free", "foot_turn", "foot_pitch", "knee_out"):
    _a = np.arange(SIZE)[CHANNELS[_name]]
    _MIRROR[_a] = _a[::-1]
_SIGN[CHANNELS["root"].start] = -1.0
_SIGN[CHANNELS["foot_turn"]] = -1.0
for _name in ("pelvis", "spine", "head"):
    _SIGN[CHANNELS[_name].start] = _SIGN[CHANNELS[_name].start + 2] = -1.0


def base_pose() -> FloatArray:
    """Return (D,) a person standing at ease, arms hanging."""
    return edit_pose(
        np.zeros(SIZE),
        upper=(0.16, -1.0, -0.02),
        fore=(0.04, -1.0, 0.16),
        feet=(0.10, 0.0, 0.0),
        foot_out=0.12,
    )


def edit_pose(pose: FloatArray, **changes: float | tuple[float, ...]) -> FloatArray:
    """Return a copy of a pose with some channels set.

    Arms and feet are given outward-positive, so that the same numbers serve both sides. The
    short names `upper`, `fore`, `feet`, `knees`, `heels`, `free` and `foot_out` set both sides.

    Raises:
        ConfigError: If a channel is not known.
    """
    out = pose.copy()
    for name, value in changes.items():
        for channel, row in _spread(name, np.atleast_1d(np.asarray(value, np.float64))):
            out[CHANNELS[channel]] = row
    return out


def arm_detour(old: FloatArray, new: FloatArray) -> FloatArray:
    """Return what to add half-way between poses (..., D) so that arms swing round the shoulder.

    Mixing two opposite directions, such as an arm hanging and one raised, would pass through
    nothing and flip; the detour leads it outwards, upwards and forwards, square to the way. Zero
    where arms turn by less than a right angle.
    """
    out = np.zeros_like(old)
    for name in ("upper_l", "upper_r", "fore_l", "fore_r"):
        a, b = old[..., CHANNELS[name]], new[..., CHANNELS[name]]
        size = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
        against = np.maximum(-(a * b).sum(-1) / np.maximum(size, 1e-9), 0.0)
        way = (b - a) / np.maximum(np.linalg.norm(b - a, axis=-1, keepdims=True), 1e-9)
        aside = np.array([0.45 if name.endswith("l") else -0.45, 0.5, 0.6])
        aside = aside - (way @ aside)[..., None] * way
        out[..., CHANNELS[name]] = 1.2 * against[..., None] * aside
    return out


def _spread(name: str, value: FloatArray) -> list[tuple[str, FloatArray]]:
    """Name the channels that one authored entry sets, right-hand sides mirrored."""
    outward = np.array([-1.0, 1.0, 1.0])
    if name in ("upper", "fore"):
        return [(f"{name}_l", value), (f"{name}_r", value * outward)]
    if name == "feet":
        return [("foot_l", value), ("foot_r", value * outward)]
    if name in ("upper_r", "fore_r", "foot_r"):
        return [(name, value * outward)]
    if name == "foot_out":
        return [("foot_turn", np.array([value[0], -value[0]]))]
    short = {"knees": "knee_out", "heels": "foot_pitch", "free": "arm_free"}
    if name in short:
        return [(short[name], np.repeat(value, 2))]
    if name not in CHANNELS:
        raise ConfigError(f"pose: expected a channel of {sorted(CHANNELS)}, got {name!r}")
    return [(name, value)]


def mirror(values: FloatArray) -> FloatArray:
    """Swap left and right in poses (..., D)."""
    return np.asarray(values[..., _MIRROR] * _SIGN)


def place(values: FloatArray, x: float, z: float, heading: float) -> FloatArray:
    """Turn poses (T, D) to the left by `heading` and carry them to (x, z) on the floor."""
    out = values.copy()
    c, s = np.cos(heading), np.sin(heading)
    for name in ("root", "foot_l", "foot_r"):
        at = CHANNELS[name].start
        left, ahead = values[:, at], values[:, at + 2]
        out[:, at] = c * left + s * ahead + x
        out[:, at + 2] = c * ahead - s * left + z
    out[:, CHANNELS["pelvis"].start] += heading
    out[:, CHANNELS["foot_turn"]] += heading
    return out
