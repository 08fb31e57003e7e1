# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Adaptive pools: a fixed output size in space, and a window of a given length in time.

torch.nn's adaptive pools take a whole clip to one output in time. A stream never ends, so the
window slides: of a clip of exactly `window` frames the one output is torch.nn's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar, TypeAlias

from torch import Tensor
from torch.nn import functional

from co_perception.continual.pool_window import MaxPool, MeanPool, PoolFill, WindowPool
from co_perception.continual.timing import TimeSpec
from co_perception.continual.window import TimePadding, resolve_time
from co_perception.errors import ConfigError

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
]

OutputSize: TypeAlias = int | tuple[int | None, ...]


class _AdaptiveSpace(WindowPool):
    """What adaptive pools share: space goes to a fixed size."""

    functions: ClassVar[dict[int, Callable[..., Tensor]]]
    output_size: tuple[int | None, ...]

    def pool_space(self, frames: Tensor) -> Tensor:
        """Pool space to the output size."""
        if self.rank == 1:
            return frames
        return self.functions[self.rank](frames, self.space_shape(tuple(frames.shape[2:])))

    def space_shape(self, space: tuple[int, ...]) -> tuple[int, ...]:
        """Return the output size."""
        return tuple(n if size is None else size for n, size in zip(space, self.output_size))

    def space_macs(self, shape: tuple[int, ...]) -> int:
        """Return the frame's size: every number goes in."""
        return math.prod(shape)

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return (
            f"{(1, *self.output_size)}, window={self.receptive_field}, "
            f"time_padding={self.time_padding}, fill={self.fill}"
        )


class _AdaptiveAvgPoolNd(_AdaptiveSpace, MeanPool):
    """Mean over a window of time and, with rank 2 and 3, to a fixed size of space.

    Args:
        output_size: As torch.nn, one number or one per axis, time first; that of time must be 1.
            None leaves an axis of space as it is.
        window: Frames that one output rests on.
        stride: Of time.
        padding: Of time: a number, (left, right) or "causal".
        fill: What stands for frames outside the stream: "zeros" or "replicate".
        count_include_pad: False: padding zeros do not count in the mean.

    Raises:
        ConfigError: If an option is out of range.
    """

    functions: ClassVar[dict[int, Callable[..., Tensor]]] = {
        2: functional.adaptive_avg_pool1d,
        3: functional.adaptive_avg_pool2d,
    }

    def __init__(
        self,
        output_size: OutputSize,
        window: int,
        *,
        stride: int = 1,
        padding: TimePadding = 0,
        fill: PoolFill = "zeros",
        count_include_pad: bool = True,
    ) -> None:
        time = _resolve(type(self), window, stride, padding)
        super().__init__(time, 1, fill, count_include_pad)
        self.output_size = _space_size(type(self), output_size)


class _AdaptiveMaxPoolNd(_AdaptiveSpace, MaxPool):
    """Maximum over a window of time and, with rank 2 and 3, to a fixed size of space.

    Args:
        output_size: As torch.nn, one number or one per axis, time first; that of time must be 1.
            None leaves an axis of space as it is.
        window: Frames that one output rests on.
        stride: Of time.
        padding: Of time: a number, (left, right) or "causal".
        fill: What stands for frames outside the stream: "neg_inf" never wins; "zeros" or
            "replicate".

    Raises:
        ConfigError: If an option is out of range.
    """

    functions: ClassVar[dict[int, Callable[..., Tensor]]] = {
        2: functional.adaptive_max_pool1d,
        3: functional.adaptive_max_pool2d,
    }

    def __init__(
        self,
        output_size: OutputSize,
        window: int,
        *,
        stride: int = 1,
        padding: TimePadding = 0,
        fill: PoolFill = "neg_inf",
    ) -> None:
        super().__init__(_resolve(type(self), window, stride, padding), 1, fill)
        self.output_size = _space_size(type(self), output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Mean over a window of time; clips (B, C, T), frames (B, C)."""

    rank = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """Mean over time and to a size of one axis; clips (B, C, T, V), frames (B, C, V)."""

    rank = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """Mean over time and to a size of space; clips (B, C, T, H, W), frames (B, C, H, W)."""

    rank = 3


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Maximum over a window of time; clips (B, C, T), frames (B, C)."""

    rank = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Maximum over time and to a size of one axis; clips (B, C, T, V), frames (B, C, V)."""

    rank = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Maximum over time and to a size of space; clips (B, C, T, H, W), frames (B, C, H, W)."""

    rank = 3


def _resolve(pool: type[WindowPool], window: int, stride: int, padding: TimePadding) -> TimeSpec:
    return resolve_time(padding, kernel=window, stride=stride, dilation=1, where=pool.__name__)


def _space_size(pool: type[WindowPool], size: OutputSize) -> tuple[int | None, ...]:
    """Return the output sizes of space.

    Raises:
        ConfigError: If there are not as many entries as axes, if one is below 1, or if that of
            time is not 1.
    """
    entries = size if isinstance(size, tuple) else (size,) * pool.rank
    if len(entries) != pool.rank or any(n is not None and n < 1 for n in entries):
        raise ConfigError(
            f"{pool.__name__}: output_size is one number or {pool.rank} (time first), each at "
            f"least 1 or None, got {size!r}"
        )
    if entries[0] != 1:
        raise ConfigError(
            f"{pool.__name__}: output_size of time must be 1, the newest window of the stream, "
            f"got {size!r}; several outputs per clip would need its length"
        )
    return entries[1:]
