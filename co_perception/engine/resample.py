# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From samples at image stamps to one sample per tick: what is fed to the network.

    poses   A          B          C      an image every 100 ms
    ticks   |      |      |      |       every 67 ms
    fed     A     A-B    A-B     C       at the images A, B, B, C: never before the later pose

Between two poses the joints move on straight lines; of two images the nearer one is taken. That
looks at images up to now only, and a missing pose needs no rule of its own: the ticks wait until
the person is seen again, and are then made up at once, up to the longest gap that the engine
bridges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.clock import TickClock
from co_perception.engine.sample import Sample

__all__ = ["Pose", "SampleTrack", "TickSample", "interpolate_points"]


@dataclass(frozen=True)
class Pose:
    """Joints at the stamp of an image.

    Attributes:
        stamp_ns: Stamp of the image.
        points: (J, 3) float32 in the model's layout, as in `Skeleton.points`.
        aspect: Width of the image over its height.
    """

    stamp_ns: int
    points: NDArray[np.float32]
    aspect: float

    def between(self, later: Pose, stamp_ns: int) -> Pose:
        """Return the joints on the way to a later pose."""
        share = (stamp_ns - self.stamp_ns) / (later.stamp_ns - self.stamp_ns)
        points = interpolate_points(self.points, later.points, share)
        return Pose(stamp_ns, points, self.aspect + share * (later.aspect - self.aspect))


@dataclass(frozen=True)
class TickSample:
    """What a tick is fed.

    Attributes:
        tick: Index on the clock's grid.
        sample: What is fed, and the time that it is for.
        start_ns: Stamp of the first image that it rests on.
        end_ns: Stamp of the last image that it rests on.
        real: Whether this counts as evidence: seen, or made up over a short time only.
    """

    tick: int
    sample: Any
    start_ns: int
    end_ns: int
    real: bool


def interpolate_points(
    before: NDArray[np.float32], after: NDArray[np.float32], share: float
) -> NDArray[np.float32]:
    """Return joints on the way from one pose to the next.

    A joint that one of the two lacks is taken from the nearer one, missing or not.

    Args:
        before: (J, 3) x, y, visibility.
        after: (J, 3) likewise.
        share: 0 (before) .. 1 (after).
    """
    between = before + np.float32(share) * (after - before)
    both = np.isfinite(before + after).all(axis=-1, keepdims=True)
    nearer = before if share < 0.5 else after
    return np.where(both, between, nearer)


class SampleTrack:
    """The samples of one stream, and the ticks they have settled.

    Args:
        clock: The grid that all streams share.
        max_interpolation_ns: Ticks between samples farther apart than this are not evidence.
    """

    def __init__(self, clock: TickClock, *, max_interpolation_ns: int) -> None:
        self._clock = clock
        self._max_interpolation_ns = max_interpolation_ns
        self._last: Sample | None = None
        self._settled = 0

    @property
    def last_ns(self) -> int | None:
        """Stamp of the last sample; None before the first."""
        return None if self._last is None else self._last.stamp_ns

    def reset(self) -> None:
        """Forget all samples: the next one begins a stream."""
        self._last = None

    def push(self, sample: Sample) -> list[TickSample]:
        """Take the sample of an image later than the last; return the ticks that it settles."""
        last, self._last = self._last, sample
        final = self._clock.last_tick(sample.stamp_ns)
        # A stream's first sample settles the tick that it is at, if any, and none before.
        first = self._settled + 1 if last is not None else final
        self._settled = final
        if last is None and not self._clock.is_at(final, sample.stamp_ns):
            return []
        return [self._at(tick, last or sample, sample) for tick in range(first, final + 1)]

    def _at(self, tick: int, last: Sample, sample: Sample) -> TickSample:
        if self._clock.is_at(tick, sample.stamp_ns):
            return TickSample(tick, sample, sample.stamp_ns, sample.stamp_ns, real=True)
        between = last.between(sample, self._clock.tick_ns(tick))
        real = sample.stamp_ns - last.stamp_ns <= self._max_interpolation_ns
        if between is last or between is sample:
            return TickSample(tick, between, between.stamp_ns, between.stamp_ns, real)
        return TickSample(tick, between, last.stamp_ns, sample.stamp_ns, real)
