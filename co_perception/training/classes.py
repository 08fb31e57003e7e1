# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The activities of the starter model, and what the sources call them."""

from __future__ import annotations

__all__ = [
    "CLASSES",
    "IGNORE",
    "JHMDB_ACTIONS",
    "JHMDB_WHOLE_BODY",
    "KINDER_GATOR_ACTIONS",
    "OTHER",
    "SHARED_CLASSES",
    "class_id",
]

CLASSES: tuple[str, ...] = (
    "stand",
    "walk",
    "run",
    "jump",
    "squat",
    "bend",
    "wave",
    "clap",
    "throw",
    "push",
    "sit_down",
    "stand_up",
    "kick",
)
"""Output order of the network."""

IGNORE = -1
"""Frames that teach nothing: transitions, held poses, the T-pose that a recording starts with."""
OTHER = -2
"""Frames of an activity that is none of the classes: the network is to be sure of nothing."""

JHMDB_ACTIONS: dict[str, str | None] = {
    "walk": "walk",
    "run": "run",
    "jump": "jump",
    "sit": "sit_down",
    "stand": "stand_up",
    "pick": "bend",
    "wave": "wave",
    "clap": "clap",
    "throw": "throw",
    "push": "push",
    "catch": None,
    "golf": None,
    "pour": None,
    "pullup": None,
}
"""J-HMDB names -> class; None: an activity of another kind."""

JHMDB_WHOLE_BODY: tuple[str, ...] = tuple(n for n, c in JHMDB_ACTIONS.items() if c is not None)
"""The ten J-HMDB actions that figures are given for."""

KINDER_GATOR_ACTIONS: dict[str, str] = {
    "Walk-in-place": "walk",
    "Walk-in-place-as-fast-as-you-can": "walk",
    "Run-in-place": "run",
    "Run-in-place-as-fast-as-you-can": "run",
    "Jump": "jump",
    "Jump-as-high-as-you-can": "jump",
    "Do-two-jumping-jacks": "jump",
    "Bow": "bend",
    "Touch-your-toes": "bend",
    "Wave-your-hand": "wave",
    "Wave-your-other-hand": "wave",
    "Throw-a-ball-": "throw",
    "Throw-a-ball-as-far-as-you-can": "throw",
    "Throw-a-ball-as-far-as-you-can-with-the-other-arm": "throw",
    "Throw-a-ball-with-your-other-arm": "throw",
    "Punch": "push",
    "Push-an-imaginary-button-in-front-of-you": "push",
    "Kick-a-ball": "kick",
    "Kick-a-ball-as-far-as-you-can": "kick",
    "Kick-a-ball-as-far-as-you-can-with-the-other-leg": "kick",
    "Kick-a-ball-with-the-other-leg": "kick",
}
"""Kinder-Gator names -> class; its other 37 actions (letters drawn in the air, swimming, ...) are
of another kind."""

SHARED_CLASSES: tuple[str, ...] = ("walk", "run", "jump", "wave", "throw", "bend", "push")
"""Classes that both Kinder-Gator and J-HMDB carry: those of the cross-domain figure."""


def class_id(label: str | None) -> int:
    """Return the output index of a class; `OTHER` for None."""
    return OTHER if label is None else CLASSES.index(label)
