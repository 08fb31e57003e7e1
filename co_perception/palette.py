# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Colours and words that pictures of activities share."""

from __future__ import annotations

import zlib

from co_perception.engine.activity import UNKNOWN, Activity, Reason, Validity

__all__ = ["NEUTRAL", "label_rgb", "state_words"]

Rgb = tuple[int, int, int]

NEUTRAL: Rgb = (150, 155, 163)
"""For "unknown" and for everything that is not usable."""

# Hues far apart in the order in which activities follow one another most often.
_KNOWN: dict[str, Rgb] = {
    "stand": (111, 160, 215),
    "walk": (84, 190, 120),
    "run": (240, 130, 60),
    "jump": (200, 100, 205),
    "squat": (235, 190, 60),
    "bend": (60, 185, 185),
    "wave": (235, 95, 120),
    "clap": (150, 120, 230),
    "throw": (165, 200, 70),
    "push": (205, 140, 90),
    "sit_down": (100, 125, 235),
    "stand_up": (70, 200, 160),
    "kick": (225, 90, 65),
}
_OTHERS = tuple(_KNOWN.values())

_REASONS = {
    Reason.NO_POSE: "no pose",
    Reason.FEW_JOINTS: "too few joints",
    Reason.LOST: "out of sight",
    Reason.OVER_LIMIT: "too many people",
    Reason.RESET_SERVICE: "reset",
    Reason.RESET_TIME_JUMP: "time jumped",
    Reason.RESET_GAP: "gap in time",
    Reason.RESET_MODEL: "new model",
}


def label_rgb(label: str) -> Rgb:
    """Return the colour of an activity, the same in every picture."""
    if label in ("", UNKNOWN):
        return NEUTRAL
    return _KNOWN.get(label) or _OTHERS[zlib.crc32(label.encode()) % len(_OTHERS)]


def state_words(activity: Activity) -> str:
    """Say in two or three words how far the activity may be believed; "" for a valid one."""
    reason = _REASONS.get(activity.reason, "")
    if activity.validity == Validity.WARMING_UP:
        return f"warming up {activity.warmup:.0%}"
    if activity.validity == Validity.HELD:
        return f"held: {reason}" if reason else "held"
    if activity.validity == Validity.STALE:
        return f"stale: {reason}" if reason else "stale"
    if activity.validity == Validity.INVALID:
        return reason or "no answer"
    return ""
