# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Graph convolution over the joints of each frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from co_perception.continual.module import FrameLocal
from co_perception.errors import ConfigError, ShapeError

__all__ = ["EdgeImportance", "GraphConv", "graph_partitions"]

EdgeImportance = Literal["multiply", "add", "none"]


def graph_partitions(num_joints: int, edges: Sequence[tuple[int, int]]) -> Tensor:
    """Return the adjacency of a skeleton in three parts: itself, inward, outward.

    Args:
        num_joints: V.
        edges: (joint, neighbour nearer to the body's centre).

    Returns:
        (3, V, V) float32; y = x @ A sums over a joint's neighbours, columns sum to 1 or 0.

    Raises:
        ConfigError: If an edge names a joint that is not there.
    Source: Shi et al., Two-Stream Adaptive Graph Convolutional Networks (2019), the partition by
        direction of its public code.
    """
    outside = [edge for edge in edges if not all(0 <= joint < num_joints for joint in edge)]
    if outside:
        raise ConfigError(
            f"graph_partitions: edges {outside} name no joint of 0..{num_joints - 1}"
        )
    inward = torch.zeros(num_joints, num_joints)
    for joint, centre in edges:
        inward[centre, joint] = 1.0
    parts = torch.stack([torch.eye(num_joints), inward, inward.T])
    return parts / parts.sum(1, keepdim=True).clamp(min=1.0)


class GraphConv(FrameLocal):
    """Mix joints by a fixed adjacency with learned importance, then channels, frame by frame.

    y[:, w] = sum over parts p and joints v of W_p x[:, v] A_p'[v, w], with A' = A * M or A + M.

    Args:
        in_channels: C_in.
        out_channels: C_out.
        adjacency: (P, V, V) float.
        edge_importance: "multiply": M starts at 1 and weighs the edges that exist; "add": M starts
            at 0 and may connect any two joints; "none": the adjacency as it is.
        bias: Whether to add a learned bias.

    Raises:
        ConfigError: If the adjacency is no stack of square matrices.
    Source: Yan et al., Spatial Temporal Graph Convolutional Networks (2018), section 3.3; Shi et
        al. (2019), equation 3, for the added matrix.
    """

    adjacency: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: Tensor,
        *,
        edge_importance: EdgeImportance = "multiply",
        bias: bool = True,
    ) -> None:
        super().__init__()
        if adjacency.dim() != 3 or adjacency.shape[1] != adjacency.shape[2]:
            raise ConfigError(
                f"GraphConv: expected an adjacency (parts, V, V), got {tuple(adjacency.shape)}"
            )
        if edge_importance not in get_args(EdgeImportance):
            raise ConfigError(
                f"GraphConv: edge_importance must be one of {sorted(get_args(EdgeImportance))}, "
                f"got {edge_importance!r}"
            )
        parts = adjacency.shape[0]
        template = nn.Linear(in_channels * parts, out_channels, bias)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.weight, self.bias = template.weight, template.bias  # weight (C_out, C_in P)
        self.register_buffer("adjacency", adjacency.clone(), persistent=False)
        self.edge_importance = edge_importance
        start = torch.ones_like(adjacency) if edge_importance == "multiply" else 0.0 * adjacency
        self.importance = None if edge_importance == "none" else nn.Parameter(start)

    def forward(self, x: Tensor) -> Tensor:
        """Map a clip (B, C_in, T, V), or a frame (B, C_in, V), to C_out channels."""
        self._check_joints(x.shape[-1])
        joints, parts = self.adjacency.shape[1], self.adjacency.shape[0]
        mixing = self.compute_adjacency().transpose(0, 1).flatten(1)  # (V, P V)
        mixed = torch.unflatten(x @ mixing, -1, (parts, joints))  # (B, C, [T,] P, V)
        if x.dim() == 4:
            mixed = mixed.transpose(2, 3)  # (B, C, P, T, V)
        y = torch.matmul(self.weight, mixed.flatten(1, 2).flatten(2))  # (B, C_out, [T] V)
        y = y if self.bias is None else y + self.bias.unsqueeze(1)
        return torch.unflatten(y, 2, x.shape[2:])

    def compute_adjacency(self) -> Tensor:
        """Return the adjacency with the learned importance, (P, V, V)."""
        if self.importance is None:
            return self.adjacency
        if self.edge_importance == "add":
            return self.adjacency + self.importance
        return self.adjacency * self.importance

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C_out, V)."""
        if len(shape) != 2 or shape[0] != self.in_channels:
            raise ShapeError(
                f"GraphConv: expected frames (B, {self.in_channels}, {self.adjacency.shape[1]}), "
                f"got (B, {', '.join(map(str, shape))})"
            )
        self._check_joints(shape[1])
        return (self.out_channels, shape[1])

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return C_in V P V for the joints and C_in P C_out V for the channels."""
        parts, joints, _ = self.adjacency.shape
        return math.prod(shape) * parts * joints + self.weight.numel() * joints

    def _check_joints(self, joints: int) -> None:
        if joints != self.adjacency.shape[1]:
            raise ShapeError(
                f"GraphConv: expected {self.adjacency.shape[1]} joints on the last axis, got "
                f"{joints}; convert the skeletons to the model's joint layout first"
            )
