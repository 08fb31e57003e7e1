# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From probabilities, many per second and nervous, to a label that can be acted on.

A class becomes the label when its probability stays at or above `enter` for `min_hold_sec`, and
stops being it when its probability stays below `exit` for as long, or when another class enters.
While no class is sure the label is "unknown". All times are those of the images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.activity import CLASS_NONE, UNKNOWN, ActivityScore

__all__ = ["Decider", "Decision", "Edge", "compute_probabilities", "top_scores"]


def compute_probabilities(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Return the softmax of logits (..., K) over a temperature found on held-out data.

    Source: Guo et al., On Calibration of Modern Neural Networks (2017), section 4.2.
    """
    scaled = np.asarray(logits, np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def top_scores(
    probabilities: NDArray[np.float64], labels: tuple[str, ...], count: int
) -> tuple[ActivityScore, ...]:
    """Return the best classes, best first; equal ones in the order of the labels."""
    order = np.argsort(-probabilities, kind="stable")[:count]
    return tuple(ActivityScore(int(k), labels[k], float(probabilities[k])) for k in order)


@dataclass(frozen=True)
class Decision:
    """The label of one stream.

    Attributes:
        class_id: Index of the class; CLASS_NONE while no class is sure.
        label: The class's name, or "unknown".
        since_ns: When this became the decision.
    """

    class_id: int
    label: str
    since_ns: int


@dataclass(frozen=True)
class Edge:
    """A class became the label, or stopped being it.

    Attributes:
        started: True for the beginning, False for the end.
        stamp_ns: Stamp of the output that brought the edge.
        class_id: Index of the class.
        confidence: The class's probability at the beginning; at the end its mean over the time.
        duration_ns: At the end, for how long it was the label; else 0.
    """

    started: bool
    stamp_ns: int
    class_id: int
    confidence: float
    duration_ns: int = 0


class Decider:
    """Decides the label of one stream.

    Args:
        labels: Class names.
        enter: Probability at which a class may become the label.
        exit: Probability below which it stops being the label, at most `enter`.
        min_hold_ns: How long a change must last before the label follows.
    """

    def __init__(
        self, labels: tuple[str, ...], *, enter: float, exit: float, min_hold_ns: int
    ) -> None:
        self._labels = labels
        self._enter, self._exit = enter, exit
        self._min_hold_ns = min_hold_ns
        self.decision: Decision | None = None
        """None: nothing usable was seen since the last `clear`."""
        self._wanted, self._wanted_since_ns = CLASS_NONE, 0
        self._unsure_since_ns: int | None = None
        self._newest_ns = 0
        self._sum, self._count = 0.0, 0

    def update(self, stamp_ns: int, probabilities: NDArray[np.float64]) -> list[Edge]:
        """Take a usable output; return the edges that it brings, an end before a beginning."""
        self._newest_ns = stamp_ns
        if self.decision is None:
            self.decision = Decision(CLASS_NONE, UNKNOWN, stamp_ns)
            self._want(CLASS_NONE, stamp_ns)
        self._follow(stamp_ns, probabilities)
        target = self._settle(stamp_ns)
        edges = [] if target == self.decision.class_id else self._switch(target, probabilities)
        if self.decision.class_id != CLASS_NONE:
            self._sum += float(probabilities[self.decision.class_id])
            self._count += 1
        return edges

    def clear(self) -> list[Edge]:
        """Drop the decision, because the stream is no longer usable; return the end it brings."""
        edges = self._end()
        self.decision = None
        return edges

    def _follow(self, stamp_ns: int, probabilities: NDArray[np.float64]) -> None:
        """Note what this output speaks for, and since when."""
        assert self.decision is not None
        current, best = self.decision.class_id, int(np.argmax(probabilities))
        holds = current != CLASS_NONE and probabilities[current] >= self._exit
        if probabilities[best] >= self._enter:
            wanted = best
        else:
            wanted = current if holds else CLASS_NONE
        if wanted != self._wanted:
            self._want(wanted, stamp_ns)
        if holds:
            self._unsure_since_ns = None
        elif self._unsure_since_ns is None:
            self._unsure_since_ns = stamp_ns

    def _want(self, class_id: int, stamp_ns: int) -> None:
        self._wanted, self._wanted_since_ns = class_id, stamp_ns

    def _settle(self, stamp_ns: int) -> int:
        """Return the class that now is the label."""
        assert self.decision is not None
        current = self.decision.class_id
        if stamp_ns - self._wanted_since_ns >= self._min_hold_ns:
            return self._wanted
        # Classes that take turns never hold long enough, yet the old one is long gone.
        unsure = self._unsure_since_ns
        if unsure is not None and stamp_ns - unsure >= self._min_hold_ns:
            return CLASS_NONE
        return current

    def _switch(self, target: int, probabilities: NDArray[np.float64]) -> list[Edge]:
        edges = self._end()
        stamp_ns = self._newest_ns
        self._sum, self._count, self._unsure_since_ns = 0.0, 0, None
        if target == CLASS_NONE:
            self.decision = Decision(CLASS_NONE, UNKNOWN, stamp_ns)
            return edges
        self.decision = Decision(target, self._labels[target], stamp_ns)
        return [*edges, Edge(True, stamp_ns, target, float(probabilities[target]))]

    def _end(self) -> list[Edge]:
        decision = self.decision
        if decision is None or decision.class_id == CLASS_NONE:
            return []
        mean = self._sum / self._count if self._count else 0.0
        duration_ns = self._newest_ns - decision.since_ns
        return [Edge(False, self._newest_ns, decision.class_id, mean, duration_ns)]
