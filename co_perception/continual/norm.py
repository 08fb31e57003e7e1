# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Normalisation of one frame at a time.

A step knows one frame, so nothing here normalises over time. Batch normalisation uses the
statistics of training; the others take theirs from the frame itself, in clips and steps alike:

    BatchNorm      one mean per channel, from training
    LayerNorm      one per frame and place, over the channels; RMSNorm without the mean
    GroupNorm      one per frame and group, over the group's channels and all places
    InstanceNorm   one per frame and channel, over all places

torch.nn's GroupNorm and InstanceNorm take theirs from the whole clip if they are given one. That
is another function, which no step can compute.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from co_perception.continual.axes import check_channels
from co_perception.continual.module import FrameLocal
from co_perception.errors import ConfigError, ShapeError, StreamError

__all__ = [
    "BatchNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "RMSNorm",
]


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
        count = torch.zeros((), dtype=torch.int64, device=device)
        self.register_buffer("num_batches_tracked", count)

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
        check_channels("BatchNorm", shape, self.num_features)
        return shape

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"

    def _normalise(self, x: Tensor) -> Tensor:
        check_channels("BatchNorm", tuple(x.shape[1:]), self.num_features)
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


BatchNorm1d = BatchNorm2d = BatchNorm3d = BatchNorm
"""torch.nn's names: one class serves all ranks."""


class _Norm(FrameLocal):
    """What normalisations share: one learned scale and offset per channel."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        *,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.affine = num_features, eps, affine
        ones = torch.ones(num_features, device=device, dtype=dtype)
        self.weight = nn.Parameter(ones) if affine else None
        self.bias = nn.Parameter(torch.zeros_like(ones)) if affine else None

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        check_channels(type(self).__name__, shape, self.num_features)
        return shape

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return f"{self.num_features}, eps={self.eps}, affine={self.affine}"


class LayerNorm(_Norm):
    """Layer normalisation over the channel axis of each frame and place.

    Args:
        num_features: C.
        eps: Added to the variance.
        affine: Whether to learn scale and offset.
        device: Where the weights live.
        dtype: Of the weights.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, ...)."""
        check_channels("LayerNorm", tuple(x.shape[1:]), self.num_features)
        y = functional.layer_norm(
            x.movedim(1, -1), (self.num_features,), self.weight, self.bias, self.eps
        )
        return y.movedim(-1, 1)


class RMSNorm(FrameLocal):
    """Division by the root mean square over the channel axis of each frame and place.

    Args:
        num_features: C.
        eps: Added to the mean square; None: the smallest difference of the frames' dtype.
        affine: Whether to learn a scale.
        device: Where the weight lives.
        dtype: Of the weight.
    Source: Zhang and Sennrich, Root Mean Square Layer Normalization (2019), equation 4.
    """

    def __init__(
        self,
        num_features: int,
        eps: float | None = None,
        *,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_features, self.eps = num_features, eps
        ones = torch.ones(num_features, device=device, dtype=dtype)
        self.weight = nn.Parameter(ones) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, ...)."""
        check_channels("RMSNorm", tuple(x.shape[1:]), self.num_features)
        size = (self.num_features,)
        return functional.rms_norm(x.movedim(1, -1), size, self.weight, self.eps).movedim(-1, 1)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        check_channels("RMSNorm", shape, self.num_features)
        return shape

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return how many numbers go into the mean squares."""
        return math.prod(shape)


class GroupNorm(_Norm):
    """Normalisation of groups of channels, over all places of each frame on its own.

    Args:
        num_groups: Groups; they divide the channels.
        num_channels: C.
        eps: Added to the variance.
        affine: Whether to learn scale and offset.
        device: Where the weights live.
        dtype: Of the weights.

    Raises:
        ConfigError: If the groups do not divide the channels.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        *,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if num_groups < 1 or num_channels % num_groups:
            raise ConfigError(
                f"GroupNorm: expected groups that divide {num_channels} channels, got {num_groups}"
            )
        super().__init__(num_channels, eps, affine=affine, device=device, dtype=dtype)
        self.num_groups = num_groups

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each frame of a clip (B, C, T, ...)."""
        return _per_frame(self.forward_frame, x)

    def forward_frame(self, x: Tensor) -> Tensor:
        """Normalise frames (B, C, ...)."""
        check_channels("GroupNorm", tuple(x.shape[1:]), self.num_features)
        return functional.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class InstanceNorm(_Norm):
    """Normalisation of each channel over all places of each frame on its own.

    Statistics are always the frame's; torch.nn's running ones are what `BatchNorm` is for.

    Args:
        num_features: C.
        eps: Added to the variance.
        affine: Whether to learn scale and offset; as in torch.nn it is False by default.
        device: Where the weights live.
        dtype: Of the weights.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        *,
        affine: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(num_features, eps, affine=affine, device=device, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each frame of a clip (B, C, T, ...)."""
        return _per_frame(self.forward_frame, x)

    def forward_frame(self, x: Tensor) -> Tensor:
        """Normalise frames (B, C, ...)."""
        self.frame_shape(tuple(x.shape[1:]))
        return functional.group_norm(x, self.num_features, self.weight, self.bias, self.eps)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape.

        Raises:
            ShapeError: If a frame has one place only, of which nothing would be left.
        """
        check_channels("InstanceNorm", shape, self.num_features)
        if len(shape) < 2 or set(shape[1:]) == {1}:
            raise ShapeError(
                "InstanceNorm: expected frames with more than one place per channel, got "
                f"(B, {', '.join(map(str, shape))}); every channel would become its offset"
            )
        return shape


def _per_frame(normalise: Callable[[Tensor], Tensor], clip: Tensor) -> Tensor:
    """Apply to every frame of a clip (B, C, T, ...) what is written for frames (B, C, ...)."""
    frames = normalise(clip.transpose(1, 2).flatten(0, 1))
    return torch.unflatten(frames, 0, (clip.shape[0], clip.shape[2])).transpose(1, 2)
