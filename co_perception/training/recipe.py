# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What the starter is made of: sources, their shares, and how long each kind of run trains."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from co_perception.training.batches import Mixture, Part
from co_perception.training.compose import MotionPool
from co_perception.training.datasets import jhmdb_split, load_kinder_gator
from co_perception.training.gestures import generate_standing
from co_perception.training.motions import Motion
from co_perception.training.self_made import generate_scripts

__all__ = ["FRAMES", "Sources", "load_sources", "make_mixture"]

FRAMES = 48
"""Length of a training example: 3.2 s, the receptive field and what came before."""
_HELD_EVERY = 4
_SCRIPTS_PER_STANDING = 3


@dataclass(frozen=True)
class Sources:
    """Recordings of one experiment, the training side and the held-out side apart.

    Attributes:
        jhmdb: Clips of the training side; empty: not used.
        jhmdb_held: Clips of the test side.
        kinder_gator: Recordings of the training subjects; empty: not used.
        kinder_gator_held: Recordings of the held-out subjects.
    """

    jhmdb: list[Motion]
    jhmdb_held: list[Motion]
    kinder_gator: list[Motion]
    kinder_gator_held: list[Motion]


def load_sources(data: Path, split: int = 1) -> Sources:
    """Read both data sets and set aside what is held out.

    Held out are the test clips of one of J-HMDB's official splits, and every fourth of
    Kinder-Gator's subjects in the order of their numbers (5 of 20).

    Raises:
        SourceError: If a file is missing.
    """
    train, test = jhmdb_split(data, split)
    recordings = load_kinder_gator(data)
    held = set(sorted({motion.group for motion in recordings})[::_HELD_EVERY])
    return Sources(
        train,
        test,
        [motion for motion in recordings if motion.group not in held],
        [motion for motion in recordings if motion.group in held],
    )


def make_mixture(
    *,
    jhmdb: list[Motion] | None = None,
    kinder_gator: list[Motion] | None = None,
    scripts: int = 0,
    seed: int = 0,
) -> Mixture:
    """Mix training sources.

    Args:
        jhmdb: J-HMDB clips.
        kinder_gator: Kinder-Gator recordings.
        scripts: Number of self-made scripts (split "train"); a third as many people who stand are
            added (see `gestures`).
        seed: Of the self-made scripts.
    """
    parts = []
    if jhmdb:
        parts.append(Part(MotionPool(jhmdb)))
    if kinder_gator:
        parts.append(Part(MotionPool(kinder_gator, same_group=True), in_place=True))
    if scripts:
        standing = generate_standing(scripts // _SCRIPTS_PER_STANDING, seed=seed)
        parts.append(Part(MotionPool(generate_scripts(scripts, seed=seed) + standing)))
    return Mixture(parts, frames=FRAMES)
