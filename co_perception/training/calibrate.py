# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From logits to probabilities that mean something, and the thresholds for decisions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from co_perception.training.batches import TrainingSet
from co_perception.training.classes import OTHER
from co_perception.training.scoring import settled

__all__ = ["EXIT_BELOW_ENTER", "choose_enter", "find_temperature"]

EXIT_BELOW_ENTER = 0.1
"""The exit threshold lies this far below the enter threshold."""
_ENTER_LIMITS = (0.5, 0.7)
_FALSE_SHARE = 0.2


def find_temperature(logits: NDArray[np.float32], examples: TrainingSet) -> float:
    """Fit the temperature on held-out streams, by their negative log-likelihood.

    Frames of activities outside the classes count too: they ask for no preference.

    Args:
        logits: (N, K, T).
        examples: The held-out streams.

    Source: Guo et al., On Calibration of Modern Neural Networks (2017), section 4.2.
    """
    frames = np.moveaxis(logits, 1, -1)
    named = settled(examples)
    other = (examples.labels == OTHER) & (examples.weights > 0.5)
    named_logits, other_logits = frames[named], frames[other]
    truth = examples.labels[named].astype(np.intp)

    def loss(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        chosen = log_softmax(named_logits * scale, axis=1)[np.arange(len(truth)), truth]
        total = -float(chosen.mean())
        if len(other_logits):
            total -= 0.25 * float(log_softmax(other_logits * scale, axis=1).mean())
        return total

    found = minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded")
    return float(np.exp(found.x))


def choose_enter(logits: NDArray[np.float32], examples: TrainingSet, temperature: float) -> float:
    """Choose the enter threshold on held-out streams.

    It is the lowest at which at most one settled frame in five that gets a label gets a wrong one,
    between 0.5 and 0.7: below, "unknown" would never be said, above, nearly always.
    """
    probabilities = softmax(np.moveaxis(logits, 1, -1) / temperature, axis=-1)
    counted = settled(examples)
    best = probabilities[counted].argmax(axis=1)
    sure = probabilities[counted].max(axis=1)
    wrong = best != examples.labels[counted]
    for threshold in np.arange(_ENTER_LIMITS[0], _ENTER_LIMITS[1], 0.01):
        told = sure >= threshold
        if told.any() and wrong[told].mean() <= _FALSE_SHARE:
            return round(float(threshold), 2)
    return _ENTER_LIMITS[1]
