# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Frames, and tuples of frames where streams run side by side (between Broadcast and Reduce).

Signatures elsewhere say Tensor, which is what nearly all modules take and give. These functions
are what the contract does with frames, so that it holds for tuples of them, nested too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, overload

from torch import Tensor

__all__ = ["Frames", "blank_like", "frames_in", "map_frames", "shape_of"]

Frames: TypeAlias = Tensor | tuple["Frames", ...]
"""One frame, or one per stream."""


@overload
def map_frames(function: Callable[..., Tensor], x: Tensor, *others: Tensor) -> Tensor: ...


@overload
def map_frames(
    function: Callable[..., Tensor], x: tuple[Frames, ...], *others: tuple[Frames, ...]
) -> tuple[Frames, ...]: ...


def map_frames(function: Callable[..., Tensor], x: Any, *others: Any) -> Any:
    """Apply a function to a frame, or to each of a tuple."""
    if isinstance(x, tuple):
        return tuple(map_frames(function, *parts) for parts in zip(x, *others))
    return function(x, *others)


def frames_in(x: Frames) -> Iterator[Tensor]:
    """Walk the tensors."""
    if isinstance(x, tuple):
        for part in x:
            yield from frames_in(part)
    else:
        yield x


def shape_of(x: Frames) -> Any:
    """Return a frame's shape without the row axis, or the tuple of such shapes."""
    return tuple(map(shape_of, x)) if isinstance(x, tuple) else tuple(x.shape[1:])


def blank_like(x: Frames, shape: tuple[Any, ...]) -> Any:
    """Return zero frames of a shape as `shape_of` gives it, with the rows and dtype of others."""
    if is_tuple_shape(shape):
        return tuple(blank_like(x, part) for part in shape)
    first = next(frames_in(x))
    return first.new_zeros((first.shape[0], *shape))


def is_tuple_shape(shape: tuple[Any, ...]) -> bool:
    """Tell whether a shape is that of a tuple of frames."""
    return bool(shape) and isinstance(shape[0], tuple)
