# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Graph convolutions that map each part of the adjacency on its own, fixed and adaptive.

Inside, a frame is a matrix with a row per joint, and a convolution is y = sum of A_p'^T x W_p^T:
joints are mixed first, then channels, which takes fewer multiply-adds where channels grow. Several
persons may stand side by side on the joint axis; they are never mixed with one another.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from co_perception.continual.conv import Conv2d
from co_perception.continual.module import FrameLocal
from co_perception.errors import ConfigError, ShapeError, StreamError

__all__ = [
    "AdaptiveGraphConv",
    "AttentionScope",
    "PartitionGraphConv",
    "joints_to_rows",
    "rows_to_joints",
]

AttentionScope: TypeAlias = Literal["frame", "clip"]
"""What an attention between joints looks at: each frame on its own, or all frames of a clip."""

_SMALL = 1e-6  # where an added importance starts, as in the 2s-AGCN code base


def joints_to_rows(x: Tensor, persons: int) -> Tensor:
    """View (B, C, [T,] M V) as joints with channels, (B, [T,] M, V, C)."""
    return torch.unflatten(x.movedim(1, -1), -2, (persons, x.shape[-1] // persons))


def rows_to_joints(rows: Tensor) -> Tensor:
    """View (B, [T,] M, V, C) as channels of joints, (B, C, [T,] M V)."""
    return rows.flatten(-3, -2).movedim(-1, 1)


class _PartsConv(FrameLocal):
    """What both convolutions share: one 1 x 1 convolution per part, and the learned matrix.

    The weights keep the shapes (C_out, C_in, 1, 1) and one bias per part, so that published
    checkpoints load name by name.
    """

    adjacency: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, adjacency: Tensor, start: float, persons: int
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if adjacency.dim() != 3 or adjacency.shape[1] != adjacency.shape[2]:
            raise ConfigError(
                f"{name}: expected an adjacency (parts, V, V), got {tuple(adjacency.shape)}; "
                "co.graph_partitions makes one"
            )
        if min(in_channels, out_channels, persons) < 1:
            raise ConfigError(
                f"{name}: channels and persons must be at least 1, got {in_channels}, "
                f"{out_channels}, {persons}"
            )
        self.in_channels, self.out_channels, self.persons = in_channels, out_channels, persons
        self.register_buffer("adjacency", adjacency.clone(), persistent=False)
        self.importance = nn.Parameter(torch.full_like(adjacency, start))
        self.maps = self._make_maps(out_channels)

    @property
    def num_joints(self) -> int:
        """V, of one person."""
        return self.adjacency.shape[1]

    @abc.abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Map a clip (B, C_in, T, M V), or a frame (B, C_in, M V), to C_out channels."""

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C_out, M V)."""
        expected = (self.in_channels, self.persons * self.num_joints)
        if tuple(shape) != expected:
            raise ShapeError(
                f"{type(self).__name__}: expected frames (B, {expected[0]}, {expected[1]}), "
                f"{self.persons} x {self.num_joints} joints last, got "
                f"(B, {', '.join(map(str, shape))}); convert the skeletons to the layout of the "
                "adjacency first"
            )
        return (self.out_channels, shape[1])

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return C_in V P V for the joints and C_in P C_out V for the channels, per person."""
        parts, joints, _ = self.adjacency.shape
        mixing = math.prod(shape) * parts * joints
        return mixing + sum(m.step_macs(shape) for m in self._convs(self.maps))

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        parts, joints, _ = self.adjacency.shape
        return (
            f"{self.in_channels}, {self.out_channels}, parts={parts}, joints={joints}, "
            f"persons={self.persons}"
        )

    def _make_maps(self, channels: int) -> nn.ModuleList:
        return nn.ModuleList(Conv2d(self.in_channels, channels, 1) for _ in self.adjacency)

    def _convs(self, maps: nn.ModuleList) -> list[Conv2d]:
        return list(maps)  # type: ignore[arg-type]

    def _rows(self, x: Tensor) -> Tensor:
        """Return the joints (B, [T,] M, V, C_in) of a clip or frame that fits."""
        self.frame_shape((x.shape[1], x.shape[-1]))
        return joints_to_rows(x, self.persons)

    def _convolve(self, rows: Tensor, mixing: Sequence[Tensor]) -> Tensor:
        """Sum the parts.

        Args:
            rows: (B, [T,] M, V, C_in).
            mixing: Per part the transposed adjacency, (V, V) or (B, [T,] M, V, V).
        """
        maps = self._convs(self.maps)
        parts = [apply_map(m, weights @ rows) for m, weights in zip(maps, mixing)]
        return rows_to_joints(sum(parts[1:], start=parts[0]))


class PartitionGraphConv(_PartsConv):
    """Mix joints by a fixed adjacency with learned importance, each part with a map of its own.

    y[:, w] = sum over parts p of (W_p sum over joints v of x[:, v] A_p[v, w] M_p[v, w]) + b_p. It
    computes what `GraphConv` does, with the parameters of the 2s-AGCN code base; `GraphConv` (one
    matrix for all parts) is for networks without published weights.

    Args:
        in_channels: C_in.
        out_channels: C_out.
        adjacency: (P, V, V) float.
        persons: M, skeletons side by side on the joint axis.

    Raises:
        ConfigError: If the adjacency is no stack of square matrices.
    Source: Yan et al., Spatial Temporal Graph Convolutional Networks (2018), section 3.3, in the
        form of the continual-skeletons code base.
    """

    def __init__(
        self, in_channels: int, out_channels: int, adjacency: Tensor, *, persons: int = 1
    ) -> None:
        super().__init__(in_channels, out_channels, adjacency, 1.0, persons)

    def forward(self, x: Tensor) -> Tensor:
        """Map a clip (B, C_in, T, M V), or a frame (B, C_in, M V), to C_out channels."""
        return self._convolve(self._rows(x), self.compute_adjacency().mT.unbind())

    def compute_adjacency(self) -> Tensor:
        """Return the adjacency with the learned importance, (P, V, V)."""
        return self.adjacency * self.importance


class AdaptiveGraphConv(_PartsConv):
    """Mix joints by adjacency + a learned matrix + an attention that depends on the input.

    A_p'[v, w] = A_p[v, w] + M_p[v, w] + softmax over v of a_p(x)[:, v] . b_p(x)[:, w] / K, where a
    and b embed the joints in K channels.

    Args:
        in_channels: C_in.
        out_channels: C_out.
        adjacency: (P, V, V) float.
        scope: "frame": the attention of each frame rests on that frame, in clips and steps alike;
            "clip": it is the mean over all frames of a clip, which steps cannot.
        embedding: K; None: a quarter of the output channels.
        persons: M, skeletons side by side on the joint axis.

    Raises:
        ConfigError: If the adjacency is no stack of square matrices or the scope is unknown.
    Source: Shi et al., Two-Stream Adaptive Graph Convolutional Networks (2019), equation 3, for
        the scope "clip"; Hedegaard et al., Continual Spatio-Temporal Graph Convolutional Networks
        (2022), AGCN*, for "frame".
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: Tensor,
        *,
        scope: AttentionScope = "frame",
        embedding: int | None = None,
        persons: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, adjacency, _SMALL, persons)
        if scope not in get_args(AttentionScope):
            raise ConfigError(
                f"AdaptiveGraphConv: scope must be one of {sorted(get_args(AttentionScope))}, got "
                f"{scope!r}"
            )
        self.scope: AttentionScope = scope
        self.embedding = max(1, out_channels // 4) if embedding is None else embedding
        self.queries = self._make_maps(self.embedding)
        self.keys = self._make_maps(self.embedding)

    def forward(self, x: Tensor) -> Tensor:
        """Map a clip (B, C_in, T, M V), or a frame (B, C_in, M V), to C_out channels."""
        rows = self._rows(x)
        fixed = (self.adjacency + self.importance).mT
        pairs = zip(self._convs(self.queries), self._convs(self.keys), fixed.unbind())
        return self._convolve(rows, [a + self._attend(rows, q, k) for q, k, a in pairs])

    def forward_frame(self, x: Tensor) -> Tensor:
        """Map a frame (B, C_in, M V).

        Raises:
            StreamError: If the scope is the clip.
        """
        if self.scope == "clip":
            raise StreamError(
                "AdaptiveGraphConv: a step sees one frame, but the scope is 'clip'; make the "
                "model with attention_scope='frame' (the published CoAGCN), or use its clip "
                "forward"
            )
        return self.forward(x)

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return what the mixing and the maps cost, and the attention's maps and scores."""
        maps = self._convs(self.queries) + self._convs(self.keys)
        scores = len(self.adjacency) * self.embedding * self.num_joints * shape[1]
        return super().step_macs(shape) + scores + sum(m.step_macs(shape) for m in maps)

    def _attend(self, rows: Tensor, query: Conv2d, key: Conv2d) -> Tensor:
        """Return the transposed attention: row w holds the weights of the joints that w sees."""
        a, b = apply_map(query, rows), apply_map(key, rows)  # (B, [T,] M, V, K)
        scores = b @ a.mT / self.embedding
        if self.scope == "clip" and scores.dim() == 5:
            scores = scores.mean(1, keepdim=True)
        return scores.softmax(-1)


def apply_map(conv: Conv2d, rows: Tensor) -> Tensor:
    """Apply a 1 x 1 convolution to channels that stand last, (..., C_in) to (..., C_out)."""
    return functional.linear(rows, conv.weight.flatten(1), conv.bias)
