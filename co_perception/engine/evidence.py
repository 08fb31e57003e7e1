# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Which images a stream's scores rest on, and how much of the receptive field they fill."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["EvidenceWindow"]


class EvidenceWindow:
    """The last frames that were fed to one row of the state.

    Args:
        receptive_field: Frames that one output rests on.
        min_evidence: Share of them, 0..1, that must be real for scores to be usable.
    """

    def __init__(self, receptive_field: int, min_evidence: float) -> None:
        self._frames: deque[tuple[int, int, bool]] = deque(maxlen=receptive_field)
        self._size = receptive_field
        self._real = 0
        # 0.7 * 30 is 21.000000000000004 in floating point: that must not ask for 22 frames.
        self._needed = max(1, math.ceil(min_evidence * receptive_field - 1e-9))

    def push(self, start_ns: int, end_ns: int, real: bool) -> None:
        """Note a frame: the stamps of the images that it rests on, and whether it counts."""
        if len(self._frames) == self._size:
            self._real -= self._frames[0][2]
        self._frames.append((start_ns, end_ns, real))
        self._real += real

    def clear(self) -> None:
        """Forget all frames."""
        self._frames.clear()
        self._real = 0

    @property
    def share(self) -> float:
        """Share of the receptive field that saw real frames, 0..1."""
        return self._real / self._size

    @property
    def enough(self) -> bool:
        """Whether the model has seen as many real frames as it asks for."""
        return self._real >= self._needed

    @property
    def span_ns(self) -> tuple[int, int]:
        """Stamps of the first and the last image that the frames rest on; zeros for none."""
        if not self._frames:
            return (0, 0)
        return (self._frames[0][0], self._frames[-1][1])
