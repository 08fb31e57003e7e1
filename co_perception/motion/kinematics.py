# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From pose channels to the joints of a body: forward for trunk and arms, inverse for legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from co_perception.errors import ShapeError
from co_perception.motion.body import JOINTS, Body
from co_perception.motion.curves import FloatArray
from co_perception.motion.pose import CHANNELS, SIZE

__all__ = ["SolvedPose", "rotation", "solve"]

_HAND_CLEARANCE_M = 0.07
_REACH = 0.998
_TOUCHDOWN_M = 0.04


@dataclass(frozen=True)
class SolvedPose:
    """Joints and frames of a body over T moments, in the world (x left, y up, z forward).

    Attributes:
        joints: (T, J, 3) metres in the order of `body.JOINTS`.
        pelvis, chest, head: (T, 3, 3) rotations, columns are left, up and forward.
        feet: (T, 2, 3, 3) rotations of the left and the right foot.
    """

    joints: FloatArray
    pelvis: FloatArray
    chest: FloatArray
    head: FloatArray
    feet: FloatArray

    def __getitem__(self, name: str) -> FloatArray:
        """Return (T, 3) of one joint."""
        return np.asarray(self.joints[:, JOINTS.index(name)])


def rotation(angles: FloatArray) -> FloatArray:
    """Return (T, 3, 3) for yaw, pitch and roll (T, 3): yaw . pitch . roll, radians."""
    cy, cp, cr = np.moveaxis(np.cos(angles), -1, 0)
    sy, sp, sr = np.moveaxis(np.sin(angles), -1, 0)
    rows = [
        [cy * cr + sy * sp * sr, sy * sp * cr - cy * sr, sy * cp],
        [cp * sr, cp * cr, -sp],
        [cy * sp * sr - sy * cr, sy * sr + cy * sp * cr, cy * cp],
    ]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def solve(values: FloatArray, body: Body) -> SolvedPose:
    """Place every joint of `body` for poses (T, D).

    Arms, legs, hands and feet keep their lengths exactly. Feet stay where the pose puts them:
    where a standing leg would be too short, the pelvis comes down; a hand never enters the floor.

    Raises:
        ShapeError: If the rows are not pose vectors.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] != SIZE:
        raise ShapeError(f"solve: expected poses (T, {SIZE}), got {values.shape}")
    pelvis = rotation(values[:, CHANNELS["pelvis"]])
    feet, ankles, foot_joints = _feet(values, body)
    root = _root(values, body, pelvis, ankles)
    found: dict[str, FloatArray] = {"mid_hip": root, **foot_joints}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        found[f"{side}_hip"] = root + pelvis @ np.array([sign * body.hip_half, 0.0, 0.0])
    chest, head = _trunk(values, body, root, pelvis, found)
    _legs(values, body, ankles, found)
    _arms(values, body, chest, found)
    joints = np.stack([found[name] for name in JOINTS], axis=1)
    return SolvedPose(joints, pelvis, chest, head, feet)


def _feet(values: FloatArray, body: Body) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
    """Return foot rotations (T, 2, 3, 3), ankles (T, 2, 3) and the joints of the feet."""
    heel, ball = -0.27 * body.foot, 0.46 * body.foot
    turns, joints, ankles = [], {}, []
    for side, name in enumerate(("left", "right")):
        at = values[:, CHANNELS[f"foot_{name[0]}"]] * body.scale
        pitch = values[:, CHANNELS["foot_pitch"]][:, side]
        yaw = values[:, CHANNELS["foot_turn"]][:, side]
        zero = np.zeros_like(yaw)
        flat = rotation(np.stack([yaw, zero, zero], -1))
        turn = rotation(np.stack([yaw, pitch, zero], -1))
        pivot = np.stack([zero, zero, np.where(pitch > 0.0, ball, heel)], -1)

        def carry(
            point: tuple[float, float, float],
            at: FloatArray = at,
            flat: FloatArray = flat,
            turn: FloatArray = turn,
            pivot: FloatArray = pivot,
        ) -> FloatArray:
            base = np.einsum("tij,tj->ti", flat, pivot)
            return np.asarray(at + base + np.einsum("tij,tj->ti", turn, np.array(point) - pivot))

        ankles.append(carry((0.0, body.ankle, 0.0)))
        joints[f"{name}_heel"] = carry((0.0, 0.0, heel))
        joints[f"{name}_toe"] = carry((0.0, 0.0, ball))
        turns.append(turn)
    return np.stack(turns, 1), np.stack(ankles, 1), joints


def _root(values: FloatArray, body: Body, pelvis: FloatArray, ankles: FloatArray) -> FloatArray:
    """Place the pelvis, no higher than the legs of planted feet reach."""
    root = values[:, CHANNELS["root"]] * body.scale
    root[:, 1] += body.hip_height
    reach = _REACH * (body.thigh + body.shank)
    for side, sign in enumerate((1.0, -1.0)):
        hip = root + pelvis @ np.array([sign * body.hip_half, 0.0, 0.0])
        up = values[:, CHANNELS[f"foot_{'lr'[side]}"]][:, 1]
        planted = np.clip(1.0 - up / _TOUCHDOWN_M, 0.0, 1.0)
        flat = ((hip - ankles[:, side])[:, [0, 2]] ** 2).sum(-1)
        top = ankles[:, side, 1] + np.sqrt(np.maximum(reach**2 - flat, 1e-4))
        root[:, 1] -= planted * np.maximum(hip[:, 1] - top, 0.0)
    return root


def _trunk(
    values: FloatArray,
    body: Body,
    root: FloatArray,
    pelvis: FloatArray,
    found: dict[str, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Stack belly, chest, neck and head on the pelvis; return the chest's and head's frames."""
    spine, head = values[:, CHANNELS["spine"]], values[:, CHANNELS["head"]]
    waist = pelvis @ rotation(0.5 * spine)
    chest = waist @ rotation(0.5 * spine)
    found["belly"] = root + pelvis @ np.array([0.0, body.belly, 0.0])
    found["chest"] = found["belly"] + waist @ np.array([0.0, body.chest, 0.0])
    found["neck"] = found["chest"] + chest @ np.array([0.0, body.neck_base, 0.0])
    neck = chest @ rotation(0.4 * head)
    skull_frame = chest @ rotation(head)
    # The skull sits ahead of the neck: centre, face and crown in shares of the skull's height.
    atlas = found["neck"] + neck @ np.array([0.0, body.neck, 0.10 * body.skull])
    found["skull"] = atlas + skull_frame @ np.array([0.0, 0.47 * body.skull, 0.06 * body.skull])
    found["head_top"] = found["skull"] + skull_frame @ np.array([0.0, 0.53 * body.skull, 0.0])
    found["nose"] = found["skull"] + skull_frame @ np.array(
        [0.0, -0.12 * body.skull, 0.47 * body.skull]
    )
    return chest, skull_frame


def _legs(
    values: FloatArray, body: Body, ankles: FloatArray, found: dict[str, FloatArray]
) -> None:
    """Bend each knee so that the foot is where it should be."""
    for side, (name, sign) in enumerate((("left", 1.0), ("right", -1.0))):
        yaw = values[:, CHANNELS["foot_turn"]][:, side]
        out = sign * values[:, CHANNELS["knee_out"]][:, side]
        # A little upwards, so that a leg stretched forward still knows where its knee points.
        pole = np.stack(
            [np.sin(yaw) + out * np.cos(yaw), 0.3 + 0 * yaw, np.cos(yaw) - out * np.sin(yaw)], -1
        )
        hip, ankle = found[f"{name}_hip"], ankles[:, side]
        knee, end = _bend(hip, ankle, pole, body.thigh, body.shank)
        shift = end - ankle
        found[f"{name}_knee"], found[f"{name}_ankle"] = knee, end
        found[f"{name}_heel"] = found[f"{name}_heel"] + shift
        found[f"{name}_toe"] = found[f"{name}_toe"] + shift


def _arms(values: FloatArray, body: Body, chest: FloatArray, found: dict[str, FloatArray]) -> None:
    """Point the arms, let the wrists meet where asked and keep the hands out of the floor."""
    zero = np.zeros(len(values))
    yaw = values[:, CHANNELS["pelvis"]][:, 0]
    upright = rotation(np.stack([yaw, zero, zero], -1))
    free = values[:, CHANNELS["arm_free"]]
    elbows, wrists = [], []
    for side, (name, sign) in enumerate((("left", 1.0), ("right", -1.0))):
        frame = chest + free[:, side, None, None] * (upright - chest)
        upper = _unit(values[:, CHANNELS[f"upper_{name[0]}"]])
        fore = _unit(values[:, CHANNELS[f"fore_{name[0]}"]])
        # A raised arm takes the shoulder blade with it: up and a little inwards.
        raised = 0.5 + 0.5 * np.clip(upper[:, 1], -1.0, 1.0)
        blade = body.shoulder_half * np.stack(
            [sign * (1.0 - 0.16 * raised**2), -0.26 + 0.36 * raised, 0.0 * raised], -1
        )
        shoulder = found["neck"] + np.einsum("tij,tj->ti", chest, blade)
        found[f"{name}_shoulder"] = shoulder
        elbow = shoulder + body.upper_arm * _unit(np.einsum("tij,tj->ti", frame, upper))
        elbows.append(elbow)
        wrists.append(elbow + body.forearm * _unit(np.einsum("tij,tj->ti", frame, fore)))
    join = values[:, CHANNELS["join"]]
    middle = 0.5 * (wrists[0] + wrists[1])
    for side, (name, sign) in enumerate((("left", 1.0), ("right", -1.0))):
        palm = middle + chest[:, :, 0] * (sign * 0.035 * body.scale)
        target = wrists[side] + join * (palm - wrists[side])
        target[:, 1] = np.maximum(target[:, 1], _HAND_CLEARANCE_M * body.scale)
        shoulder = found[f"{name}_shoulder"]
        bent = elbows[side] - 0.5 * (shoulder + wrists[side])
        # A straight arm has no bend to keep: then, as where wrists meet, elbows point out, down.
        out = chest @ np.array([0.7 * sign, -0.6, -0.3])
        bent = bent + (0.002 + 0.15 * join) * body.scale * out
        elbow, wrist = _bend(shoulder, target, bent, body.upper_arm, body.forearm)
        found[f"{name}_elbow"], found[f"{name}_wrist"] = elbow, wrist
        found[f"{name}_hand"] = wrist + body.hand * _unit(wrist - elbow)


def _bend(
    start: FloatArray, end: FloatArray, pole: FloatArray, first: float, second: float
) -> tuple[FloatArray, FloatArray]:
    """Solve a limb of two bones from `start` towards `end`, its middle joint towards `pole`.

    Returns:
        Middle joint and the end reached, each (T, 3).
    """
    along = end - start
    far = np.linalg.norm(along, axis=-1)
    reached = np.clip(far, abs(first - second) + 1e-3, _REACH * (first + second))
    axis = along / np.maximum(far, 1e-9)[:, None]
    side = pole - (pole * axis).sum(-1, keepdims=True) * axis
    side = _unit(side)
    ahead = (first**2 - second**2 + reached**2) / (2.0 * reached)
    off = np.sqrt(np.maximum(first**2 - ahead**2, 0.0))
    return start + ahead[:, None] * axis + off[:, None] * side, start + reached[:, None] * axis


def _unit(v: FloatArray) -> FloatArray:
    return np.asarray(v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9))
