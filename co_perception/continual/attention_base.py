# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What all multi-head attentions share: weights and their names as torch.nn, options, masks.

    class                                   takes     gives     multiply-adds of a step
    SingleOutputMultiheadAttention          frame     frame     4 D^2 + 2 n D
    RetroactiveMultiheadAttention           frame     window    3 D^2 + n D^2 + n^2 D + (2 n - 1) D
    WindowMultiheadAttention                window    window    4 n D^2 + 2 n^2 D
    WindowSingleOutputMultiheadAttention    window    frame     4 D^2 + 2 H n D

A frame is one token (B, D); a window is (B, D, n), oldest token first. The state dict of a
torch.nn.MultiheadAttention loads.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from co_perception.continual import attention
from co_perception.continual.local import Linear
from co_perception.continual.module import ContinualModule
from co_perception.continual.timing import Tick
from co_perception.errors import ConfigError

__all__ = ["Attention", "WindowPadding", "each_row", "zero_absent"]

WindowPadding: TypeAlias = Literal[0, "causal"]
"""0: outputs begin when the window is full. "causal": from the first token on, with a mask."""


class Attention(ContinualModule):
    """What the four share: weights, options, masks.

    Args:
        embed_dim: D.
        num_heads: H; D must be a multiple.
        window: n, tokens that attend to each other.
        dropout: Share of attention weights put to zero in training, 0..1.
        bias: Whether the projections have a learned bias.
        padding: 0: the first output comes with token n (delay n - 1). "causal": with the first
            token (delay 0), which sees the tokens that are there and no others.

    Raises:
        ConfigError: If an option is out of range.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        window: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        padding: WindowPadding = 0,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if num_heads < 1 or embed_dim < 1 or embed_dim % num_heads:
            raise ConfigError(
                f"{name}: embed_dim must be a multiple of num_heads, got {embed_dim} and "
                f"{num_heads}"
            )
        if window < 2 or not 0.0 <= dropout < 1.0:
            raise ConfigError(
                f"{name}: window must be at least 2 tokens and dropout in 0..1, got {window} and "
                f"{dropout}"
            )
        if padding not in (0, "causal"):
            raise ConfigError(
                f"{name}: padding must be 0 (wait for a full window) or 'causal' (answer from the "
                f"first token on), got {padding!r}"
            )
        self.embed_dim, self.num_heads, self.window = embed_dim, num_heads, window
        self.dropout, self.padding = dropout, padding
        template = nn.MultiheadAttention(embed_dim, num_heads, bias=bias)
        self.in_proj_weight, self.in_proj_bias = template.in_proj_weight, template.in_proj_bias
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        self.out_proj.load_state_dict(template.out_proj.state_dict())

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return (
            f"{self.embed_dim}, {self.num_heads}, window={self.window}, padding={self.padding!r}"
        )

    def step_mask(self, tick: Tick) -> Tensor | None:
        """Return which tokens of a window are there, (B, 1, n) bool; None: all are.

        Without padding windows that are not full give no valid output, so nobody looks at a mask.
        """
        if self.padding == 0:
            return None
        # Rows that stand still pass here too: without any token their softmax would be NaN.
        tokens = (tick.frame + 1).clamp(min=1)
        return attention.token_mask(tokens, self.window).unsqueeze(1)

    def clip_mask(self, outputs: int, device: torch.device) -> Tensor | None:
        """Return which tokens of a clip's windows are there, (T_out, n) bool; None: all are."""
        if self.padding == 0:
            return None
        return attention.token_mask(torch.arange(1, outputs + 1, device=device), self.window)

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return scaled queries, keys and values of tokens (B, D, ...), each of that shape."""
        q, k, v = attention.project(x, self.in_proj_weight, self.in_proj_bias).chunk(3, dim=1)
        return q * self._scale, k, v

    def _attend(self, scores: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """Return the projected outputs (B, D, m) of scores (B, H, m, n), values (B, D, n)."""
        seen = attention.attend(scores, self._heads(values), mask, self._dropped)
        return self.out_proj(attention.merge_heads(seen))

    def _heads(self, x: Tensor) -> Tensor:
        return attention.split_heads(x, self.num_heads)

    @property
    def _scale(self) -> float:
        return float((self.embed_dim // self.num_heads) ** -0.5)

    @property
    def _dropped(self) -> float:
        return self.dropout if self.training else 0.0


def each_row(mask: Tensor | None, rows: int) -> Tensor | None:
    """Return a clip's masks (T, n) for all windows of all rows, (B T, 1, n)."""
    return None if mask is None else mask.repeat(rows, 1).unsqueeze(1)


def zero_absent(windows: Tensor, mask: Tensor | None) -> Tensor:
    """Put zeros where a mask, which broadcasts to the windows, says that there is no token."""
    return windows if mask is None else torch.where(mask, windows, torch.zeros_like(windows))
