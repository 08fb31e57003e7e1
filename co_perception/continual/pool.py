# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Continual pooling: space first, then a sliding window over time.

The window of pooled frames is reduced anew at each step. (A running sum would be cheaper by
k - 2 additions per channel, and would drift.)
"""

from __future__ import annotations

import abc
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from co_perception.continual.axes import Padding, Size, per_axis, split_padding
from co_perception.continual.module import ContinualModule
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, TimeSpec, advance
from co_perception.continual.window import (
    pad_time,
    push,
    require_clip,
    require_window,
    resolve_time,
)
from co_perception.errors import ConfigError, ShapeError

__all__ = ["AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d"]


class _PoolNd(ContinualModule):
    """Pooling over time (the first axis after the channels) and 0 to 2 axes of space.

    Args:
        kernel_size: One number for all axes or one per axis, time first. In an axis of space,
            `None` pools all of it.
        stride: As torch.nn for space (default: the kernel), but 1 by default in time: the window
            slides by one frame.
        padding: One number or one per axis; that of time may be (left, right) or "causal".
        dilation: Of time.

    Raises:
        ConfigError: If a number is out of range.
    """

    rank: ClassVar[int]

    def __init__(
        self,
        kernel_size: int | tuple[int | None, ...],
        stride: Size | None = None,
        padding: Padding = 0,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        name, rank = type(self).__name__, self.rank
        kernels: tuple[int | None, ...] = per_axis(kernel_size, rank, name)
        strides: tuple[int | None, ...] = per_axis(
            (1, *kernels[1:]) if stride is None else stride, rank, name
        )
        time_kernel, time_stride = kernels[0], strides[0]
        if time_kernel is None or time_stride is None:
            raise ConfigError(f"{name}: time needs a number as kernel, got {kernel_size!r}")
        time_padding, self.space_padding = split_padding(padding, rank, name)
        self.kernel_size, self.space_stride = kernels, strides[1:]
        self.dilation = dilation
        self._time = resolve_time(
            time_padding, kernel=time_kernel, stride=time_stride, dilation=dilation, where=name
        )

    @property
    def time(self) -> TimeSpec:
        """Receptive field, stride and padding in time."""
        return self._time

    @abc.abstractmethod
    def pool_space(self, frames: Tensor) -> Tensor:
        """Pool the axes of space of frames (N, C, ...)."""

    @abc.abstractmethod
    def pool_time(self, windows: Tensor, real: Tensor) -> Tensor:
        """Pool windows (..., k); `real`, of a shape that broadcasts, is False for padding."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool a clip (B, C, T, ...) to (B, C, T_out, ...)."""
        time = self._time
        require_clip(x, time, type(self).__name__)
        pooled = self.pool_space(x.transpose(1, 2).flatten(0, 1))
        pooled = torch.unflatten(pooled, 0, (x.shape[0], x.shape[2])).transpose(1, 2)
        windows = self._windows(pad_time(pooled, time.left, time.right, 0.0))
        inside = torch.ones_like(x[:1, :1].flatten(2)[:, :, : x.shape[2]], dtype=torch.bool)
        real = self._windows(functional.pad(inside, (time.left, time.right)))
        middle = (1,) * (windows.dim() - 4)
        return self.pool_time(windows, real.reshape(1, 1, -1, *middle, real.shape[-1]))

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C, ...) with the axes of space pooled."""
        if len(shape) != self.rank:
            raise ShapeError(
                f"{type(self).__name__}: expected frames with {self.rank} axes after the row, got "
                f"(B, {', '.join(map(str, shape))}); a step takes one frame, forward a clip"
            )
        options = zip(shape[1:], self.kernel_size[1:], self.space_stride, self.space_padding)
        space = (
            1 if kernel is None else (size + 2 * pad - kernel) // (stride or kernel) + 1
            for size, kernel, stride, pad in options
        )
        return (shape[0], *space)

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return a zero window of pooled frames; nothing for a window of one frame."""
        if self.receptive_field == 1:
            return {}
        return frame.new_zeros((frame.shape[0], *self._state_shape(tuple(frame.shape[1:]))))

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        tick = tick.accepted()
        after = advance(tick, self._time)
        pooled = self.pool_space(x)
        if self.receptive_field == 1:
            return pooled, layers, after
        where = type(self).__name__
        window = require_window(layers, self._state_shape(tuple(x.shape[1:])), where)
        seen, new = push(pooled, window, tick, "zeros")
        if after.idle:
            return torch.zeros_like(pooled), new, after
        y = self.pool_time(seen[:, :, :: self.dilation].movedim(2, -1), self._real(tick, pooled))
        return y, new, after

    def _state_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        channels, *space = self.frame_shape(shape)
        return (channels, self.receptive_field - 1, *space)

    def _real(self, tick: Tick, frame: Tensor) -> Tensor:
        """Return (B, 1, ..., k): which frames of the window are of the stream, not padding."""
        ages = torch.arange(self.receptive_field - 1, -1, -self.dilation, device=frame.device)
        real = (ages <= tick.frame.unsqueeze(1)) & (ages >= tick.end)
        return real.reshape(-1, *(1,) * (frame.dim() - 1), ages.shape[0])

    def _windows(self, clip: Tensor) -> Tensor:
        """Return the windows of a padded clip, (..., T_out, ..., k)."""
        return clip.unfold(2, self.receptive_field, self._time.stride)[..., :: self.dilation]


class _AvgPoolNd(_PoolNd):
    """Mean over the window."""

    def __init__(
        self,
        kernel_size: int | tuple[int | None, ...],
        stride: Size | None = None,
        padding: Padding = 0,
        dilation: int = 1,
        *,
        count_include_pad: bool = True,
    ) -> None:
        """Make a mean pool; with `count_include_pad=False` the mean is of real frames only."""
        super().__init__(kernel_size, stride, padding, dilation)
        self.count_include_pad = count_include_pad

    def pool_space(self, frames: Tensor) -> Tensor:
        """Take the mean over space."""
        if self.rank == 1:
            return frames
        kernel = _space_kernel(self.kernel_size, frames)
        stride = tuple(s or k for s, k in zip(self.space_stride, kernel))
        pool = functional.avg_pool1d if self.rank == 2 else functional.avg_pool2d
        return pool(frames, kernel, stride, self.space_padding, False, self.count_include_pad)

    def pool_time(self, windows: Tensor, real: Tensor) -> Tensor:
        """Take the mean over the window; padding frames are zeros."""
        if self.count_include_pad:
            return windows.mean(-1)
        return windows.sum(-1) / real.sum(-1).clamp(min=1)


class _MaxPoolNd(_PoolNd):
    """Maximum over the window; padding never wins."""

    def pool_space(self, frames: Tensor) -> Tensor:
        """Take the maximum over space."""
        if self.rank == 1:
            return frames
        kernel = _space_kernel(self.kernel_size, frames)
        stride = tuple(s or k for s, k in zip(self.space_stride, kernel))
        pool = functional.max_pool1d if self.rank == 2 else functional.max_pool2d
        return pool(frames, kernel, stride, self.space_padding)

    def pool_time(self, windows: Tensor, real: Tensor) -> Tensor:
        """Take the maximum of the real frames; of padding only it is 0, in clips and steps."""
        # Also rows that stand still pass here. An infinite number of theirs, though masked later,
        # would make the gradients of the next layer's weights NaN.
        real = real | ~real.any(-1, keepdim=True)
        # max(dim), not amax: of equal numbers one takes the gradient, in clips and steps alike
        return windows.masked_fill(~real, -torch.inf).max(-1).values


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


def _space_kernel(kernel: tuple[int | None, ...], frames: Tensor) -> tuple[int, ...]:
    """Put the size of the axis where the kernel takes all of it."""
    return tuple(size if k is None else k for k, size in zip(kernel[1:], frames.shape[2:]))
