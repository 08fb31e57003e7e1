# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Self-attention between the joints of each frame."""

from __future__ import annotations

import torch
from torch import Tensor

from co_perception.continual.conv import Conv2d
from co_perception.continual.graph_parts import apply_map, joints_to_rows, rows_to_joints
from co_perception.continual.module import FrameLocal
from co_perception.errors import ConfigError, ShapeError

__all__ = ["SpatialAttention"]

_NO_ZERO = 1e-8  # a joint may lose all of its columns


class SpatialAttention(FrameLocal):
    """Multi-head self-attention over the joints of each frame, channels mapped afterwards.

    In training, whole columns of the attention are dropped (a joint that no other sees, per frame
    and head), and the rest is scaled to a sum of 1.

    Args:
        in_channels: C_in.
        out_channels: C_out, of the values too; a multiple of the heads.
        heads: Number of heads.
        key_channels: Of queries and keys, all heads together; None: C_out / 4.
        drop_connect: Share of columns dropped in training, 0..1.
        persons: M, skeletons side by side on the joint axis; each attends to itself only.

    Raises:
        ConfigError: If the heads do not divide the channels, or a share is out of range.
    Source: Plizzari et al., Spatial Temporal Transformer Network for Skeleton-based Action
        Recognition (2021), section 3.2, with its code base's sizes and column dropping.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        heads: int = 8,
        key_channels: int | None = None,
        drop_connect: float = 0.5,
        persons: int = 1,
    ) -> None:
        super().__init__()
        key_channels = out_channels // 4 if key_channels is None else key_channels
        if min(in_channels, out_channels, heads, key_channels, persons) < 1:
            raise ConfigError(
                "SpatialAttention: channels, heads and persons must be at least 1, got "
                f"{in_channels}, {out_channels}, {key_channels}; {heads}; {persons}"
            )
        if out_channels % heads or key_channels % heads:
            raise ConfigError(
                f"SpatialAttention: {heads} heads must divide the value channels and the key "
                f"channels, got {out_channels} and {key_channels}"
            )
        if not 0.0 <= drop_connect < 1.0:
            raise ConfigError(
                f"SpatialAttention: drop_connect must be in 0..1, below 1, got {drop_connect}"
            )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.heads, self.key_channels, self.persons = heads, key_channels, persons
        self.drop_connect = drop_connect
        self.qkv = Conv2d(in_channels, 2 * key_channels + out_channels, 1)
        self.output = Conv2d(out_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Attend in a clip (B, C_in, T, M V), or a frame (B, C_in, M V), to C_out channels."""
        self.frame_shape((x.shape[1], x.shape[-1]))
        mapped = apply_map(self.qkv, joints_to_rows(x, self.persons))
        sizes = [self.key_channels, self.key_channels, self.out_channels]
        q, k, v = (self._split_heads(part) for part in mapped.split(sizes, -1))
        scores = (q * (self.key_channels // self.heads) ** -0.5) @ k.mT
        attended = self._drop_columns(scores.softmax(-1)) @ v  # (B, [T,] M, heads, V, C_out/heads)
        return rows_to_joints(apply_map(self.output, attended.transpose(-3, -2).flatten(-2)))

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C_out, M V)."""
        if len(shape) != 2 or shape[0] != self.in_channels or shape[1] % self.persons:
            raise ShapeError(
                f"SpatialAttention: expected frames (B, {self.in_channels}, joints) with the "
                f"joints of {self.persons} persons last, got (B, {', '.join(map(str, shape))})"
            )
        return (self.out_channels, shape[1])

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return what the maps, the scores and the weighted sums cost."""
        scores = (self.key_channels + self.out_channels) * shape[1] ** 2 // self.persons
        maps = self.qkv.step_macs(shape) + self.output.step_macs((self.out_channels, shape[1]))
        return maps + scores

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return (
            f"{self.in_channels}, {self.out_channels}, heads={self.heads}, "
            f"key_channels={self.key_channels}, drop_connect={self.drop_connect}"
        )

    def _split_heads(self, rows: Tensor) -> Tensor:
        """View (..., V, C) as (..., heads, V, C / heads)."""
        return torch.unflatten(rows, -1, (self.heads, -1)).transpose(-3, -2)

    def _drop_columns(self, attention: Tensor) -> Tensor:
        if not self.training or self.drop_connect == 0.0:
            return attention
        columns = torch.rand_like(attention[..., :1, :]) >= self.drop_connect
        kept = attention * columns
        return kept / (kept.sum(-1, keepdim=True) + _NO_ZERO)
