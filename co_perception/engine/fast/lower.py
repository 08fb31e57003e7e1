# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From a network of continual operators to the ONNX graph of one step, made for speed.

Two forms of a frame: images stay (B, C, H, W); what has one axis of space or none becomes a matrix
with a row per place, (B V, C), so that linear maps are single matrix products without transposes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from co_perception import continual as co
from co_perception.continual.containers import Pairs
from co_perception.engine.fast.graph import GraphWriter, UnsupportedError
from co_perception.engine.fast.plan import Ring, Window

__all__ = ["Frames", "Lowering", "UnsupportedError", "handles", "to_array"]


@dataclass(frozen=True)
class Frames:
    """One frame of each stream inside the graph.

    Attributes:
        name: The value's name in the graph.
        shape: One row's shape in the network, (C, ...).
        matrix: Whether it lies as (B places, C) instead of (B, C, ...).
    """

    name: str
    shape: tuple[int, ...]
    matrix: bool

    @property
    def places(self) -> int:
        """Entries of space."""
        return math.prod(self.shape[1:])

    @property
    def axes(self) -> tuple[int | str, ...]:
        """Axes in the graph, the first by name."""
        if not self.matrix:
            return ("rows", *self.shape)
        return ("rows" if self.places == 1 else f"rows_x_{self.places}", self.shape[0])


Handler = Callable[["Lowering", Any, Frames, str], Frames]
_HANDLERS: dict[type, Handler] = {}


def handles(*kinds: type) -> Callable[[Handler], Handler]:
    """Register how operators of these classes, not of subclasses, become nodes."""

    def register(handler: Handler) -> Handler:
        _HANDLERS.update(dict.fromkeys(kinds, handler))
        return handler

    return register


class Lowering:
    """Walks a network once and writes the graph of one phase.

    Args:
        writer: Takes the nodes.
        phase: Number of the stream's frame, modulo the network's time stride.
        period: That stride.

    Attributes:
        delay: Frames of the stream before the frame 0 of the layer at hand.
        stride: Frames of the stream per frame of the layer at hand.
        rings: So far.
        windows: So far.
    """

    def __init__(self, writer: GraphWriter, phase: int, period: int) -> None:
        self.writer, self._phase, self._period = writer, phase, period
        self.delay, self.stride = 0, 1
        self.rings: list[Ring] = []
        self.windows: list[Window] = []

    def lower(self, module: co.ContinualModule, x: Frames | None, path: str) -> Frames | None:
        """Write a module's nodes and move on in time.

        Args:
            module: In eval mode.
            x: Its input; None: no frame comes at this phase.
            path: Its place in the network.

        Returns:
            Its output; None: no frame leaves at this phase.

        Raises:
            UnsupportedError: If an operator has no form here.
        """
        if isinstance(module, co.Sequential):
            return self._chain(module.children_by_name(), x, path)
        if isinstance(module, (co.Residual, co.BroadcastReduce)):
            return self._fork(module, x, path)
        handler = _HANDLERS.get(type(module))
        if handler is None:
            raise UnsupportedError(
                f"'{path}': {type(module).__name__} has no form in a step graph"
            )
        y = None if x is None else handler(self, module, x, path)
        self.delay += self.stride * module.time.delay
        self.stride *= module.time.stride
        return y if (self._phase - self.delay) % self.stride == 0 else None

    def _chain(self, children: Pairs, x: Frames | None, path: str) -> Frames | None:
        for name, child in children:
            x = self.lower(child, x, f"{path}.{name}" if path else name)
        return x

    def _fork(
        self, module: co.Residual | co.BroadcastReduce, x: Frames | None, path: str
    ) -> Frames | None:
        start, ys = (self.delay, self.stride), []
        for name in module._names:
            self.delay, self.stride = start
            ys.append(self._chain(module._line(name), x, path))
        frames = [y for y in ys if y is not None]
        if not frames:
            return None
        assert len(frames) == len(ys), "the delays of a fork let its branches answer together"
        if not isinstance(module.reduce, str):
            raise UnsupportedError(f"'{path}': a reduction that is a function of its own")
        return self._reduce(frames, module.reduce)

    def _reduce(self, ys: Sequence[Frames], reduce: str) -> Frames:
        ys = [self.to_matrix(y) for y in ys] if any(y.matrix for y in ys) else ys
        first, names = ys[0], [y.name for y in ys]
        if reduce == "concat":
            shape = (sum(y.shape[0] for y in ys), *first.shape[1:])
            return replace(first, name=self.writer.node("Concat", *names, axis=1), shape=shape)
        total = names[0]
        for name in names[1:]:
            total = self.writer.node(
                {"sum": "Add", "mul": "Mul", "max": "Max"}[reduce], total, name
            )
        return replace(first, name=total)

    def look_back(
        self, path: str, x: Frames, ages: Sequence[int], *, blank: str = "zeros", **facts: bool
    ) -> list[Frames]:
        """Return past frames of a value: a ring of slots.

        Args:
            path: The operator's place in the network.
            x: The newest frame.
            ages: Frames back, each >= 1.
            blank: See `Ring`.
            facts: More of a ring's attributes.
        """
        if not ages:
            return []
        # One ring can hold the frames as they come in; a graph needs an output in every phase.
        free = not any(ring.is_input for ring in self.rings)
        is_input = x.name == "frame" and self._period == 1 and free
        self._open(path, "slots", x, max(ages), tuple(ages), blank, is_input=is_input, **facts)
        if not is_input:
            self.write_new(path, 0, x)
        return [self.read_past(path, age, x) for age in ages]

    def add_up(self, path: str, x: Frames, length: int, blank: str) -> str:
        """Return the name of the sum of the last `length` frames before this one, (rows, C)."""
        self._open(path, "total", x, length, (), blank)
        self.write_new(path, 0, x)
        return self.writer.input(f"past.{path}.total", x.axes)

    def keep_sums(self, path: str, y: Frames, length: int) -> list[Frames]:
        """Return the partial sums of the next outputs; the caller writes the new ones."""
        self._open(path, "sums", y, length, tuple(range(length)), "zeros", is_window=False)
        return [self.read_past(path, number, y) for number in range(length)]

    def read_past(self, path: str, number: int, like: Frames) -> Frames:
        """Return an input of a ring."""
        return replace(like, name=self.writer.input(f"past.{path}.{number}", like.axes))

    def write_new(self, path: str, number: int, x: Frames) -> None:
        """Make a value an output of a ring."""
        self.writer.output(f"new.{path}.{number}", x.name, x.axes)

    def _open(
        self,
        path: str,
        kind: str,
        x: Frames,
        length: int,
        reads: tuple[int, ...],
        blank: str,
        **facts: bool,
    ) -> None:
        ring = Ring(
            name=path,
            kind=kind,
            shape=x.shape[:1] if x.matrix else x.shape,
            places=x.places if x.matrix else 1,
            channels=x.shape[0],
            length=length,
            reads=reads,
            delay=self.delay,
            stride=self.stride,
            blank=blank,
        )
        self.rings.append(replace(ring, **facts))  # type: ignore[arg-type]

    def to_matrix(self, x: Frames) -> Frames:
        """Lay frames as a matrix with a row per place."""
        if x.matrix:
            return x
        name = x.name
        if x.places > 1:
            name = self.writer.node("Transpose", name, perm=[0, *range(2, len(x.shape) + 1), 1])
        if len(x.shape) > 1:
            name = self.writer.node("Reshape", name, self.writer.ints(-1, x.shape[0]))
        return Frames(name, x.shape, matrix=True)

    def to_channels_first(self, x: Frames) -> Frames:
        """Lay frames as (B, C, ...)."""
        if not x.matrix:
            return x
        name, rank = x.name, len(x.shape)
        if rank > 1:
            name = self.writer.node(
                "Reshape", name, self.writer.ints(-1, *x.shape[1:], x.shape[0])
            )
            name = self.writer.node("Transpose", name, perm=[0, rank, *range(1, rank)])
        return Frames(name, x.shape, matrix=False)

    def gemm(self, x: str, weight: Tensor, bias: Tensor | None) -> str:
        """Write x (N, K) times a weight (O, K), plus a bias (O,); return the product's name."""
        inputs = [x, self.writer.constant(to_array(weight.T))]
        if bias is not None:
            inputs.append(self.writer.constant(to_array(bias)))
        return self.writer.node("Gemm", *inputs)

    def conv(self, x: str, weight: Tensor, bias: Tensor | None, **options: Any) -> str:
        """Write a convolution of an image by a weight (O, I, h, w); return its output's name."""
        inputs = [x, self.writer.constant(to_array(weight))]
        if bias is not None:
            inputs.append(self.writer.constant(to_array(bias)))
        return self.writer.node("Conv", *inputs, kernel_shape=list(weight.shape[2:]), **options)

    def affine(self, x: str, scale: Tensor, shift: Tensor) -> str:
        """Write x times a constant plus a constant; return the sum's name."""
        name = self.writer.node("Mul", x, self.writer.constant(to_array(scale)))
        return self.writer.node("Add", name, self.writer.constant(to_array(shift)))


def to_array(tensor: Tensor) -> NDArray[np.float32]:
    """Return a tensor as contiguous float32."""
    return np.ascontiguousarray(tensor.detach().to("cpu", torch.float32).numpy())
