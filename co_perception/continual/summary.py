# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a network costs per step and remembers between steps, layer by layer."""

from __future__ import annotations

import dataclasses

import torch

from co_perception.continual.module import ContinualModule, Part
from co_perception.continual.state import LayerState

__all__ = ["LayerSummary", "Summary", "summary"]


@dataclasses.dataclass(frozen=True)
class LayerSummary:
    """One operator's share.

    Attributes:
        name: Path in the network.
        kind: Class name.
        receptive_field: Of this operator alone, in its own input frames.
        delay: Of this operator alone, in its own input frames.
        stride: Frames of the network's input per output of this operator.
        macs: Multiply-adds of one output of one stream.
        state_bytes: Between steps, for one stream.
        parameters: Trained numbers.
    """

    name: str
    kind: str
    receptive_field: int
    delay: int
    stride: int
    macs: int
    state_bytes: int
    parameters: int


@dataclasses.dataclass(frozen=True)
class Summary:
    """A network's operators and their sums; `str` makes a table of it.

    Attributes:
        layers: The operators in the order of their work.
        receptive_field: Frames.
        delay: Frames.
        time_stride: Frames per output.
        macs: Multiply-adds of one step of one stream: of networks with a temporal stride the mean
            over a period, stepped by phase.
        state_bytes: Between steps, for one stream.
        parameters: Trained numbers.
    """

    layers: tuple[LayerSummary, ...]
    receptive_field: int
    delay: int
    time_stride: int
    macs: float
    state_bytes: int
    parameters: int

    def __str__(self) -> str:
        """Return a table with one line per operator and one of sums."""
        total = LayerSummary(
            "total",
            "mean per step",
            self.receptive_field,
            self.delay,
            self.time_stride,
            round(self.macs),
            self.state_bytes,
            self.parameters,
        )
        rows = [tuple(field.name for field in dataclasses.fields(LayerSummary))]
        rows += [tuple(map(str, dataclasses.astuple(row))) for row in (*self.layers, total)]
        widths = [max(map(len, column)) for column in zip(*rows)]
        return "\n".join(_line(row, widths) for row in rows)


def summary(module: ContinualModule, frame_shape: tuple[int, ...]) -> Summary:
    """Return what every operator of a module sees, costs and keeps.

    Args:
        module: A continual module.
        frame_shape: Shape of one input frame without the row axis, (C, ...).

    Raises:
        ShapeError: If the frame does not fit the module.
    """
    module.frame_shape(frame_shape)
    layers = tuple(_layer(part) for part in module.parts("", frame_shape))
    return Summary(
        layers=layers,
        receptive_field=module.receptive_field,
        delay=module.delay,
        time_stride=module.time_stride,
        macs=sum(layer.macs / layer.stride for layer in layers),
        state_bytes=sum(layer.state_bytes for layer in layers),
        parameters=sum(p.numel() for p in module.parameters()),
    )


def _layer(part: Part) -> LayerSummary:
    module = part.module
    frame = torch.empty((1, *part.shape), dtype=_dtype(module), device="meta")  # a shape will do
    return LayerSummary(
        name=part.name,
        kind=type(module).__name__,
        receptive_field=module.receptive_field,
        delay=module.delay,
        stride=part.stride * module.time_stride,
        macs=module.step_macs(part.shape),
        state_bytes=_bytes(module.init_layers(frame)),
        parameters=sum(p.numel() for p in module.parameters()),
    )


def _dtype(module: ContinualModule) -> torch.dtype:
    return next((p.dtype for p in module.parameters()), torch.float32)


def _bytes(state: LayerState) -> int:
    if isinstance(state, torch.Tensor):
        return state.numel() * state.element_size()
    children = state.values() if isinstance(state, dict) else state
    return sum(map(_bytes, children))


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    places = enumerate(zip(row, widths))
    cells = [cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in places]
    return "  ".join(cells).rstrip()
