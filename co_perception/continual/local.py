# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that look at one frame at a time: linear layers, normalisation, activations."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from co_perception.continual.module import FrameLocal
from co_perception.errors import ShapeError, StreamError

__all__ = [
    "ELU",
    "GELU",
    "BatchNorm",
    "Dropout",
    "Hardswish",
    "Identity",
    "Lambda",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Tanh",
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
        _check_channels("Linear", tuple(x.shape[1:]), self.in_features)
        return functional.linear(x.movedim(1, -1), self.weight, self.bias).movedim(-1, 1)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C_out, ...)."""
        _check_channels("Linear", shape, self.in_features)
        return (self.out_features, *shape[1:])

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return C_in C_out times the size of space."""
        return self.weight.numel() * math.prod(shape[1:])


class BatchNorm(FrameLocal):
    """Batch normalisation of the channel axis, in clips and frames of any rank.

    Training uses the statistics of the batch and of time, as torch.nn.BatchNorm1d/2d/3d; steps use
    the running statistics and are refused in training mode: those of one frame are another
    function than the clip's.

    Args:
        num_features: C.
        eps: Added to the variance.
        momentum: Share of the newest batch in the running statistics.
        device: Where the weights live.
        dtype: Of the weights.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(num_features, device=device, dtype=dtype))
        self.register_buffer("running_mean", torch.zeros_like(self.bias.data))
        self.register_buffer("running_var", torch.ones_like(self.bias.data))
        self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, ...)."""
        if self.training:
            self.num_batches_tracked += 1
        return self._normalise(x)

    def forward_frame(self, x: Tensor) -> Tensor:
        """Normalise a frame by the running statistics.

        Raises:
            StreamError: In training mode.
        """
        if self.training:
            raise StreamError(
                "BatchNorm: steps need the running statistics, but it is in training mode; "
                "call .eval() (of this layer at least) before forward_step, or train on clips"
            )
        return self._normalise(x)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        _check_channels("BatchNorm", shape, self.num_features)
        return shape

    def _normalise(self, x: Tensor) -> Tensor:
        _check_channels("BatchNorm", tuple(x.shape[1:]), self.num_features)
        return functional.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )


class LayerNorm(FrameLocal):
    """Layer normalisation over the channel axis of each frame and place.

    Args:
        num_features: C.
        eps: Added to the variance.
    """

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.num_features, self.eps = num_features, eps
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, ...)."""
        _check_channels("LayerNorm", tuple(x.shape[1:]), self.num_features)
        y = functional.layer_norm(
            x.movedim(1, -1), (self.num_features,), self.weight, self.bias, self.eps
        )
        return y.movedim(-1, 1)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        _check_channels("LayerNorm", shape, self.num_features)
        return shape


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


class ReLU(nn.ReLU, FrameLocal):
    """As torch.nn.ReLU."""


class LeakyReLU(nn.LeakyReLU, FrameLocal):
    """As torch.nn.LeakyReLU."""


class ELU(nn.ELU, FrameLocal):
    """As torch.nn.ELU."""


class GELU(nn.GELU, FrameLocal):
    """As torch.nn.GELU."""


class SiLU(nn.SiLU, FrameLocal):
    """As torch.nn.SiLU (also called Swish)."""


class Hardswish(nn.Hardswish, FrameLocal):
    """As torch.nn.Hardswish."""


class Sigmoid(nn.Sigmoid, FrameLocal):
    """As torch.nn.Sigmoid."""


class Tanh(nn.Tanh, FrameLocal):
    """As torch.nn.Tanh."""


class Dropout(nn.Dropout, FrameLocal):
    """As torch.nn.Dropout."""


def _check_channels(where: str, shape: tuple[int, ...], expected: int) -> None:
    if not shape or shape[0] != expected:
        raise ShapeError(
            f"{where}: expected {expected} channels on axis 1, got frames of "
            f"(B, {', '.join(map(str, shape))})"
        )
