# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that change the shape of frames, or do simple sums with them. Time stays where it is.

Axes are those of a frame: 0 the row, 1 the channels, 2 and on the space. A clip (B, C, T, ...) is
treated frame by frame, so no operator here can move or merge time.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from co_perception.continual.kinds import Kind
from co_perception.continual.module import FrameLocal
from co_perception.errors import ConfigError, ShapeError

__all__ = ["Add", "Constant", "Flatten", "Multiply", "Permute", "Reshape", "Unflatten"]


class _Shaper(FrameLocal):
    """A change of shape, given by what it makes of one frame."""

    @property
    def output_kind(self) -> Kind | None:
        """A frame: in another shape, tokens of a window are channels and places like others."""
        return "frame"

    @abc.abstractmethod
    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the new shape, without the row axis."""

    def forward(self, x: Tensor) -> Tensor:
        """Treat every frame of a clip (B, C, T, ...)."""
        frames = x.transpose(1, 2).flatten(0, 1)
        y = self.forward_frame(frames)
        return torch.unflatten(y, 0, (x.shape[0], x.shape[2])).transpose(1, 2)

    def forward_frame(self, x: Tensor) -> Tensor:
        """Give a frame its new shape."""
        return x.reshape(x.shape[0], *self.frame_shape(tuple(x.shape[1:])))


class Reshape(_Shaper):
    """Give frames a shape: (B, ...) -> (B, *shape).

    Args:
        shape: Sizes without the row axis, the channels first; one of them may be -1.
    """

    def __init__(self, *shape: int) -> None:
        super().__init__()
        _check_sizes(shape, "Reshape")
        self.shape = shape

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the new shape."""
        return _fit(self.shape, shape, "Reshape")

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return ", ".join(map(str, self.shape))


class Flatten(_Shaper):
    """Merge axes of frames; by default all after the row: (B, C, H, W) -> (B, C H W).

    Args:
        start_dim: First axis, 1 or more.
        end_dim: Last axis; negative numbers count from the end.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        if start_dim == 0:
            raise ConfigError("Flatten: start_dim 0 would merge rows, which are streams; use 1")
        self.start_dim, self.end_dim = start_dim, end_dim

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape with the axes merged."""
        first = _find_axis(self.start_dim, shape, "Flatten")
        last = _find_axis(self.end_dim, shape, "Flatten")
        if last < first:
            raise ShapeError(
                f"Flatten: expected start_dim before end_dim, got {self.start_dim} and "
                f"{self.end_dim} for frames (B, {', '.join(map(str, shape))})"
            )
        return (*shape[: first - 1], math.prod(shape[first - 1 : last]), *shape[last:])

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return f"{self.start_dim}, {self.end_dim}"


class Unflatten(_Shaper):
    """Split an axis of frames: Unflatten(1, (2, 3)) makes (B, 6, V) into (B, 2, 3, V).

    Args:
        dim: Axis, 1 or more, or negative from the end.
        sizes: Of the new axes; one of them may be -1.
    """

    def __init__(self, dim: int, sizes: Sequence[int]) -> None:
        super().__init__()
        if dim == 0:
            raise ConfigError("Unflatten: axis 0 holds the rows, which are streams")
        self.dim, self.sizes = dim, tuple(sizes)
        _check_sizes(self.sizes, "Unflatten")

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape with the axis split."""
        axis = _find_axis(self.dim, shape, "Unflatten")
        return (
            *shape[: axis - 1],
            *_fit(self.sizes, shape[axis - 1 : axis], "Unflatten"),
            *shape[axis:],
        )

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return f"{self.dim}, {self.sizes}"


class Permute(_Shaper):
    """Reorder the axes of frames: Permute(2, 1) makes (B, C, V) into (B, V, C).

    Args:
        axes: For each new axis after the row the old one, from 1.
    """

    def __init__(self, *axes: int) -> None:
        super().__init__()
        if not axes or sorted(axes) != list(range(1, len(axes) + 1)):
            raise ConfigError(
                f"Permute: expected the axes 1..{len(axes) or 1} in some order (0 holds the rows, "
                f"time is no axis of a frame), got {axes}"
            )
        self.axes = axes

    def forward_frame(self, x: Tensor) -> Tensor:
        """Reorder a frame's axes."""
        self.frame_shape(tuple(x.shape[1:]))
        return x.permute(0, *self.axes)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape in the new order."""
        if len(shape) != len(self.axes):
            raise ShapeError(
                f"Permute: expected frames with {len(self.axes)} axes after the row, got "
                f"(B, {', '.join(map(str, shape))})"
            )
        return tuple(shape[axis - 1] for axis in self.axes)

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return ", ".join(map(str, self.axes))


class _WithNumber(FrameLocal):
    """A sum with one number.

    Args:
        value: The number.
    """

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return str(self.value)


class Add(_WithNumber):
    """Add a number."""

    def forward(self, x: Tensor) -> Tensor:
        """Add to a clip or frame."""
        return x + self.value


class Multiply(_WithNumber):
    """Multiply by a number."""

    def forward(self, x: Tensor) -> Tensor:
        """Multiply a clip or frame."""
        return x * self.value


class Constant(_WithNumber):
    """Put a number everywhere, whatever comes in."""

    def forward(self, x: Tensor) -> Tensor:
        """Fill a clip or frame."""
        return torch.full_like(x, self.value)


def _find_axis(dim: int, shape: tuple[int, ...], where: str) -> int:
    """Return an axis of a frame, counted from the row axis 0."""
    axis = dim if dim >= 0 else len(shape) + 1 + dim
    if not 1 <= axis <= len(shape):
        raise ShapeError(
            f"{where}: expected an axis of 1..{len(shape)} for frames "
            f"(B, {', '.join(map(str, shape))}), got {dim}"
        )
    return axis


def _check_sizes(sizes: tuple[int, ...], where: str) -> None:
    """Raise a ConfigError unless sizes are such that at most one of them is open."""
    if not sizes or sizes.count(-1) > 1 or any(size < 1 and size != -1 for size in sizes):
        raise ConfigError(
            f"{where}: expected sizes of at least 1, one of them may be -1, got {sizes}"
        )


def _fit(sizes: tuple[int, ...], shape: tuple[int, ...], where: str) -> tuple[int, ...]:
    """Return the sizes with the open one filled in, for as many numbers as a shape has."""
    total, known = math.prod(shape), math.prod([size for size in sizes if size != -1])
    if total % known or (-1 not in sizes and total != known):
        raise ShapeError(
            f"{where}: {total} numbers, of {shape}, do not make {sizes}; the row axis is not "
            "among the sizes"
        )
    return tuple(total // known if size == -1 else size for size in sizes)
