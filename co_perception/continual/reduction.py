# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Ways to make one frame of several."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from co_perception.errors import ConfigError, ShapeError

__all__ = ["Reduction", "apply_reduction", "check_reduction", "reduced_shape"]

ReduceFunction: TypeAlias = Callable[[Sequence[Tensor]], Tensor]
Reduction: TypeAlias = Literal["sum", "mul", "max", "concat"] | ReduceFunction
"""By name ("concat": of the channels), or a function that treats every frame alike; such a
function keeps the shape and serves frames and clips."""

_Name = Literal["sum", "mul", "max", "concat"]
_REDUCE: dict[str, ReduceFunction] = {
    "sum": lambda ys: functools.reduce(torch.add, ys),
    "mul": lambda ys: functools.reduce(torch.mul, ys),
    "max": lambda ys: functools.reduce(torch.maximum, ys),
    "concat": lambda ys: torch.cat(list(ys), dim=1),
}


def check_reduction(reduce: Reduction, where: str) -> None:
    """Raise a ConfigError if a reduction is neither a function nor a known name."""
    if not callable(reduce) and reduce not in get_args(_Name):
        raise ConfigError(
            f"{where}: expected reduce of {sorted(get_args(_Name))} or a function of a list of "
            f"tensors, got {reduce!r}"
        )


def apply_reduction(reduce: Reduction, frames: Sequence[Tensor]) -> Tensor:
    """Make one frame, or clip, of several."""
    return (reduce if callable(reduce) else _REDUCE[reduce])(frames)


def reduced_shape(
    shapes: Sequence[tuple[int, ...]], reduce: Reduction, where: str
) -> tuple[int, ...]:
    """Return the shape of the reduced frame, all without the row axis.

    Raises:
        ShapeError: If frames of these shapes cannot be reduced so.
    """
    if reduce == "concat" and len({shape[1:] for shape in shapes}) == 1:
        return (sum(shape[0] for shape in shapes), *shapes[0][1:])
    if len(set(shapes)) != 1:
        raise ShapeError(
            f"{where}: branches must give frames of one shape to {_name(reduce)}, got "
            f"{list(shapes)}"
        )
    return shapes[0]


def _name(reduce: Reduction) -> str:
    return reduce if isinstance(reduce, str) else getattr(reduce, "__name__", "reduce")
