# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Time arithmetic of continual modules: what a layer sees, when its output leaves, where a row is.

Output i of a layer rests on the inputs `i * stride - left` to `i * stride + delay` (its receptive
field); inputs before the first and after the last frame of the stream are padding:

    inputs            .  .  0  1  2  3  4        receptive_field 3, left 2, right 0
    output 0         [.  .  0]                   delay = receptive_field - 1 - left = 0
    output 1            [.  0  1]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from co_perception.errors import ConfigError

__all__ = ["Phase", "Tick", "TimeSpec", "advance", "chain", "fork"]


@dataclasses.dataclass(frozen=True)
class TimeSpec:
    """How a module treats time, in frames of its own input.

    Attributes:
        receptive_field: Frames that one output rests on, padding included.
        stride: Inputs per output.
        left: Padding before the first frame of a stream.
        right: Padding after the last frame; only flushes apply it.
    """

    receptive_field: int = 1
    stride: int = 1
    left: int = 0
    right: int = 0

    @property
    def delay(self) -> int:
        """Inputs that must follow frame i * stride before output i can leave."""
        return self.receptive_field - 1 - self.left

    def then(self, after: TimeSpec) -> TimeSpec:
        """Return the specification of this module followed by another one."""
        return TimeSpec(
            receptive_field=self.receptive_field + self.stride * (after.receptive_field - 1),
            stride=self.stride * after.stride,
            left=self.left + self.stride * after.left,
            right=self.right + self.stride * after.right,
        )

    def output_frames(self, frames: int) -> int:
        """Return how many frames the clip forward makes of a clip of `frames` frames."""
        return (frames + self.left + self.right - self.receptive_field) // self.stride + 1


class Phase(NamedTuple):
    """Where all rows of a lockstep stand in the period of a strided network, known beforehand.

    Attributes:
        number: Number of the frame modulo the period, 0..period - 1.
        period: Frames of the layer's input per output of the whole network.
    """

    number: int
    period: int


class Tick(NamedTuple):
    """One moment of a batch of streams, as one layer sees it.

    Attributes:
        frame: (B,) int64, number of the frame in the layer's own input, from 0 at the row's start.
        live: (B,) bool, rows that get a frame at this moment; the others stand still.
        end: 0 inside the stream; n at the n-th padding frame after its end (for all rows alike).
        phase: The frame's place in the period, where the caller knows it; None: rows may differ,
            so everything is computed and masked.
        idle: Whether the phase tells that no row gets a frame here: nothing needs computing.
    """

    frame: Tensor
    live: Tensor
    end: int = 0
    phase: Phase | None = None
    idle: bool = False

    def accepted(self) -> Tick:
        """Drop padding frames of rows that never had a real frame: an empty stream stays empty."""
        return self._replace(live=self.live & (self.frame >= self.end)) if self.end else self


def advance(tick: Tick, time: TimeSpec) -> Tick:
    """Return the moment as the layer after one with the given time specification sees it.

    Padding frames after the end come to the next layer as real outputs for `right` frames; later
    ones, every `stride`-th, are the next layer's own padding.
    """
    frame, live, end, *_ = tick.accepted()
    if time.delay:
        frame = frame - time.delay
        live = live & (frame >= 0)
    phase, idle = tick.phase, tick.idle
    if phase is not None:
        number, lead = divmod(phase.number - time.delay, time.stride)
        period = phase.period // time.stride
        phase, idle = Phase(number % period, period), idle or lead != 0
    if time.stride > 1:
        if phase is None:
            live = live & (frame % time.stride == 0)
        frame = frame.div(time.stride, rounding_mode="floor")
    if idle:
        live = torch.zeros_like(live)
    return Tick(frame, live, max(0, -((time.right - end) // time.stride)), phase, idle)


def chain(times: Iterable[TimeSpec]) -> TimeSpec:
    """Return the specification of modules that follow one another."""
    total = TimeSpec()
    for time in times:
        total = total.then(time)
    return total


def fork(times: Iterable[TimeSpec], where: str) -> TimeSpec:
    """Return the specification of modules side by side, each delayed to the slowest one.

    Raises:
        ConfigError: If strides differ, or if clips of different lengths would come out.
    """
    specs = list(times)
    first = specs[0]
    for spec in specs[1:]:
        if spec.stride != first.stride:
            strides = sorted({s.stride for s in specs})
            raise ConfigError(f"{where}: branches need one time stride, got {strides}")
        if spec.delay - spec.right != first.delay - first.right:
            shrinks = [s.delay - s.right for s in specs]
            raise ConfigError(
                f"{where}: branches must give clips of one length, but they shrink a clip by "
                f"{shrinks} frames; give them equal padding, or use Residual(..., shrink=...)"
            )
    delay = max(spec.delay for spec in specs)
    left = max(spec.left for spec in specs)
    return TimeSpec(
        receptive_field=delay + 1 + left,
        stride=first.stride,
        left=left,
        right=delay - first.delay + first.right,
    )
