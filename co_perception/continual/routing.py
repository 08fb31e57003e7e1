# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Several streams at once: one input sent to many, modules side by side, many reduced to one.

    co.Sequential(co.Broadcast(2), co.Parallel(a, b), co.Reduce("sum"))

    x --- Broadcast --- a --- Reduce --- y
                |------ b ------|

Between the two a frame is a tuple of frames. They share one clock: rows start, pause and reset in
all streams together.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from torch import Tensor

from co_perception.continual.containers import name_modules
from co_perception.continual.frames import Frames
from co_perception.continual.lines import Lines
from co_perception.continual.module import ContinualModule, FrameLocal, Part
from co_perception.continual.reduction import (
    Reduction,
    apply_reduction,
    check_reduction,
    reduced_shape,
)
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick
from co_perception.errors import ConfigError, ShapeError

__all__ = ["Broadcast", "Parallel", "ParallelDispatch", "Reduce"]

Streams: TypeAlias = tuple[Any, ...]
"""Frames or clips, one per stream."""

Route: TypeAlias = int | Sequence["Route"]


class _Router(FrameLocal):
    """A module that moves frames about and does no work on them."""

    def parts(self, name: str, shape: tuple[int, ...], stride: int = 1) -> Iterator[Part]:
        """Walk nothing."""
        return iter(())


class Broadcast(_Router):
    """Send one stream to several: x -> (x, x, ...).

    Args:
        streams: How many, at least 1.
    """

    def __init__(self, streams: int) -> None:
        super().__init__()
        if streams < 1:
            raise ConfigError(f"Broadcast: streams must be at least 1, got {streams}")
        self.streams = streams

    def forward(self, x: Frames) -> Streams:  # type: ignore[override]
        """Repeat a clip or frame."""
        return (x,) * self.streams

    def frame_shape(self, shape: Any) -> Streams:
        """Return the shape once per stream."""
        return (shape,) * self.streams

    def extra_repr(self) -> str:
        """Describe the module in printed models."""
        return str(self.streams)


class Reduce(_Router):
    """Make one stream of several.

    Args:
        reduce: "sum", "mul", "max", "concat" of the channels, or a function of a list of tensors
            that treats every frame alike and keeps the shape.
    """

    takes_streams = True

    def __init__(self, reduce: Reduction = "sum") -> None:
        super().__init__()
        check_reduction(reduce, "Reduce")
        self.reduce = reduce

    def forward(self, x: Streams) -> Tensor:  # type: ignore[override]
        """Reduce clips or frames."""
        return apply_reduction(self.reduce, x)

    def frame_shape(self, shape: Streams) -> tuple[int, ...]:
        """Return the reduced shape."""
        _check_streams(shape, None, "Reduce")
        return reduced_shape(shape, self.reduce, "Reduce")

    def extra_repr(self) -> str:
        """Describe the module in printed models."""
        return repr(self.reduce)


class ParallelDispatch(_Router):
    """Reorder, copy, drop and group streams.

        ParallelDispatch([1, 0])         (a, b) -> (b, a)
        ParallelDispatch([[0, 1], 1])    (a, b) -> ((a, b), b), for Parallel(Reduce("sum"), ...)

    Args:
        routes: For each output the number of an input, or a list of such that becomes one group.
    """

    takes_streams = True

    def __init__(self, routes: Sequence[Route]) -> None:
        super().__init__()
        self.routes = routes
        numbers = list(_numbers(routes))
        if not numbers or min(numbers) < 0:
            raise ConfigError(
                f"ParallelDispatch: expected numbers of streams from 0, got {routes!r}"
            )
        self._needed = max(numbers) + 1

    def forward(self, x: Streams) -> Streams:  # type: ignore[override]
        """Route clips or frames."""
        return _route(x, self.routes)

    def frame_shape(self, shape: Streams) -> Streams:
        """Return the routed shapes."""
        if len(_check_streams(shape, None, "ParallelDispatch")) < self._needed:
            raise ShapeError(
                f"ParallelDispatch: routes {self.routes!r} need {self._needed} streams, got "
                f"{len(shape)}"
            )
        return _route(shape, self.routes)

    def extra_repr(self) -> str:
        """Describe the module in printed models."""
        return repr(self.routes)


class Parallel(Lines):
    """Modules side by side, each on a stream of its own.

    Modules that answer earlier are delayed to the slowest one, so that the streams stay in step.

    Args:
        branches: Continual modules, or one OrderedDict of them by name. Their clip forwards must
            give clips of one length.

    Raises:
        ConfigError: If the branches cannot be aligned in time.
    """

    takes_streams = True

    def __init__(self, *branches: ContinualModule | OrderedDict[str, ContinualModule]) -> None:
        super().__init__()
        self._set_branches(name_modules(branches))

    def forward(self, x: Streams) -> Streams:  # type: ignore[override]
        """Compute each module's clip forward of its stream."""
        return tuple(self._clip_outputs(self._streams(x)))

    def frame_shape(self, shape: Streams) -> Streams:
        """Return each module's output shape."""
        return tuple(self._shapes(self._streams(shape)))

    def init_layers(self, frame: Streams) -> LayerState:  # type: ignore[override]
        """Return the cold states of the modules and delays that have one, by name."""
        return self._init_lines(self._streams(frame))

    def step_layers(  # type: ignore[override]
        self, x: Streams, layers: LayerState, tick: Tick
    ) -> tuple[Streams, LayerState, Tick]:
        """Advance by one frame of each stream."""
        outputs, states, after = self._step_lines(self._streams(x), layers, tick)
        return tuple(outputs), states, after

    def parts(self, name: str, shape: Streams, stride: int = 1) -> Iterator[Part]:
        """Walk the operators inside."""
        return self._parts_of_lines(name, self._streams(shape), stride)

    def _streams(self, x: Streams) -> list[Any]:
        return list(_check_streams(x, len(self._names), "Parallel"))


def _check_streams(x: Streams, count: int | None, where: str) -> Streams:
    """Return clips, frames or shapes of several streams if that is what they are."""
    if not isinstance(x, tuple) or not x or isinstance(x[0], int):
        raise ShapeError(
            f"{where}: expected a tuple of {count or 'several'} streams, got one; put "
            f"Broadcast({count or 'n'}) before it"
        )
    if count is not None and len(x) != count:
        raise ShapeError(
            f"{where}: expected {count} streams, one for each module, got {len(x)}; "
            "ParallelDispatch copies and drops streams"
        )
    return x


def _route(x: Streams, routes: Sequence[Route]) -> Streams:
    return tuple(x[r] if isinstance(r, int) else _route(x, r) for r in routes)


def _numbers(routes: Sequence[Route]) -> Iterator[int]:
    for route in routes:
        if isinstance(route, int):
            yield route
        else:
            yield from _numbers(route)
