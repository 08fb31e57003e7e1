# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What all pools share: each frame is pooled over space, then a window of those over time.

The window of pooled frames is reduced anew at each step. (A running sum would be cheaper by
k - 2 additions per channel, and would drift.)
"""

from __future__ import annotations

import abc
import math
from typing import ClassVar, Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from co_perception.continual.module import ContinualModule
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, TimeSpec, advance
from co_perception.continual.window import Fill, pad_time, push, require_clip, require_window
from co_perception.errors import ConfigError, ShapeError

__all__ = ["MaxPool", "MeanPool", "PoolFill", "WindowPool"]

PoolFill: TypeAlias = Literal["zeros", "replicate", "neg_inf"]
"""What stands for frames outside the stream; "neg_inf" never wins a maximum."""


class WindowPool(ContinualModule):
    """Pooling of space frame by frame, and of time over a window.

    Args:
        time: Of the window.
        dilation: Frames between the frames of a window.
        fill: What stands for frames outside the stream.

    Raises:
        ConfigError: If the fill does not fit this kind of pool.
    """

    rank: ClassVar[int]
    fills: ClassVar[tuple[PoolFill, ...]]

    def __init__(self, time: TimeSpec, dilation: int, fill: PoolFill) -> None:
        super().__init__()
        if fill not in self.fills:
            raise ConfigError(
                f"{type(self).__name__}: fill must be one of {sorted(self.fills)}, got {fill!r}"
            )
        self._time, self.dilation = time, dilation
        self.fill: PoolFill = fill

    @property
    def time(self) -> TimeSpec:
        """Receptive field, stride and padding in time."""
        return self._time

    @property
    @abc.abstractmethod
    def leaves_padding_out(self) -> bool:
        """Whether a window is reduced without the frames outside the stream."""

    @abc.abstractmethod
    def pool_space(self, frames: Tensor) -> Tensor:
        """Pool the axes of space of frames (N, C, ...)."""

    @abc.abstractmethod
    def space_shape(self, space: tuple[int, ...]) -> tuple[int, ...]:
        """Return what `pool_space` makes of axes of these sizes."""

    @abc.abstractmethod
    def space_macs(self, shape: tuple[int, ...]) -> int:
        """Return how many numbers go into the pools of space of one frame (C, ...)."""

    @abc.abstractmethod
    def pool_time(self, windows: Tensor, real: Tensor | None) -> Tensor:
        """Pool windows (..., k); `real`, of a shape that broadcasts, is False for padding.

        None: padding counts like frames.
        """

    def forward(self, x: Tensor) -> Tensor:
        """Pool a clip (B, C, T, ...) to (B, C, T_out, ...)."""
        time = self._time
        require_clip(x, time, type(self).__name__)
        self.frame_shape((x.shape[1], *x.shape[3:]))
        pooled = self.pool_space(x.transpose(1, 2).flatten(0, 1))
        pooled = torch.unflatten(pooled, 0, (x.shape[0], x.shape[2])).transpose(1, 2)
        windows = self._windows(pad_time(pooled, time.left, time.right, self._window_fill))
        if not self.leaves_padding_out:
            return self.pool_time(windows, None)
        inside = torch.ones((1, 1, x.shape[2]), dtype=torch.bool, device=x.device)
        real = self._windows(functional.pad(inside, (time.left, time.right)))
        middle = (1,) * (windows.dim() - 4)
        return self.pool_time(windows, real.reshape(1, 1, -1, *middle, real.shape[-1]))

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C, ...) with the axes of space pooled."""
        name = type(self).__name__
        if len(shape) != self.rank:
            raise ShapeError(
                f"{name}: expected frames with {self.rank} axes after the row, got "
                f"(B, {', '.join(map(str, shape))}); a step takes one frame, forward a clip"
            )
        space = self.space_shape(shape[1:])
        if min(space, default=1) < 1:
            raise ShapeError(f"{name}: its kernel is larger than frames of space {shape[1:]}")
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
        shape = self._state_shape(tuple(x.shape[1:]))
        if self.receptive_field == 1:
            y = (
                x.new_zeros((x.shape[0], shape[0], *shape[2:]))
                if after.idle
                else self.pool_space(x)
            )
            return y, layers, after
        pooled = self.pool_space(x)
        window = require_window(layers, shape, type(self).__name__)
        seen, new = push(pooled, window, tick, self._window_fill)
        if after.idle:
            return torch.zeros_like(pooled), new, after
        real = self._real(tick, pooled) if self.leaves_padding_out else None
        return self.pool_time(seen[:, :, :: self.dilation].movedim(2, -1), real), new, after

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return how many numbers go into the pools for one output.

        Space is pooled in every frame that comes, so `stride` times per output.
        """
        frames = (self.receptive_field - 1) // self.dilation + 1
        space = 0 if self.rank == 1 else self.space_macs(shape)
        if frames == 1:
            return space
        return self.time_stride * space + frames * math.prod(self.frame_shape(shape))

    @property
    def _window_fill(self) -> Fill:
        """What the window holds for frames outside; where they are left out, zeros do."""
        return "replicate" if self.fill == "replicate" else "zeros"

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


class MeanPool(WindowPool):
    """Mean over the window.

    Args:
        time: Of the window.
        dilation: Frames between the frames of a window.
        fill: "zeros" or "replicate".
        count_include_pad: False: where zeros stand for frames outside, they do not count.
    """

    fills = ("zeros", "replicate")

    def __init__(
        self, time: TimeSpec, dilation: int, fill: PoolFill, count_include_pad: bool
    ) -> None:
        super().__init__(time, dilation, fill)
        self.count_include_pad = count_include_pad

    @property
    def leaves_padding_out(self) -> bool:
        """Whether the mean is of real frames only."""
        return self.fill == "zeros" and not self.count_include_pad

    def pool_time(self, windows: Tensor, real: Tensor | None) -> Tensor:
        """Take the mean over the window; padding that is left out holds zeros."""
        if real is None:
            return windows.mean(-1)
        return windows.sum(-1) / real.sum(-1).clamp(min=1)


class MaxPool(WindowPool):
    """Maximum over the window."""

    fills = ("neg_inf", "zeros", "replicate")

    @property
    def leaves_padding_out(self) -> bool:
        """Whether only real frames can win."""
        return self.fill == "neg_inf"

    def pool_time(self, windows: Tensor, real: Tensor | None) -> Tensor:
        """Take the maximum; of nothing but padding left out it is 0, in clips and steps."""
        if real is not None:
            # Also rows that stand still pass here. An infinite number of theirs, though masked
            # later, would make the gradients of the next layer's weights NaN.
            real = real | ~real.any(-1, keepdim=True)
            windows = windows.masked_fill(~real, -torch.inf)
        # max(dim), not amax: of equal numbers one takes the gradient, in clips and steps alike
        return windows.max(-1).values
