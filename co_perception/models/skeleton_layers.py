# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Frame-local layers around the graph convolutions of the skeleton networks.

Frames are (B, C, J); where a scene has M persons, J = M V and their joints stand side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from co_perception import continual as co
from co_perception.errors import ConfigError, ShapeError

__all__ = ["BoneVectors", "JointMean", "JointNorm", "JointPool", "PersonsToJoints"]


class JointNorm(co.FrameLocal):
    """Batch normalisation of every channel of every joint on its own.

    Args:
        channels: C.
        joints: V.
        persons: M, skeletons side by side on the joint axis that share their statistics.
        order: Which of the two comes first in the C V statistics; published weights have both.
    """

    def __init__(
        self,
        channels: int,
        joints: int,
        *,
        persons: int = 1,
        order: Literal["channels", "joints"] = "channels",
    ) -> None:
        super().__init__()
        if order not in ("channels", "joints"):
            raise ConfigError(
                f"JointNorm: order must be 'channels' or 'joints' (first), got {order!r}"
            )
        self.channels, self.joints = channels, joints
        self.persons, self.order = persons, order
        self.norm = co.BatchNorm(channels * joints)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise a clip (B, C, T, M V)."""
        return self._normalise(x, self.norm)

    def forward_frame(self, x: Tensor) -> Tensor:
        """Normalise a frame (B, C, M V)."""
        return self._normalise(x, self.norm.forward_frame)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        expected = (self.channels, self.persons * self.joints)
        if tuple(shape) != expected:
            raise ShapeError(
                f"JointNorm: expected frames (B, {expected[0]}, {expected[1]}) of channels and "
                f"joints ({self.persons} persons of {self.joints}), got "
                f"(B, {', '.join(map(str, shape))})"
            )
        return shape

    def _normalise(self, x: Tensor, norm: Callable[[Tensor], Tensor]) -> Tensor:
        self.frame_shape((x.shape[1], x.shape[-1]))
        place = 2 if self.order == "channels" else 1
        pairs = torch.unflatten(x, -1, (self.persons, self.joints)).movedim(-1, place)
        y = torch.unflatten(norm(pairs.flatten(1, 2)), 1, pairs.shape[1:3])
        return y.movedim(place, -1).flatten(-2)


class JointPool(co.FrameLocal):
    """Mean and maximum over the joints: (B, C, ..., V) -> (B, 2 C, ...)."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool a clip or a frame."""
        return torch.cat([x.mean(-1), x.amax(-1)], dim=1)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (2 C,)."""
        return (2 * shape[0],)

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return C J for the mean and as much for the maximum."""
        return 2 * math.prod(shape)


class JointMean(co.FrameLocal):
    """Mean over the joints of all persons: (B, C, ..., J) -> (B, C, ...)."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool a clip or a frame."""
        return x.mean(-1)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C,)."""
        return shape[:1]

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return C J."""
        return math.prod(shape)


class PersonsToJoints(co.FrameLocal):
    """Put the persons of a scene side by side on the joint axis: (B, C, ..., V, M) -> (..., M V).

    Args:
        persons: M.
    """

    def __init__(self, persons: int) -> None:
        super().__init__()
        self.persons = persons

    def forward(self, x: Tensor) -> Tensor:
        """Rearrange a clip or a frame."""
        return x.transpose(-1, -2).flatten(-2)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C, M V)."""
        if len(shape) != 3 or shape[2] != self.persons:
            raise ShapeError(
                f"PersonsToJoints: expected frames (B, C, V, {self.persons}) with the persons "
                f"last, got (B, {', '.join(map(str, shape))})"
            )
        return (shape[0], shape[1] * shape[2])


class BoneVectors(co.FrameLocal):
    """Replace each joint by the vector to it from its parent, in all channels.

    Args:
        parents: For each joint the joint at the other end of its bone; itself gives zeros.
        persons: M, skeletons side by side on the joint axis.
    Source: Shi et al., Two-Stream Adaptive Graph Convolutional Networks (2019), section 3.4.
    """

    parents: Tensor

    def __init__(self, parents: tuple[int, ...], *, persons: int = 1) -> None:
        super().__init__()
        ends = torch.tensor(parents) + len(parents) * torch.arange(persons).unsqueeze(1)
        self.register_buffer("parents", ends.flatten(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Take the differences in a clip (B, C, T, M V) or a frame (B, C, M V)."""
        self.frame_shape((x.shape[1], x.shape[-1]))
        return x - x.index_select(-1, self.parents)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        if len(shape) != 2 or shape[1] != len(self.parents):
            raise ShapeError(
                f"BoneVectors: expected frames (B, C, {len(self.parents)}), got "
                f"(B, {', '.join(map(str, shape))})"
            )
        return shape
