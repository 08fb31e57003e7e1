# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Attention within windows whose tokens are all new: what follows a retroactive attention.

Every token of such a window changed, so nothing of an earlier step can be used again, and there is
no state. Only the last layer, which answers for the newest token alone, can save work.
"""

from __future__ import annotations

import torch
from torch import Tensor

from co_perception.continual import attention
from co_perception.continual.attention_base import Attention, each_row, zero_absent
from co_perception.continual.kinds import Kind
from co_perception.continual.module import FrameLocal
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, advance
from co_perception.errors import ShapeError

__all__ = ["WindowMultiheadAttention", "WindowSingleOutputMultiheadAttention"]


class _WindowAttention(Attention, FrameLocal):
    """Attention that takes a window of updated tokens per step."""

    @property
    def input_kind(self) -> Kind:
        """A window of tokens."""
        return "window"

    def forward(self, x: Tensor) -> Tensor:
        """Attend within each window of a clip (B, D, T, n)."""
        self._check_window((x.shape[1], *x.shape[3:]))
        rows, outputs = x.shape[0], x.shape[2]
        mask = self.clip_mask(outputs, x.device)
        y = self._attend_window(x.transpose(1, 2).flatten(0, 1), each_row(mask, rows))
        return torch.unflatten(y, 0, (rows, outputs)).transpose(1, 2)

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Attend within the window of one step (B, D, n)."""
        self._check_window(tuple(x.shape[1:]))
        return self._attend_window(x, self.step_mask(tick)), layers, advance(tick, self.time)

    def _attend_window(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Attend within (B, D, n); of the mask (B, 1, n) at least one token is there."""
        raise NotImplementedError

    def _check_window(self, shape: tuple[int, ...]) -> None:
        if shape != (self.embed_dim, self.window):
            raise ShapeError(
                f"{type(self).__name__}: expected windows (B, {self.embed_dim}, {self.window}) as "
                f"retroactive attention gives them, got (B, {', '.join(map(str, shape))})"
            )


class WindowMultiheadAttention(_WindowAttention):
    """Let all tokens of a window look at each other: window (B, D, n) to window (B, D, n).

    All n tokens are projected anew: 4 n D^2 + 2 n^2 D multiply-adds per step. Clips are
    (B, D, T, n). Tokens that are not there yet are zero in the output.

    Args:
        embed_dim: D.
        num_heads: H; D must be a multiple.
        window: n.
        dropout: Share of attention weights put to zero in training, 0..1.
        bias: Whether the projections have a learned bias.
        padding: That of the module which makes the windows: with "causal" the first ones are not
            full, and tokens that are not there are masked.

    Raises:
        ConfigError: If an option is out of range.
    """

    @property
    def output_kind(self) -> Kind:
        """A window of tokens."""
        return "window"

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (D, n)."""
        self._check_window(shape)
        return shape

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return 4 n D^2 + 2 n^2 D."""
        return 4 * self.window * self.embed_dim**2 + 2 * self.window**2 * self.embed_dim

    def _attend_window(self, x: Tensor, mask: Tensor | None) -> Tensor:
        queries, keys, values = self._project(x)
        scores = attention.compute_scores(self._heads(queries), self._heads(keys))
        return zero_absent(self._attend(scores, values, mask), mask)


class WindowSingleOutputMultiheadAttention(_WindowAttention):
    """Let the newest token of a window look at all of it: window (B, D, n) to frame (B, D).

    Keys and values of the other tokens are never made: 4 D^2 + 2 H n D multiply-adds per step in
    place of 2 D^2 + 2 n D^2 + 2 n D, see `attention.single_output_of_window`. Clips are
    (B, D, T, n) and give (B, D, T).

    Args: as `WindowMultiheadAttention`.

    Raises:
        ConfigError: If an option is out of range.
    """

    @property
    def output_kind(self) -> Kind:
        """A frame: the newest token."""
        return "frame"

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (D,)."""
        self._check_window(shape)
        return shape[:1]

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return 4 D^2 + 2 H n D."""
        return 4 * self.embed_dim**2 + 2 * self.num_heads * self.window * self.embed_dim

    def _attend_window(self, x: Tensor, mask: Tensor | None) -> Tensor:
        weights = self.in_proj_weight.chunk(3)
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        query = attention.project(x[:, :, -1:], weights[0], biases[0]) * self._scale
        y = attention.single_output_of_window(
            x, self._heads(query), weights[1], weights[2], mask, self._dropped
        )
        return self.out_proj(y if biases[2] is None else y + biases[2])
