# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Activations of torch.nn by their names: what works number by number is the same in a step.

`inplace=True` is accepted and not followed: a step never writes into its input, which may be the
caller's frame or part of a state.

Those that work along an axis (Softmax, GLU ...) count axes as a clip (B, C, T, ...) has them, by
default the channels, and refuse time: a step knows one frame of it.
"""

from __future__ import annotations

import abc

from torch import Tensor, nn
from torch.nn import functional

from co_perception.continual.module import FrameLocal
from co_perception.errors import ConfigError, ShapeError

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class OutOfPlace(FrameLocal):
    """What reads a torch.nn module's `inplace` as False, whatever was asked."""

    @property
    def inplace(self) -> bool:
        """False: a step may not change its inputs."""
        return False

    @inplace.setter
    def inplace(self, asked: bool) -> None:
        """Accept what torch.nn sets."""


class CELU(nn.CELU, OutOfPlace):
    """As torch.nn.CELU."""


class ELU(nn.ELU, OutOfPlace):
    """As torch.nn.ELU."""


class GELU(nn.GELU, FrameLocal):
    """As torch.nn.GELU."""


class Hardshrink(nn.Hardshrink, FrameLocal):
    """As torch.nn.Hardshrink."""


class Hardsigmoid(nn.Hardsigmoid, OutOfPlace):
    """As torch.nn.Hardsigmoid."""


class Hardswish(nn.Hardswish, OutOfPlace):
    """As torch.nn.Hardswish."""


class Hardtanh(nn.Hardtanh, OutOfPlace):
    """As torch.nn.Hardtanh."""


class LeakyReLU(nn.LeakyReLU, OutOfPlace):
    """As torch.nn.LeakyReLU."""


class LogSigmoid(nn.LogSigmoid, FrameLocal):
    """As torch.nn.LogSigmoid."""


class Mish(nn.Mish, OutOfPlace):
    """As torch.nn.Mish."""


class PReLU(nn.PReLU, FrameLocal):
    """As torch.nn.PReLU; one slope, or one per channel."""


class RReLU(nn.RReLU, OutOfPlace):
    """As torch.nn.RReLU; slopes are random in training, their mean otherwise."""


class ReLU(nn.ReLU, OutOfPlace):
    """As torch.nn.ReLU."""


class ReLU6(nn.ReLU6, OutOfPlace):
    """As torch.nn.ReLU6."""


class SELU(nn.SELU, OutOfPlace):
    """As torch.nn.SELU."""


class SiLU(nn.SiLU, OutOfPlace):
    """As torch.nn.SiLU (also called Swish)."""


class Sigmoid(nn.Sigmoid, FrameLocal):
    """As torch.nn.Sigmoid."""


class Softplus(nn.Softplus, FrameLocal):
    """As torch.nn.Softplus."""


class Softshrink(nn.Softshrink, FrameLocal):
    """As torch.nn.Softshrink."""


class Softsign(nn.Softsign, FrameLocal):
    """As torch.nn.Softsign."""


class Tanh(nn.Tanh, FrameLocal):
    """As torch.nn.Tanh."""


class Tanhshrink(nn.Tanhshrink, FrameLocal):
    """As torch.nn.Tanhshrink."""


class Threshold(nn.Threshold, OutOfPlace):
    """As torch.nn.Threshold."""


class _AlongAxis(FrameLocal):
    """An activation along one axis that is not time.

    Args:
        dim: Axis of a clip (B, C, T, ...): 1 for the channels, 3 and up or negative for space.

    Raises:
        ConfigError: If the axis is the row or time.
    """

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        if dim in (0, 2):
            raise ConfigError(
                f"{type(self).__name__}: dim {dim} is {'time' if dim else 'the row'}, of which a "
                "step knows one entry; use dim 1 (channels), or 3 and up (space)"
            )
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """Apply to a clip (B, C, T, ...)."""
        return self.apply_along(x, self._clip_axis(x.dim()))

    def forward_frame(self, x: Tensor) -> Tensor:
        """Apply to a frame (B, C, ...)."""
        return self.apply_along(x, self._frame_axis(x.dim()))

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        self._frame_axis(1 + len(shape))
        return shape

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return f"dim={self.dim}"

    @abc.abstractmethod
    def apply_along(self, x: Tensor, axis: int) -> Tensor:
        """Apply to any tensor along one of its axes."""

    def _clip_axis(self, dims: int) -> int:
        """Return the axis of a clip with so many axes, counted from 0."""
        axis = self.dim + dims if self.dim < 0 else self.dim
        if axis in (0, 2) or not 0 < axis < dims:
            shape = "(B, C, T" + ", ..." * (dims > 3) + ")"
            raise ShapeError(
                f"{type(self).__name__}: dim {self.dim} is no axis of channels or space in clips "
                f"{shape} of {dims} axes; steps cannot work over time"
            )
        return axis

    def _frame_axis(self, dims: int) -> int:
        axis = self._clip_axis(dims + 1)
        return axis if axis < 2 else axis - 1


class Softmax(_AlongAxis):
    """Softmax over the channels, or over one axis of space."""

    def apply_along(self, x: Tensor, axis: int) -> Tensor:
        """Return exp(x) / sum exp(x)."""
        return functional.softmax(x, axis)


class LogSoftmax(_AlongAxis):
    """Logarithm of the softmax over the channels, or over one axis of space."""

    def apply_along(self, x: Tensor, axis: int) -> Tensor:
        """Return x - log sum exp(x)."""
        return functional.log_softmax(x, axis)


class Softmin(_AlongAxis):
    """Softmax of -x over the channels, or over one axis of space."""

    def apply_along(self, x: Tensor, axis: int) -> Tensor:
        """Return exp(-x) / sum exp(-x)."""
        return functional.softmin(x, axis)


class GLU(_AlongAxis):
    """First half times sigmoid of the second half of the channels, or of one axis of space."""

    def apply_along(self, x: Tensor, axis: int) -> Tensor:
        """Return a sigmoid(b), half as long."""
        return functional.glu(x, axis)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape with the axis halved."""
        axis = self._frame_axis(1 + len(shape)) - 1
        if shape[axis] % 2:
            raise ShapeError(
                f"GLU: expected an even size on axis {self.dim}, got frames of "
                f"(B, {', '.join(map(str, shape))})"
            )
        return (*shape[:axis], shape[axis] // 2, *shape[axis + 1 :])
