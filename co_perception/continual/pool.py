# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Continual pooling with kernels of fixed size; see `adaptive_pool` for outputs of fixed size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor
from torch.nn import functional

from co_perception.continual.axes import Padding, Size, per_axis, split_padding
from co_perception.continual.pool_window import MaxPool, MeanPool, PoolFill, WindowPool
from co_perception.continual.timing import TimeSpec
from co_perception.continual.window import resolve_time
from co_perception.errors import ConfigError

__all__ = ["AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d"]

Kernel: TypeAlias = int | tuple[int | None, ...]

_AVG: dict[int, Callable[..., Tensor]] = {2: functional.avg_pool1d, 3: functional.avg_pool2d}
_MAX: dict[int, Callable[..., Tensor]] = {2: functional.max_pool1d, 3: functional.max_pool2d}


class _Kernel:
    """Kernel, stride, padding and dilation: of time as a TimeSpec, of space for torch's functions.

    Args:
        pool: The pool that it is of.
        kernel_size: One number for all axes or one per axis, time first; None: all of an axis.
        stride: None: 1 in time, the kernel in space.
        padding: Of time and space.
        dilation: One per axis.
    """

    def __init__(
        self,
        pool: type[WindowPool],
        kernel_size: Kernel,
        stride: Size | None,
        padding: Padding,
        dilation: Size,
    ) -> None:
        name, rank = pool.__name__, pool.rank
        kernels: tuple[int | None, ...] = per_axis(kernel_size, rank, name)
        strides: tuple[int | None, ...] = per_axis(
            (1, *kernels[1:]) if stride is None else stride, rank, name
        )
        self.dilation = per_axis(dilation, rank, name)
        if kernels[0] is None or strides[0] is None:
            raise ConfigError(f"{name}: time needs a number as kernel, got {kernel_size!r}")
        time_padding, self.space_padding = split_padding(padding, rank, name)
        for kernel, pad in zip(kernels[1:], self.space_padding):
            if pad > (pad if kernel is None else kernel // 2):
                raise ConfigError(
                    f"{name}: padding of space may be half the kernel at most, got {padding!r} "
                    f"for {kernel_size!r}"
                )
        self.size, self.space_stride = kernels, strides[1:]
        self.time: TimeSpec = resolve_time(
            time_padding,
            kernel=kernels[0],
            stride=strides[0],
            dilation=self.dilation[0],
            where=name,
        )

    def __str__(self) -> str:
        """Describe it in printed models."""
        return (
            f"{self.size}, stride={(self.time.stride, *self.space_stride)}, "
            f"dilation={self.dilation}, time_padding={(self.time.left, self.time.right)}, "
            f"space_padding={self.space_padding}"
        )

    def of_space(self, space: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return kernel and stride for axes of these sizes."""
        kernel = tuple(size if k is None else k for k, size in zip(self.size[1:], space))
        return kernel, tuple(s or k for s, k in zip(self.space_stride, kernel))

    def output_shape(self, space: tuple[int, ...]) -> tuple[int, ...]:
        """Return the pooled sizes of axes of these sizes."""
        kernel, stride = self.of_space(space)
        options = zip(space, kernel, stride, self.space_padding, self.dilation[1:])
        return tuple((n + 2 * pad - d * (k - 1) - 1) // s + 1 for n, k, s, pad, d in options)


class _KernelSpace(WindowPool):
    """What these pools share: space is pooled by a kernel."""

    kernel: _Kernel

    def space_shape(self, space: tuple[int, ...]) -> tuple[int, ...]:
        """Return the pooled sizes."""
        return self.kernel.output_shape(space)

    def space_macs(self, shape: tuple[int, ...]) -> int:
        """Return the kernel's size times that of its output."""
        kernel, _ = self.kernel.of_space(shape[1:])
        return math.prod((*kernel, *self.frame_shape(shape)))

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return f"{self.kernel}, fill={self.fill}"


class _AvgPoolNd(_KernelSpace, MeanPool):
    """Mean over a window of time and, with rank 2 and 3, over space.

    Args:
        kernel_size: One number for all axes or one per axis, time first. In an axis of space,
            `None` pools all of it.
        stride: As torch.nn for space (default: the kernel), but 1 by default in time: the window
            slides by one frame.
        padding: One number or one per axis; that of time may be (left, right) or "causal".
        dilation: Of time (torch.nn has none).
        fill: What stands for frames outside the stream: "zeros" or "replicate". Space is padded
            with zeros, as in torch.nn.
        count_include_pad: False: padding zeros do not count in the mean.
        ceil_mode: Only False.

    Raises:
        ConfigError: If an option is out of range, or if `ceil_mode` is asked.
    """

    def __init__(
        self,
        kernel_size: Kernel,
        stride: Size | None = None,
        padding: Padding = 0,
        dilation: int = 1,
        *,
        fill: PoolFill = "zeros",
        count_include_pad: bool = True,
        ceil_mode: bool = False,
    ) -> None:
        _refuse(type(self).__name__, ceil_mode=ceil_mode)
        dilations = (dilation, *(1,) * (self.rank - 1))
        kernel = _Kernel(type(self), kernel_size, stride, padding, dilations)
        super().__init__(kernel.time, dilation, fill, count_include_pad)
        self.kernel, self.kernel_size = kernel, kernel.size

    def pool_space(self, frames: Tensor) -> Tensor:
        """Take the mean over space."""
        if self.rank == 1:
            return frames
        kernel, stride = self.kernel.of_space(tuple(frames.shape[2:]))
        padding = self.kernel.space_padding
        return _AVG[self.rank](frames, kernel, stride, padding, False, self.count_include_pad)


class _MaxPoolNd(_KernelSpace, MaxPool):
    """Maximum over a window of time and, with rank 2 and 3, over space.

    Args:
        kernel_size: One number for all axes or one per axis, time first. In an axis of space,
            `None` pools all of it.
        stride: As torch.nn for space (default: the kernel), but 1 by default in time: the window
            slides by one frame.
        padding: One number or one per axis; that of time may be (left, right) or "causal".
        dilation: One number for all axes or one per axis.
        fill: What stands for frames outside the stream: "neg_inf" never wins, as in torch.nn;
            "zeros" or "replicate". Space is padded as in torch.nn.
        return_indices: Only False.
        ceil_mode: Only False.

    Raises:
        ConfigError: If an option is out of range, or if indices or `ceil_mode` are asked.
    """

    def __init__(
        self,
        kernel_size: Kernel,
        stride: Size | None = None,
        padding: Padding = 0,
        dilation: Size = 1,
        *,
        fill: PoolFill = "neg_inf",
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        _refuse(type(self).__name__, return_indices=return_indices, ceil_mode=ceil_mode)
        kernel = _Kernel(type(self), kernel_size, stride, padding, dilation)
        super().__init__(kernel.time, kernel.dilation[0], fill)
        self.kernel, self.kernel_size = kernel, kernel.size

    def pool_space(self, frames: Tensor) -> Tensor:
        """Take the maximum over space."""
        if self.rank == 1:
            return frames
        kernel, stride = self.kernel.of_space(tuple(frames.shape[2:]))
        padding, dilation = self.kernel.space_padding, self.kernel.dilation[1:]
        return _MAX[self.rank](frames, kernel, stride, padding, dilation)


class AvgPool1d(_AvgPoolNd):
    """Mean over a window of time; clips (B, C, T), frames (B, C)."""

    rank = 1


class AvgPool2d(_AvgPoolNd):
    """Mean over time and one axis of space; clips (B, C, T, V), frames (B, C, V)."""

    rank = 2


class AvgPool3d(_AvgPoolNd):
    """Mean over time and space; clips (B, C, T, H, W), frames (B, C, H, W)."""

    rank = 3


class MaxPool1d(_MaxPoolNd):
    """Maximum over a window of time; clips (B, C, T), frames (B, C)."""

    rank = 1


class MaxPool2d(_MaxPoolNd):
    """Maximum over time and one axis of space; clips (B, C, T, V), frames (B, C, V)."""

    rank = 2


class MaxPool3d(_MaxPoolNd):
    """Maximum over time and space; clips (B, C, T, H, W), frames (B, C, H, W)."""

    rank = 3


_REASONS = {
    "ceil_mode": "it pools windows that reach past the end of a clip, and a stream has none; pad "
    "on the right instead",
    "return_indices": "they count from the start of a clip, and a stream goes on for ever",
}


def _refuse(where: str, **asked: bool) -> None:
    """Raise if an option of torch.nn is asked that has no meaning for streams."""
    for option, wanted in asked.items():
        if wanted:
            raise ConfigError(f"{where}: {option}=True is refused: {_REASONS[option]}")
