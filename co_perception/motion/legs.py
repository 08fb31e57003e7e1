# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Styles led by the legs: standing, walking, running, jumping, squatting, sitting, kicking."""

from __future__ import annotations

import numpy as np

from co_perception.motion.curves import FloatArray, Wander
from co_perception.motion.cycles import Cycle, Draw, Key, hold, keyed
from co_perception.motion.gait import Gait, circle, gait_cycle, in_place, stadium, treadmill
from co_perception.motion.pose import CHANNELS, edit_pose

__all__ = [
    "jump",
    "jumping_jack",
    "kick",
    "run_gait",
    "sit",
    "squat",
    "stand",
    "stand_restless",
    "travel",
    "walk_gait",
]

_GRAVITY = 9.81


def stand(draw: Draw, arms: str) -> Cycle:
    """Stand with the arms hanging, on the hips, folded, clasped in front or behind."""
    pose = draw.rest()
    if arms == "hips":
        pose = edit_pose(pose, upper=(0.75, -0.75, -0.25), fore=(-0.75, -0.55, 0.35))
    elif arms == "folded":
        pose = edit_pose(pose, upper=(0.22, -0.95, 0.30), fore=(-0.85, 0.22, 0.55))
    elif arms == "clasped":
        pose = edit_pose(pose, upper=(0.22, -0.95, 0.12), fore=(-0.55, -0.75, 0.50), join=0.9)
    elif arms == "behind":
        pose = edit_pose(pose, upper=(0.25, -0.95, -0.25), fore=(-0.6, -0.75, -0.3))
    return hold(pose, sway=draw(0.8, 2.2))


def stand_restless(draw: Draw, habit: str) -> Cycle:
    """Stand and look around, shift the weight, or raise a hand to the head now and then."""
    pose = draw.rest()
    slow = Wander(draw.rng, 8, 0.05, 0.25)
    turn, shift = draw(0.3, 0.8), draw(0.03, 0.07)

    def poses(t: FloatArray) -> FloatArray:
        out = np.repeat(pose[None], len(t), axis=0)
        w = np.tanh(1.6 * slow(t))
        if habit == "look":
            out[:, CHANNELS["head"].start] += turn * w[:, 0]
            out[:, CHANNELS["spine"].start] += 0.25 * turn * w[:, 0]
        elif habit == "shift":
            out[:, CHANNELS["root"].start] += shift * w[:, 1]
            out[:, CHANNELS["pelvis"].start + 2] += 1.4 * shift * w[:, 1]
            out[:, CHANNELS["spine"].start + 2] -= 1.6 * shift * w[:, 1]
        else:
            busy = np.clip(1.3 * w[:, 2:3] + 0.2, 0.0, 1.0)
            touch = edit_pose(pose, upper_l=(0.35, -0.75, 0.55), fore_l=(-0.35, 0.9, 0.2))
            out += busy * (touch - pose)
        return out

    return Cycle(poses, 1.0, sway=draw(0.8, 1.6))


def walk_gait(draw: Draw) -> Gait:
    """Draw a walk: stride time of 0.95 to 1.25 s, as people walk and march on the spot."""
    return Gait(
        stride=draw(0.95, 1.25),
        stance=draw(0.60, 0.65),
        lift=draw(0.04, 0.08),
        carry=0.0,
        width=draw(0.06, 0.10),
        drop=draw(0.015, 0.03),
        bob=draw(0.008, 0.018),
        roll=1.0,
        arm=draw(0.22, 0.48),
        elbow=draw(0.15, 0.45),
        lean=draw(0.0, 0.07),
        out=draw(0.10, 0.2),
    )


def run_gait(draw: Draw) -> Gait:
    """Draw a run: stride time of 0.62 to 0.8 s, arms bent, both feet in the air at times."""
    return Gait(
        stride=draw(0.62, 0.80),
        stance=draw(0.32, 0.40),
        lift=draw(0.20, 0.34),
        carry=-draw(0.06, 0.18),
        width=draw(0.05, 0.09),
        drop=draw(0.03, 0.05),
        bob=-draw(0.025, 0.045),
        roll=draw(0.0, 0.3),
        arm=draw(0.45, 0.8),
        elbow=draw(1.3, 1.75),
        lean=draw(0.05, 0.14),
        out=draw(0.14, 0.28),
    )


def travel(draw: Draw, gait: Gait, speed: float, way: str, seconds: float) -> Cycle:
    """Walk or run on the spot, on a treadmill, to and fro, or round in a circle.

    A way over the floor is cut so that the given seconds end where they began: a person in front
    of a fixed camera stays in the picture.
    """
    if way == "in_place":
        gait = Gait(**{**vars(gait), "roll": 0.0})
        return gait_cycle(gait, in_place(), draw)
    if way == "treadmill":
        path, belt = treadmill(speed)
        return gait_cycle(gait, path, draw, belt_speed=belt)
    heading = float(draw.rng.choice([0.0, 0.5, -0.5, 0.25, -0.25])) * np.pi
    loops = max(1, round(speed * seconds / 5.0))
    length = float(np.clip(speed * seconds / loops, 3.6, 6.2))
    # Too short a time for a round leaves it open rather than making the person hurry.
    speed = min(length * loops / seconds, 1.15 * speed)
    if way == "circle":
        return gait_cycle(gait, circle(speed, length / (2 * np.pi), heading), draw)
    radius = draw(0.28, 0.36)
    straight = 0.5 * length - np.pi * radius
    return gait_cycle(gait, stadium(speed, straight, radius, heading), draw)


def jump(draw: Draw, *, height: float, arms: str, pause: float) -> Cycle:
    """Jump on the spot with a countermovement; the flight obeys gravity."""
    rest = draw.rest()
    dip, toes = draw(0.6, 1.0) * (0.12 + 0.45 * height), 0.07
    reach = {"swing": (0.25, 0.35, 0.85), "up": (0.18, 1.0, 0.15), "hips": (0.75, -0.75, -0.25)}
    fore = {"swing": (0.1, 0.8, 0.6), "up": (0.05, 1.0, 0.1), "hips": (-0.75, -0.55, 0.35)}
    back = edit_pose(rest, upper=(0.25, -0.85, -0.55), fore=(0.1, -0.95, -0.2))
    fly = edit_pose(rest, upper=reach[arms], fore=fore[arms])
    ahead = edit_pose(rest, upper=(0.3, -0.45, 0.75), fore=(0.05, -0.1, 1.0))
    if arms == "hips":
        rest, back, ahead = fly, fly, fly
    lean = dip * 1.5
    crouch = edit_pose(back, root=(0.0, -dip, -0.35 * dip), pelvis=(0.0, lean, 0.0))
    flight = 2.0 * np.sqrt(2.0 * height / _GRAVITY)
    down, up, land, rise = draw(0.28, 0.40), draw(0.18, 0.24), draw(0.14, 0.2), draw(0.25, 0.4)
    keys: list[Key] = [(0.0, rest), (down, crouch)]
    leave = down + up
    for share in (0.0, 0.15, 0.3, 0.5, 0.7, 0.85, 1.0):
        high = height * 4.0 * share * (1.0 - share)
        # The arms reach their height half-way through the flight and sink until after landing.
        lag = float(np.sin(np.pi * share)) if share < 0.5 else 1.45 - 0.9 * share
        pose = ahead + lag * (fly - ahead)
        keys.append((leave + share * flight, _airborne(pose, toes, high, 0.6 - 0.15 * share)))
    soft = edit_pose(ahead, root=(0.0, -0.7 * dip, -0.2 * dip), pelvis=(0.0, 0.6 * lean, 0.0))
    keys += [(leave + flight + land, soft), (leave + flight + land + rise, rest)]
    return keyed(keys, keys[-1][0] + pause, sway=0.6)


def _airborne(pose: FloatArray, toes: float, high: float, point: float) -> FloatArray:
    """Lift pelvis and feet together: on the toes at high 0, then off the floor."""
    out = edit_pose(pose, root=(0.0, toes + high, 0.0), heels=point)
    for name in ("foot_l", "foot_r"):
        out[CHANNELS[name].start + 1] = high
    return out


def jumping_jack(draw: Draw) -> Cycle:
    """Jump from feet together, arms down, to feet apart, arms up, and back."""
    rest = edit_pose(draw.rest(), feet=(0.08, 0.0, 0.0))
    wide = draw(0.30, 0.42)
    apart = edit_pose(
        rest,
        upper=(0.45, 1.0, 0.05),
        fore=(0.0, 1.0, 0.1),
        feet=(wide, 0.0, 0.0),
        root=(0.0, -0.09, 0.0),
    )
    closed = edit_pose(rest, root=(0.0, -0.05, 0.0))
    between = 0.5 * (apart + closed)
    between = edit_pose(between, upper=(1.0, 0.05, 0.05), fore=(1.0, 0.1, 0.15))
    hop = _airborne(between, 0.03, draw(0.03, 0.06), 0.4)
    for name, sign in (("foot_l", 1.0), ("foot_r", -1.0)):
        hop[CHANNELS[name].start] = sign * 0.5 * (wide + 0.08)
    period = draw(0.85, 1.15)
    keys = [(0.0, closed), (0.14, rest), (0.30, hop), (0.47, apart), (0.60, apart), (0.77, hop)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.5)


def squat(draw: Draw, *, arms: str, wide: float, turned: float) -> Cycle:
    """Squat down and rise: thighs about level, heels on the floor, trunk leaning forward."""
    rest = edit_pose(draw.rest(), feet=(wide, 0.0, 0.0), foot_out=turned, knees=0.25 * turned)
    deep, lean = draw(0.34, 0.50), draw(0.45, 0.75) * (0.7 if wide > 0.22 else 1.0)
    held = {
        "forward": ((0.12, 0.0, 1.0), (-0.05, 0.05, 1.0), 0.0),
        "chest": ((0.35, -0.85, 0.35), (-0.55, 0.55, 0.6), 0.9),
        "crossed": ((0.25, -0.55, 0.75), (-0.9, 0.35, 0.35), 0.0),
        "head": ((0.85, 0.45, -0.1), (-0.75, 0.6, -0.25), 0.0),
        "down": ((0.14, -0.9, 0.4), (0.02, -0.9, 0.5), 0.0),
    }
    upper, fore, join = held[arms]
    bottom = edit_pose(
        rest,
        upper=upper,
        fore=fore,
        join=join,
        root=(0.0, -deep, -0.42 * deep),
        pelvis=(0.0, lean, 0.0),
        spine=(0.0, -0.1, 0.0),
        head=(0.0, -0.6 * lean, 0.0),
    )
    if arms in ("chest", "crossed", "head"):
        rest = edit_pose(rest, upper=upper, fore=fore, join=join)
    period, stay = draw(1.7, 3.2), draw(0.02, 0.14)
    keys = [(0.0, rest), (0.44, bottom), (0.44 + stay, bottom), (0.94, rest)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.6)


def sit(draw: Draw, *, arms: str, rising: bool) -> Cycle:
    """Sit down on a seat 0.45 m high, or rise from it; ends in the other posture."""
    rest = draw.rest()
    seat = edit_pose(
        rest,
        root=(0.0, -0.40, -0.40),
        pelvis=(0.0, -0.05, 0.0),
        spine=(0.0, 0.12, 0.0),
        upper=(0.16, -0.9, 0.42),
        fore=(-0.05, -0.35, 0.95),
    )
    half = edit_pose(
        rest,
        root=(0.0, -0.20, -0.26),
        pelvis=(0.0, draw(0.55, 0.85), 0.0),
        spine=(0.0, 0.2, 0.0),
        head=(0.0, -0.3, 0.0),
    )
    if arms == "forward":
        half = edit_pose(half, upper=(0.12, -0.35, 0.95), fore=(0.0, -0.1, 1.0))
    elif arms == "knees":
        half = edit_pose(half, upper=(0.12, -0.85, 0.5), fore=(0.02, -0.7, 0.7))
    elif arms == "sides":
        half = edit_pose(half, upper=(0.3, -0.95, -0.2), fore=(0.1, -1.0, 0.15))
    period = draw(1.1, 2.0)
    if rising:
        keys = [(0.0, seat), (0.2, seat), (0.2 + 0.5 * period, half), (0.2 + period, rest)]
    else:
        keys = [(0.0, rest), (0.1, rest), (0.1 + 0.55 * period, half), (0.1 + period, seat)]
    return keyed(keys, period + 0.3, repeats=False)


def kick(draw: Draw, *, reach: float, high: float) -> Cycle:
    """Swing the left leg back and kick forward, weight on the right."""
    rest = draw.rest()
    over = (-0.05, -0.02, 0.0)
    back = edit_pose(
        rest,
        root=over,
        foot_l=(0.08, 0.16, -draw(0.30, 0.45)),
        pelvis=(0.15, 0.15, 0.0),
        upper_r=(0.3, -0.9, 0.4),
        upper_l=(0.45, -0.85, -0.2),
    )
    strike = edit_pose(
        rest,
        root=(-0.05, -0.02, 0.05),
        foot_l=(0.06, high, reach),
        pelvis=(-0.25, -0.18, 0.0),
        spine=(0.25, 0.15, 0.0),
        upper_l=(0.5, -0.75, 0.45),
        upper_r=(0.45, -0.85, -0.35),
        foot_pitch=(-0.3, 0.0),
    )
    period = draw(1.2, 1.9)
    keys = [(0.0, rest), (0.26, back), (0.46, strike), (0.55, strike), (0.85, rest)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.6)
