# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Self-made motion as training data: scripts of activities with transitions, and single clips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from co_perception.motion import LABELS, make_timeline
from co_perception.training.classes import IGNORE, class_id
from co_perception.training.motions import TRAINING_RATE, Motion

__all__ = ["SELF_MADE", "generate_scripts", "script_motion"]

SELF_MADE = "self_made"

# Axes of `motion`: x to the person's left, y up, z forward, who faces the camera.
_TO_CAMERA = np.array([1.0, -1.0, -1.0])
_SECONDS = (2.5, 6.0)
_ACTIVITIES = 3


def script_motion(
    labels: list[str] | None,
    *,
    seed: int,
    split: str,
    seconds: tuple[float, float] = _SECONDS,
    rate: float = TRAINING_RATE,
) -> Motion:
    """Perform a script of activities; blends between two of them are labelled `IGNORE`.

    Args:
        labels: Activities in order; None: all of them.
        seed: Equal seeds give equal motions within a split.
        split: "train" or "judge" (see `motion.splits`).
        seconds: Shortest and longest time for an activity.
        rate: Frames per second.
    """
    timeline = make_timeline(labels, seed=seed, split=split, seconds=seconds)
    joints, names, blends = timeline.sample(rate)
    ids: NDArray[np.int16] = np.array([class_id(name) for name in names], np.int16)
    ids[blends] = IGNORE
    points = (joints * _TO_CAMERA).astype(np.float32)
    return Motion(points, ids, rate, SELF_MADE, "+".join(labels or ["all"]), f"{split}{seed}")


def generate_scripts(count: int, *, seed: int, split: str = "train") -> list[Motion]:
    """Perform `count` scripts of three random activities each, every activity equally often.

    Args:
        count: Number of scripts.
        seed: Of the choice of activities and of the performances.
        split: "train" or "judge".
    """
    rng = np.random.default_rng([seed, 77])
    motions = []
    for index in range(count):
        first = LABELS[index % len(LABELS)]
        others = rng.choice(LABELS, _ACTIVITIES - 1)
        order = [str(name) for name in rng.permutation([first, *others])]
        motions.append(script_motion(order, seed=seed * 1_000_003 + index, split=split))
    return motions
