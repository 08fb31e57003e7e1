# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What is said of many timings: medians and minima, tails, and ratios taken round by round."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from co_perception.errors import ConfigError

__all__ = ["Latency", "Ratio", "paired_ratio", "summarise"]


@dataclasses.dataclass(frozen=True)
class Latency:
    """Timings of single steps, milliseconds.

    Attributes:
        median: Half of the steps are faster.
        p95: 95 of 100 steps are faster.
        p99: 99 of 100 steps are faster.
        min: The fastest: what the machine can do when nothing disturbs it.
        steps: How many were timed.
    """

    median: float
    p95: float
    p99: float
    min: float
    steps: int


@dataclasses.dataclass(frozen=True)
class Ratio:
    """How many times faster than another contestant, from rounds that ran one after the other.

    Attributes:
        median: Of the rounds' ratios of medians: what to quote.
        low: Of the worst round.
        high: Of the best round.
        of_minima: Ratio of the two fastest steps.
    """

    median: float
    low: float
    high: float
    of_minima: float


def summarise(nanoseconds: Sequence[int]) -> Latency:
    """Return what is said of a list of timings.

    Raises:
        ConfigError: If there are none.
    """
    if not len(nanoseconds):
        raise ConfigError("summarise: expected the timings of at least one step, got none")
    ms = np.asarray(nanoseconds, dtype=np.float64) / 1e6
    median, p95, p99 = np.percentile(ms, [50, 95, 99])
    return Latency(float(median), float(p95), float(p99), float(ms.min()), len(ms))


def paired_ratio(ours: Sequence[Sequence[int]], theirs: Sequence[Sequence[int]]) -> Ratio:
    """Return how many times faster `ours` is than `theirs`.

    A machine drifts, its clock rate too: only rounds that ran one after the other are compared.

    Args:
        ours: Timings per round, nanoseconds.
        theirs: Timings of the same rounds.

    Raises:
        ConfigError: If the rounds are no pairs.
    """
    if len(ours) != len(theirs) or not ours:
        raise ConfigError(
            f"paired_ratio: expected as many rounds on both sides, got {len(ours)} and "
            f"{len(theirs)}"
        )
    ratios = [float(np.median(b) / np.median(a)) for a, b in zip(ours, theirs)]
    fastest = min(map(min, theirs)) / min(map(min, ours))
    return Ratio(float(np.median(ratios)), min(ratios), max(ratios), float(fastest))
