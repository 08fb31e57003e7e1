# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that look at one frame at a time: linear maps, functions, dropout."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from co_perception.continual.activation import OutOfPlace
from co_perception.continual.axes import check_channels
from co_perception.continual.kinds import Kind
from co_perception.continual.module import FrameLocal
from co_perception.errors import ConfigError

__all__ = [
    "AlphaDropout",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "Identity",
    "Lambda",
    "Linear",
]


class Linear(FrameLocal):
    """Linear map of the channel axis (axis 1), in clips and frames of any rank.

    Args:
        in_features: C_in.
        out_features: C_out.
        bias: Whether to add a learned bias.
        device: Where the weights live.
        dtype: Of the weights.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        template = nn.Linear(in_features, out_features, bias, device=device, dtype=dtype)
        self.in_features, self.out_features = in_features, out_features
        self.weight, self.bias = template.weight, template.bias

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, ...) to (B, C_out, ...)."""
        check_channels("Linear", tuple(x.shape[1:]), self.in_features)
        return functional.linear(x.movedim(1, -1), self.weight, self.bias).movedim(-1, 1)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C_out, ...)."""
        check_channels("Linear", shape, self.in_features)
        return (self.out_features, *shape[1:])

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return C_in C_out times the size of space."""
        return self.weight.numel() * math.prod(shape[1:])


class Lambda(FrameLocal):
    """A function without state that treats every frame alike.

    Args:
        function: Applied to frames (B, C, ...).
        clip_function: Applied to clips (B, C, T, ...); None: the same function serves both,
            which is right for functions that work number by number.
        shape: Gives the output frame's shape for the input's, both without the row; None: it
            stays.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        clip_function: Callable[[Tensor], Tensor] | None = None,
        shape: Callable[[tuple[int, ...]], tuple[int, ...]] | None = None,
    ) -> None:
        super().__init__()
        self.function, self.clip_function, self.shape = function, clip_function, shape

    @property
    def output_kind(self) -> Kind | None:
        """What it takes if the shape stays; with another shape it is a frame of its own."""
        return None if self.shape is None else "frame"

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to a clip."""
        return (self.clip_function or self.function)(x)

    def forward_frame(self, x: Tensor) -> Tensor:
        """Apply the function to a frame."""
        return self.function(x)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return what the function makes of a frame of this shape."""
        return self.shape(shape) if self.shape else shape


class Identity(nn.Identity, FrameLocal):
    """As torch.nn.Identity."""


class Dropout(nn.Dropout, OutOfPlace):
    """As torch.nn.Dropout; steps in training draw anew for every frame."""


class AlphaDropout(nn.AlphaDropout, OutOfPlace):
    """As torch.nn.AlphaDropout, which keeps mean and variance of what SELU gives."""


class Dropout1d(FrameLocal):
    """Zero whole channels at random in training, in clips and frames of any rank.

    A clip loses a channel for its whole length, as in torch.nn.Dropout1d/2d/3d; steps in training
    draw anew for every frame.

    Args:
        p: Share of channels, 0..1.

    Raises:
        ConfigError: If `p` is out of range.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0.0 <= p <= 1.0:
            raise ConfigError(f"Dropout1d/2d/3d: expected p of 0..1, got {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Zero channels of (B, C, ...)."""
        return torch.feature_dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return f"p={self.p}"


Dropout2d = Dropout3d = Dropout1d
"""torch.nn's names: one class serves all ranks."""
