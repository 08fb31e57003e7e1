# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Single activities as clips of 3-D joints: what a training set is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from co_perception.motion.body import COMMON13, Body, sample_body
from co_perception.motion.curves import FloatArray
from co_perception.motion.cycles import Cycle, Draw, PoseFunction, as_motion
from co_perception.motion.kinematics import SolvedPose, solve
from co_perception.motion.splits import create_rng
from co_perception.motion.styles import TRANSITIONS, list_styles

__all__ = ["Performance", "generate_activity", "generate_clip", "perform"]


@dataclass(frozen=True)
class Performance:
    """A living performance of one activity in one style, for any body.

    Attributes:
        label, style: What is performed and how.
        poses: Poses (T, D) at times (T,), seconds from its start.
        period: Length of one repetition, or of the transition, seconds.
        repeats: False for transitions.
    """

    label: str
    style: str
    poses: PoseFunction
    period: float
    repeats: bool


def perform(
    label: str,
    seconds: float,
    rng: np.random.Generator,
    split: str,
    *,
    tempo: float = 1.0,
    anywhere: bool = True,
) -> Performance:
    """Draw a style and perform it.

    Args:
        label: One of `styles.LABELS`.
        seconds: How long it will be watched: ways over the floor are cut to end at their start.
        rng: Randomness of style and performance.
        split: "train" or "judge".
        tempo: Speed-up of the body (`Body.tempo`).
        anywhere: True to start at a random moment of a repetition.
    """
    styles = list_styles(label, split)
    style = styles[int(rng.integers(len(styles)))]
    draw = Draw(rng)
    cycle = _faster(style.make(draw, seconds * tempo), tempo)
    start = draw(0.0, cycle.period) if anywhere and cycle.repeats else 0.0
    poses = as_motion(cycle, draw, start=start)
    return Performance(label, style.name, poses, cycle.period, cycle.repeats)


def _faster(cycle: Cycle, tempo: float) -> Cycle:
    return Cycle(
        lambda t: cycle.poses(t * tempo),
        cycle.period / tempo,
        cycle.repeats,
        cycle.sway,
        cycle.sided,
    )


def generate_activity(
    label: str, seconds: float, rate: float, rng: np.random.Generator, split: str
) -> tuple[SolvedPose, Body]:
    """Perform an activity with a body drawn for it.

    A repeated activity starts anywhere in a repetition. A transition (sitting down, standing up)
    begins within the first 0.4 s and its end is held.

    Returns:
        Joints and frames at `rate` Hz for round(seconds * rate) moments, and the body.
    """
    body = sample_body(rng, split)
    played = perform(label, seconds, rng, split, tempo=body.tempo)
    t = np.arange(round(seconds * rate)) / rate
    if label in TRANSITIONS:
        t = t - rng.uniform(0.0, 0.4)
    return solve(played.poses(t), body), body


def generate_clip(label: str, seconds: float, rate: float, seed: int, split: str) -> FloatArray:
    """Make one clip of an activity.

    Args:
        label: One of `styles.LABELS`.
        seconds: Length.
        rate: Moments per second.
        seed: Equal seeds give equal clips; the splits share no clip.
        split: "train" or "judge".

    Returns:
        (T, 13, 3) metres, layout common13, world axes (x to the left of a person that faces
        forward, y up, z forward; floor at y = 0).
    """
    rng = create_rng(split, seed, f"clip {label}")
    solved, _ = generate_activity(label, seconds, rate, rng, split)
    return solved.joints[:, : len(COMMON13)]
