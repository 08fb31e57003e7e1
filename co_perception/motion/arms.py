# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Styles led by the arms and the trunk: waving, clapping, throwing, pushing, bending."""

from __future__ import annotations

from co_perception.motion.curves import FloatArray
from co_perception.motion.cycles import Cycle, Draw, keyed
from co_perception.motion.pose import edit_pose

__all__ = [
    "bow",
    "clap",
    "pick_up",
    "punch",
    "push",
    "throw_overarm",
    "throw_sideways",
    "throw_two_handed",
    "throw_underarm",
    "touch_toes",
    "wave",
    "wave_whole_arm",
]


def wave(draw: Draw, *, lifted: float, both: bool) -> Cycle:
    """Wave with the forearm, elbow at the height `lifted` (-1 hangs, 0 is the shoulder's)."""
    rest = draw.rest()
    swing, ahead = draw(0.35, 0.8), draw(0.1, 0.45)
    which = "" if both else "_l"
    held = {f"upper{which}": (draw(0.7, 1.0), lifted, ahead)}
    out = edit_pose(rest, **held, **{f"fore{which}": (swing, 0.95, 0.25)})
    back = edit_pose(rest, **held, **{f"fore{which}": (0.1 - swing, 0.95, 0.30)})
    period = draw(0.42, 0.95)
    return keyed([(0.0, back), (0.5 * period, out)], period)


def wave_whole_arm(draw: Draw, *, both: bool) -> Cycle:
    """Wave with the whole arm high above the head, from side to side."""
    rest, period = draw.rest(), draw(0.7, 1.4)
    side, which = draw(0.5, 0.9), "" if both else "_l"
    out = edit_pose(rest, **{f"upper{which}": (side, 0.8, 0.1), f"fore{which}": (side, 0.9, 0.15)})
    inner = draw(-0.25, 0.1)
    back = edit_pose(
        rest, **{f"upper{which}": (0.2, 1.0, 0.15), f"fore{which}": (inner, 0.95, 0.25)}
    )
    return keyed([(0.0, back), (0.5 * period, out)], period)


def clap(draw: Draw, *, up: float, ahead: float) -> Cycle:
    """Clap with the forearms at the height `up` and `ahead` of the chest."""
    rest, gap = draw.rest(), draw(0.35, 0.75)
    upper = (draw(0.3, 0.55), -0.75 + 0.6 * up, 0.35 + 0.5 * ahead)
    shut = edit_pose(rest, upper=upper, fore=(-0.45, 0.25 + up, 0.75 + ahead), join=1.0)
    apart = edit_pose(rest, upper=upper, fore=(gap - 0.25, 0.25 + up, 0.7 + ahead))
    period = draw(0.28, 0.62)
    keys = [(0.0, shut), (0.12, shut), (0.55, apart)]
    return keyed([(share * period, pose) for share, pose in keys], period)


def throw_overarm(draw: Draw, *, stagger: float) -> Cycle:
    """Draw the hand back beside the head, throw over the shoulder and follow through.

    Args:
        draw: Randomness of this performance.
        stagger: How far the other foot stands ahead, metres.
    """
    rest = _staggered(draw.rest(), stagger)
    twist, ahead = draw(0.4, 0.75), draw(0.04, 0.12)
    wind = edit_pose(
        rest,
        root=(0.02, -0.03, -ahead),
        pelvis=(0.35 * twist, -0.06, 0.0),
        spine=(0.65 * twist, -0.12, 0.05),
        head=(-0.8 * twist, 0.0, 0.0),
        upper_l=(0.85, 0.25, -0.45),
        fore_l=(0.1, 0.85, -0.5),
        upper_r=(0.35, -0.5, 0.75),
        fore_r=(0.1, 0.1, 1.0),
    )
    let_go = edit_pose(
        rest,
        root=(-0.02, -0.05, 1.4 * ahead),
        pelvis=(-0.15 * twist, 0.12, 0.0),
        spine=(-0.4 * twist, 0.12, -0.06),
        upper_l=(0.45, 0.45, 0.75),
        fore_l=(0.15, 0.65, 0.75),
        upper_r=(0.4, -0.85, -0.1),
        fore_r=(0.1, -0.5, 0.8),
    )
    follow = edit_pose(
        rest,
        root=(-0.02, -0.08, 1.7 * ahead),
        pelvis=(-0.35 * twist, 0.22, 0.0),
        spine=(-0.65 * twist, 0.28, 0.0),
        head=(0.3 * twist, -0.25, 0.0),
        upper_l=(-0.15, -0.65, 0.75),
        fore_l=(-0.55, -0.75, 0.35),
        upper_r=(0.35, -0.9, -0.35),
    )
    period = draw(1.25, 2.1)
    keys = [(0.0, rest), (0.28, wind), (0.36, wind), (0.50, let_go), (0.62, follow), (0.90, rest)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.7)


def throw_underarm(draw: Draw, *, stagger: float) -> Cycle:
    """Swing the straight arm back below the hip and throw forward and up, as in bowling."""
    rest = _staggered(draw.rest(), stagger)
    lean = draw(0.15, 0.4)
    wind = edit_pose(
        rest,
        root=(0.0, -0.06, -0.06),
        pelvis=(0.2, lean, 0.0),
        spine=(0.25, 0.1, 0.0),
        head=(-0.2, -lean, 0.0),
        upper_l=(0.2, -0.7, -0.75),
        fore_l=(0.1, -0.75, -0.6),
        upper_r=(0.3, -0.8, 0.5),
    )
    let_go = edit_pose(
        rest,
        root=(0.0, -0.08, 0.1),
        pelvis=(-0.1, 0.6 * lean, 0.0),
        spine=(-0.2, 0.1, 0.0),
        upper_l=(0.12, -0.35, 0.95),
        fore_l=(0.02, 0.05, 1.0),
        upper_r=(0.35, -0.9, -0.3),
    )
    follow = edit_pose(let_go, upper_l=(0.1, 0.45, 0.9), fore_l=(0.0, 0.85, 0.6))
    period = draw(1.2, 2.0)
    keys = [(0.0, rest), (0.30, wind), (0.36, wind), (0.52, let_go), (0.62, follow), (0.92, rest)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.7)


def throw_sideways(draw: Draw, *, stagger: float) -> Cycle:
    """Sweep the arm round at the height of the waist, as one throws a disc or skips a stone."""
    rest = _staggered(draw.rest(), stagger)
    twist = draw(0.5, 0.85)
    wind = edit_pose(
        rest,
        root=(0.03, -0.07, -0.06),
        pelvis=(0.35 * twist, 0.12, 0.0),
        spine=(0.65 * twist, 0.1, 0.1),
        head=(-0.8 * twist, 0.0, 0.0),
        upper_l=(0.9, -0.25, -0.5),
        fore_l=(0.75, 0.2, -0.7),
        upper_r=(0.3, -0.7, 0.55),
        fore_r=(-0.2, -0.2, 0.9),
    )
    let_go = edit_pose(
        rest,
        root=(-0.02, -0.08, 0.1),
        pelvis=(-0.2 * twist, 0.15, 0.0),
        spine=(-0.45 * twist, 0.12, 0.05),
        upper_l=(0.6, -0.35, 0.75),
        fore_l=(0.35, -0.1, 0.95),
        upper_r=(0.4, -0.85, -0.2),
    )
    follow = edit_pose(let_go, upper_l=(-0.3, -0.2, 0.9), fore_l=(-0.9, 0.1, 0.5))
    follow = edit_pose(follow, spine=(-0.7 * twist, 0.15, 0.0))
    period = draw(1.2, 2.0)
    keys = [(0.0, rest), (0.30, wind), (0.38, wind), (0.52, let_go), (0.62, follow), (0.92, rest)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.7)


def throw_two_handed(draw: Draw, *, stagger: float) -> Cycle:
    """Throw with both hands from behind the head, as a throw-in."""
    rest = _staggered(draw.rest(), stagger)
    arch = draw(0.1, 0.25)
    wind = edit_pose(
        rest,
        root=(0.0, -0.03, -0.02),
        spine=(0.0, -arch, 0.0),
        upper=(0.3, 0.9, -0.1),
        fore=(-0.3, 0.2, -0.9),
        join=0.5,
    )
    let_go = edit_pose(
        rest,
        root=(0.0, -0.04, 0.06),
        pelvis=(0.0, 0.12, 0.0),
        spine=(0.0, 0.2, 0.0),
        upper=(0.2, 0.5, 0.85),
        fore=(-0.1, 0.4, 0.9),
    )
    follow = edit_pose(
        let_go, upper=(0.2, -0.4, 0.9), fore=(0.0, -0.5, 0.8), spine=(0.0, 0.4, 0.0)
    )
    period = draw(1.2, 1.9)
    keys = [(0.0, rest), (0.30, wind), (0.40, wind), (0.54, let_go), (0.64, follow), (0.92, rest)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.7)


def push(draw: Draw, *, both: bool, stagger: float) -> Cycle:
    """Push something heavy away at the height of the chest, with one hand or both."""
    rest = _staggered(draw.rest(), stagger)
    which = "" if both else "_l"
    lean, level = draw(0.08, 0.28), draw(-0.15, 0.15)
    ready = edit_pose(
        rest,
        root=(0.0, -0.03, -0.04),
        pelvis=(0.0 if both else 0.15, 0.0, 0.0),
        **{f"upper{which}": (0.4, -0.85, -0.25), f"fore{which}": (-0.15, 0.55, 0.8)},
    )
    out = edit_pose(
        rest,
        root=(0.0, -0.05, 0.10),
        pelvis=(0.0 if both else -0.2, lean, 0.0),
        spine=(0.0 if both else -0.2, 0.5 * lean, 0.0),
        head=(0.0, -lean, 0.0),
        **{f"upper{which}": (0.12, level - 0.1, 1.0), f"fore{which}": (0.0, level + 0.15, 1.0)},
    )
    period = draw(1.0, 2.0)
    keys = [(0.0, ready), (0.12, ready), (0.42, out), (0.62, out)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.7)


def punch(draw: Draw, *, level: float) -> Cycle:
    """Punch straight ahead, left and right in turn, from a guard before the chest."""
    guard = edit_pose(
        _staggered(draw.rest(), draw(0.05, 0.2)),
        root=(0.0, -0.04, 0.0),
        spine=(0.0, 0.1, 0.0),
        upper=(0.3, -0.9, 0.25),
        fore=(-0.15, 0.75, 0.65),
    )
    twist = draw(0.25, 0.5)
    left = edit_pose(
        guard, spine=(-twist, 0.12, 0.0), upper_l=(0.05, level, 1.0), fore_l=(-0.1, level, 1.0)
    )
    right = edit_pose(
        guard, spine=(twist, 0.12, 0.0), upper_r=(0.05, level, 1.0), fore_r=(-0.1, level, 1.0)
    )
    period = draw(1.0, 1.9)
    keys = [(0.0, guard), (0.15, left), (0.35, guard), (0.5, guard), (0.65, right), (0.85, guard)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.8)


def pick_up(draw: Draw, *, both: bool, knees: float, aside: float) -> Cycle:
    """Bend down to the floor, take something with one hand or both, and rise.

    Args:
        draw: Randomness of this performance.
        both: True to reach with both hands.
        knees: How much the knees share in it: the drop of the pelvis, metres.
        aside: How far beside the feet the thing lies: lean to the side, radians.
    """
    rest = draw.rest()
    which = "" if both else "_l"
    bend = draw(0.95, 1.25) - 0.7 * knees
    down = edit_pose(
        rest,
        root=(-0.4 * aside, -knees, -0.14 - 0.3 * knees),
        pelvis=(0.5 * aside, bend, 0.0),
        spine=(0.8 * aside, draw(0.45, 0.75), 0.0),
        head=(0.0, -0.2, 0.0),
        arm_free=(1.0, 1.0),
        **{f"upper{which}": (0.1, -0.95, 0.25), f"fore{which}": (0.0, -1.0, 0.2)},
    )
    if not both:
        down = edit_pose(down, upper_r=(0.25, -0.9, 0.1), fore_r=(-0.1, -0.55, 0.8))
    up = edit_pose(rest, **{f"upper{which}": (0.15, -0.9, 0.3), f"fore{which}": (-0.1, 0.1, 0.9)})
    period, stay = draw(1.9, 3.2), draw(0.04, 0.14)
    keys = [(0.0, rest), (0.42, down), (0.42 + stay, down), (0.78, up), (0.94, rest)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.6)


def touch_toes(draw: Draw) -> Cycle:
    """Bend down with straight legs until the hands are near the toes."""
    rest = draw.rest()
    down = edit_pose(
        rest,
        root=(0.0, -0.02, -0.16),
        pelvis=(0.0, draw(1.15, 1.4), 0.0),
        spine=(0.0, draw(0.6, 0.9), 0.0),
        arm_free=(1.0, 1.0),
        upper=(0.08, -0.98, 0.1),
        fore=(0.0, -1.0, 0.08),
    )
    period, stay = draw(2.2, 3.6), draw(0.05, 0.18)
    keys = [(0.0, rest), (0.42, down), (0.42 + stay, down), (0.94, rest)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.6)


def bow(draw: Draw, *, arms: str) -> Cycle:
    """Bow from the hips, arms at the sides or one hand before the chest."""
    rest = draw.rest()
    if arms == "behind":
        rest = edit_pose(rest, upper=(0.3, -0.9, -0.35), fore=(-0.7, -0.6, -0.3))
    down = edit_pose(
        rest,
        root=(0.0, -0.01, -0.12),
        pelvis=(0.0, draw(0.65, 1.0), 0.0),
        spine=(0.0, draw(0.2, 0.45), 0.0),
        head=(0.0, draw(0.0, 0.3), 0.0),
    )
    if arms == "sides":
        down = edit_pose(down, upper=(0.2, -0.95, 0.15), fore=(0.0, -0.9, 0.35))
    elif arms == "chest":
        down = edit_pose(down, upper_l=(0.35, -0.85, 0.3), fore_l=(-0.9, 0.3, 0.5))
    period, stay = draw(2.0, 3.4), draw(0.06, 0.2)
    keys = [(0.0, rest), (0.40, down), (0.40 + stay, down), (0.94, rest)]
    return keyed([(share * period, pose) for share, pose in keys], period, sway=0.6)


def _staggered(pose: FloatArray, ahead: float) -> FloatArray:
    """Put the right foot ahead and the left one back."""
    return edit_pose(pose, foot_l=(0.12, 0.0, -0.45 * ahead), foot_r=(0.10, 0.0, 0.55 * ahead))
