# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Continual convolutions: weights and clip forward of torch.nn, one output frame per step.

A step multiplies each weight once: the kernel meets the newest output only. Between steps a layer
keeps either its last inputs or the partial sums of the outputs to come, whichever is smaller:

    window of inputs   y[t] = W0 x[t-2] + W1 x[t-1] + W2 x[t]       keeps x[t-1], x[t]
    partial sums       y[t] = sum0 + W2 x[t]                        keeps W0 x[t] for t+2,
                                                                    W0 x[t-1] + W1 x[t] for t+1
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from co_perception.continual.axes import Padding, Size, per_axis, split_padding
from co_perception.continual.module import ContinualModule
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, TimeSpec, advance
from co_perception.continual.window import (
    Fill,
    check_fill,
    pad_time,
    push,
    require_clip,
    require_window,
    resolve_time,
    select,
)
from co_perception.errors import ShapeError

__all__ = ["Conv1d", "Conv2d", "Conv3d"]

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]

_CONV: dict[int, Callable[..., Tensor]] = {
    1: functional.conv1d,
    2: functional.conv2d,
    3: functional.conv3d,
}
_TORCH: dict[int, type[nn.Conv1d | nn.Conv2d | nn.Conv3d]] = {
    1: nn.Conv1d,
    2: nn.Conv2d,
    3: nn.Conv3d,
}


class _ConvNd(ContinualModule):
    """Convolution over time (the first axis after the channels) and 0 to 2 axes of space.

    Args:
        in_channels: C_in.
        out_channels: C_out.
        kernel_size: One number for all axes or one per axis, time first.
        stride: As torch.nn; the first number is the temporal stride.
        padding: As torch.nn, one number or one per axis. The entry of time may also be a pair
            (left, right) or "causal" (all of it on the left, delay 0). The string "causal" alone
            means causal in time and none in space.
        dilation: As torch.nn.
        groups: As torch.nn.
        bias: Whether to add a learned bias.
        padding_mode: What pads the axes of space, as torch.nn.
        fill: What pads time: "zeros", or "replicate" for the first and last frame.
        device: Where the weights live.
        dtype: Of the weights.

    Raises:
        ConfigError: If a number is out of range.
    Source: Hedegaard and Iosifidis, Continual 3D Convolutional Neural Networks for Real-time
        Processing of Videos (2022), section 3; unlike there nothing is computed on zero padding.
    """

    rank: ClassVar[int]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        *,
        fill: Fill = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.kernel_size = per_axis(kernel_size, self.rank, name)
        self.stride = per_axis(stride, self.rank, name)
        self.dilation = per_axis(dilation, self.rank, name)
        time_padding, self.space_padding = split_padding(padding, self.rank, name)
        check_fill(fill, name)
        self.fill: Fill = fill
        self._time = resolve_time(
            time_padding,
            kernel=self.kernel_size[0],
            stride=self.stride[0],
            dilation=self.dilation[0],
            where=name,
        )
        template: Any = _TORCH[self.rank](
            in_channels,
            out_channels,
            self.kernel_size,  # type: ignore[arg-type]
            groups=groups,
            bias=bias,
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.groups, self.padding_mode = groups, padding_mode
        self.weight: nn.Parameter = template.weight
        self.bias: nn.Parameter | None = template.bias

    @property
    def time(self) -> TimeSpec:
        """Receptive field, stride and padding in time."""
        return self._time

    def forward(self, x: Tensor) -> Tensor:
        """Convolve a clip (B, C_in, T, ...) to (B, C_out, T_out, ...), as torch.nn does."""
        self.frame_shape((x.shape[1], *x.shape[3:]))
        require_clip(x, self._time, type(self).__name__)
        left, right = self._time.left, self._time.right
        alike = left == right and self.fill == "zeros"  # the convolution pads without a copy
        if not alike:
            x = pad_time(x, left, right, self.fill)
        x, space = self._pad_space(x)
        padding = (left if alike else 0, *space)
        return _CONV[self.rank](
            x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C_out, ...) for a frame of (C_in, ...)."""
        if len(shape) != self.rank or shape[0] != self.in_channels:
            axes = ("C", "H", "W")[: self.rank] if self.rank > 2 else ("C", "V")[: self.rank]
            raise ShapeError(
                f"{type(self).__name__}: expected frames (B, {', '.join(axes)}) with C = "
                f"{self.in_channels}, got (B, {', '.join(map(str, shape))}); a step takes one "
                "frame, a clip goes to forward"
            )
        options = zip(
            shape[1:],
            self.space_padding,
            self.dilation[1:],
            self.kernel_size[1:],
            self.stride[1:],
        )
        space = (
            (size + 2 * pad - dilation * (k - 1) - 1) // stride + 1
            for size, pad, dilation, k, stride in options
        )
        return (self.out_channels, *space)

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return a zero window, or zero sums; nothing for a kernel of one frame."""
        if self.kernel_size[0] == 1:
            return {}
        return frame.new_zeros((frame.shape[0], *self._state_shape(tuple(frame.shape[1:]))))

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        tick = tick.accepted()
        shape = tuple(x.shape[1:])
        self.frame_shape(shape)
        after = advance(tick, self._time)
        if self.kernel_size[0] == 1:
            if after.idle:
                return self._no_output(x), layers, after
            return self._convolve_space(x, self.weight.squeeze(2), self.bias), layers, after
        state = require_window(layers, self._state_shape(shape), type(self).__name__)
        if self._keeps_sums(shape):
            return *self._step_sums(x, state, tick), after
        seen, new = push(x, state, tick, self.fill)
        y = self._no_output(x) if after.idle else self._convolve_window(seen)
        return y, new, after

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return C_out C_in / groups k_t k_h k_w H_out W_out."""
        return self.weight[0].numel() * math.prod(self.frame_shape(shape))

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, dilation={self.dilation}, groups={self.groups}, "
            f"time_padding={self.time_padding}, space_padding={self.space_padding}"
        )

    def _keeps_sums(self, shape: tuple[int, ...]) -> bool:
        """Tell whether partial sums are the smaller state.

        Replicating needs the last frame; with a stride, sums would be kept of outputs not asked.
        """
        smaller = math.prod(self.frame_shape(shape)) < math.prod(shape)
        return smaller and self.fill == "zeros" and self.stride[0] == 1

    def _state_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        kept = self.frame_shape(shape) if self._keeps_sums(shape) else shape
        return (kept[0], self.receptive_field - 1, *kept[1:])

    def _no_output(self, x: Tensor) -> Tensor:
        return x.new_zeros((x.shape[0], *self.frame_shape(tuple(x.shape[1:]))))

    def _convolve_window(self, seen: Tensor) -> Tensor:
        taps = seen[:, :, :: self.dilation[0]].flatten(1, 2)  # (B, C_in k, ...), channel major
        return self._convolve_space(taps, self.weight.flatten(1, 2), self.bias)

    def _step_sums(self, x: Tensor, sums: Tensor, tick: Tick) -> tuple[Tensor, Tensor]:
        kernel, gap = self.kernel_size[0], self.dilation[0]
        if tick.end:
            x = torch.zeros_like(x)
        taps = self._convolve_space(x, self.weight.transpose(1, 2).flatten(0, 1), None)
        taps = torch.unflatten(taps, 1, (self.out_channels, kernel))  # (B, C_out, k, ...)
        y = sums[:, :, 0] + taps[:, :, -1]
        if self.bias is not None:
            y = y + self.bias.reshape((-1,) + (1,) * (self.rank - 1))
        later = taps[:, :, :-1].flip(2).unsqueeze(3)  # of the outputs gap, 2 gap, ... frames on
        between = torch.zeros_like(later).expand(
            *later.shape[:3], gap - 1, *later.shape[4:]
        )  # the outputs that this frame does not reach
        placed = torch.cat([between, later], dim=3).flatten(2, 3)
        shifted = torch.cat([sums[:, :, 1:], torch.zeros_like(sums[:, :, :1])], dim=2)
        return y, select(tick.live, shifted + placed, sums)

    def _convolve_space(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Convolve (B, C, ...) over space with a weight (O, C / groups, ...)."""
        if self.rank == 1:
            return _grouped_linear(x, weight, bias, self.groups)
        x, padding = self._pad_space(x)
        return _CONV[self.rank - 1](
            x, weight, bias, self.stride[1:], padding, self.dilation[1:], self.groups
        )

    def _pad_space(self, x: Tensor) -> tuple[Tensor, tuple[int, ...]]:
        """Apply what the convolution cannot pad itself; return also the padding left to it."""
        if self.padding_mode == "zeros" or not any(self.space_padding):
            return x, self.space_padding
        sides = [side for pad in reversed(self.space_padding) for side in (pad, pad)]
        rows = x.shape[0]
        folded = x if x.dim() == self.rank + 1 else x.transpose(1, 2).flatten(0, 1)
        padded = functional.pad(folded, sides, mode=self.padding_mode)
        if folded is not x:
            padded = torch.unflatten(padded, 0, (rows, x.shape[2])).transpose(1, 2)
        return padded, (0,) * len(self.space_padding)


class Conv1d(_ConvNd):
    """Convolution over time; clips (B, C, T), frames (B, C)."""

    __doc__ = f"{__doc__}\n\n{_ConvNd.__doc__}"
    rank = 1


class Conv2d(_ConvNd):
    """Convolution over time and one axis of space; clips (B, C, T, V), frames (B, C, V)."""

    __doc__ = f"{__doc__}\n\n{_ConvNd.__doc__}"
    rank = 2


class Conv3d(_ConvNd):
    """Convolution over time and space; clips (B, C, T, H, W), frames (B, C, H, W)."""

    __doc__ = f"{__doc__}\n\n{_ConvNd.__doc__}"
    rank = 3


def _grouped_linear(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> Tensor:
    """Apply a (O, C / groups) weight to (B, C)."""
    if groups == 1:
        return functional.linear(x, weight, bias)
    y = torch.einsum(
        "bgi,goi->bgo",
        torch.unflatten(x, 1, (groups, -1)),
        torch.unflatten(weight, 0, (groups, -1)),
    ).flatten(1)
    return y if bias is None else y + bias
