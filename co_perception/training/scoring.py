# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""How right a network is, on clips and on streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from co_perception.models import ContinualModel
from co_perception.training.batches import Mixture, Part, TrainingSet, motion_features
from co_perception.training.classes import CLASSES
from co_perception.training.compose import MotionPool, hold_first
from co_perception.training.fit import dense_logits
from co_perception.training.motions import TRAINING_RATE, Motion, resample

__all__ = ["Score", "draw_streams", "score_clips", "score_streams", "settled"]

_SETTLED = 0.99
"""Weight (`compose.frame_weights`) from which on a frame counts: its activity has lasted 0.7 s."""


@dataclass(frozen=True)
class Score:
    """Share of right answers.

    Attributes:
        accuracy: Over all samples, 0..1.
        balanced: Mean over the classes, 0..1.
        per_class: By class name.
        samples: Number of clips or frames.
        confusion: Rows: true class, columns: answer, in the order of `per_class`.
    """

    accuracy: float
    balanced: float
    per_class: dict[str, float]
    samples: int
    confusion: list[list[int]]

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON, shares rounded to four places."""
        return {
            "accuracy": round(self.accuracy, 4),
            "balanced": round(self.balanced, 4),
            "samples": self.samples,
            "per_class": {name: round(value, 4) for name, value in self.per_class.items()},
            "confusion": self.confusion,
        }


def compute_score(truth: NDArray[np.intp], answer: NDArray[np.intp], ids: Sequence[int]) -> Score:
    """Compare answers with the truth over the classes `ids` that occur."""
    present = [label for label in ids if np.any(truth == label)]
    confusion = [
        [int(np.sum((truth == row) & (answer == column))) for column in present] for row in present
    ]
    per_class = {
        CLASSES[label]: float(np.mean(answer[truth == label] == label)) for label in present
    }
    return Score(
        float(np.mean(answer == truth)),
        float(np.mean(list(per_class.values()))),
        per_class,
        len(truth),
        confusion,
    )


def score_clips(model: ContinualModel, clips: Sequence[Motion], classes: Sequence[str]) -> Score:
    """Score short 2-D clips by the answer at their last frame, among `classes` only.

    Each clip is extended at its start by holding its first pose until the receptive field is full.

    Args:
        model: The network.
        clips: One label each; clips of other classes are left out.
        classes: Names of the classes to choose from.
    """
    ids = [CLASSES.index(name) for name in classes]
    frames = model.spec.receptive_field
    chosen = [clip for clip in clips if int(clip.labels[-1]) in ids]
    inputs = []
    for clip in chosen:
        at_rate = resample(clip, TRAINING_RATE)
        full = hold_first(at_rate, max(0, frames - len(at_rate)))
        inputs.append(motion_features(full.points)[:, -frames:])
    logits = dense_logits(model, np.stack(inputs))[:, ids, -1]
    truth = np.array([int(clip.labels[-1]) for clip in chosen])
    return compute_score(truth, np.array(ids)[logits.argmax(axis=1)], ids)


def draw_streams(
    motions: Sequence[Motion], count: int, *, seed: int, same_group: bool = False
) -> TrainingSet:
    """Compose held-out recordings to streams, seen by random cameras, lightly jittered."""
    pool = MotionPool(motions, same_group=same_group)
    mixture = Mixture([Part(pool)], frames=64, strength=0.5)
    return mixture.draw(count, np.random.default_rng([seed, 31]))


def settled(examples: TrainingSet) -> NDArray[np.bool_]:
    """Return (N, T) True for frames of a class that has lasted long enough to be answered."""
    return (examples.weights >= _SETTLED) & (examples.labels >= 0)


def score_streams(
    model: ContinualModel, examples: TrainingSet, classes: Sequence[str] = CLASSES
) -> Score:
    """Score every settled frame of streams, among `classes` only."""
    ids = [CLASSES.index(name) for name in classes]
    logits = dense_logits(model, examples.features)[:, ids]
    counted = settled(examples) & np.isin(examples.labels, ids)
    answers = np.array(ids)[logits.argmax(axis=1)]
    return compute_score(examples.labels[counted].astype(np.intp), answers[counted], ids)
