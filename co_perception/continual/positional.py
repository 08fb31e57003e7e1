# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Positions of tokens in streams without end: encodings that are used again in turn."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from co_perception.continual.module import FrameLocal
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, advance
from co_perception.errors import ConfigError, ShapeError

__all__ = ["RecyclingPositionalEncoding", "compute_cyclic_encoding"]


def compute_cyclic_encoding(num_embeds: int, embed_dim: int) -> Tensor:
    """Return waves over positions that have no seam between the last position and the first.

    Channel i is a sine or cosine of |z mod 2 P_i - P_i|, which goes down and up again, with a
    period P_i between N^(1 / (D / 2)) and N positions, whole numbers of which fill the circle. The
    second half of the channels is shifted in phase. Then neighbours are averaged and the mean over
    positions subtracted.

    Args:
        num_embeds: N, positions on the circle.
        embed_dim: D, at least 2.

    Returns:
        (N, D) float32.
    Source: Ma et al., Learning to Iteratively Solve Routing Problems with Dual-Aspect
        Collaborative Transformer (2021), equation 4 and appendix B; positions on a grid of
        hundredths and the mean of five neighbours as in its public code, so that published weights
        see the numbers that they were trained with.
    """
    half = embed_dim // 2
    channel = torch.arange(embed_dim)
    periods = torch.linspace(num_embeds ** (1 / half), num_embeds, half, dtype=torch.float64)
    period = periods.long()[(channel // 3 * 3 + 1).clamp(max=half - 1)].double()
    circle = (num_embeds / period).ceil() * period  # the period's multiple that holds them all
    hundredths = ((circle + 0.01) / 0.01).ceil() - 1
    position = torch.arange(num_embeds, dtype=torch.float64).unsqueeze(1)
    place = (position * (hundredths / num_embeds)).floor() * 0.01
    angle = 2 * math.pi / period * (place % (2 * period) - period).abs()
    angle = angle + torch.where(channel > half, 2 * math.pi * (half - channel) / half, 0.0)
    waves = torch.where(channel % 2 == 1, angle.cos(), angle.sin())
    smooth = torch.stack([waves.roll(shift, 0) for shift in range(-2, 3)]).mean(0)
    return (smooth - waves.mean(0)).float()


class RecyclingPositionalEncoding(FrameLocal):
    """Add an encoding of its position to each token; after N tokens the first one comes again.

        token       0   1   2   3   4   5   6   7           N = 5, a window of 3 tokens
        encoding    0   1   2   3   4   0   1   2
        window                 [3   4   0]                  a token keeps its encoding as it ages

    For attention over n tokens, N must be n at least, lest two tokens of a window share one; from
    2 n - 1 on, the distance of two tokens follows from their encodings without ambiguity.

    A stream begins with encoding 0. A clip is the part of a stream that begins at token
    `start_index`: `forward(clip, start_index=s)` is what the steps give for tokens s, s + 1, ...
    Who trains on clips should draw the start at random, for a long stream meets every turn.

    Args:
        embed_dim: D.
        num_embeds: N.
        learned: Whether the encodings are weights, or the fixed cyclic waves.

    Raises:
        ConfigError: If a number is out of range.
    Source: Hedegaard et al., Continual Transformers (2023), section 3.4.
    """

    weight: Tensor

    def __init__(self, embed_dim: int, num_embeds: int, learned: bool = True) -> None:
        super().__init__()
        if embed_dim < 2 or num_embeds < 1:
            raise ConfigError(
                "RecyclingPositionalEncoding: embed_dim must be at least 2 and num_embeds at "
                f"least 1, got {embed_dim} and {num_embeds}"
            )
        self.embed_dim, self.num_embeds, self.learned = embed_dim, num_embeds, learned
        if learned:
            self.weight = nn.Parameter(torch.randn(num_embeds, embed_dim))
        else:
            fixed = compute_cyclic_encoding(num_embeds, embed_dim)
            self.register_buffer("weight", fixed, persistent=False)

    def forward(self, x: Tensor, start_index: int | Tensor = 0) -> Tensor:
        """Add encodings to a clip.

        Args:
            x: (B, D, T, ...).
            start_index: Number of the first token in its stream; one for all rows, or (B,) int64.

        Returns:
            (B, D, T, ...).

        Raises:
            ShapeError: If the clip or the start index does not fit.
        """
        self.frame_shape((x.shape[1], *x.shape[3:]))
        start = torch.as_tensor(start_index, dtype=torch.int64, device=x.device)
        if start.dim() and start.shape != x.shape[:1]:
            raise ShapeError(
                f"RecyclingPositionalEncoding: start_index must be one number or ({x.shape[0]},), "
                f"one per row, got {tuple(start.shape)}"
            )
        index = start.reshape(-1, 1) + torch.arange(x.shape[2], device=x.device)
        encodings = self._encodings(index).transpose(1, 2)  # (1 or B, D, T)
        return x + encodings.reshape(*encodings.shape, *(1,) * (x.dim() - 3))

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        if not shape or shape[0] != self.embed_dim:
            raise ShapeError(
                f"RecyclingPositionalEncoding: expected {self.embed_dim} channels on axis 1, got "
                f"frames of (B, {', '.join(map(str, shape))})"
            )
        return shape

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Add the encoding of each row's frame number."""
        self.frame_shape(tuple(x.shape[1:]))
        encodings = self._encodings(tick.frame)
        y = x + encodings.reshape(*encodings.shape, *(1,) * (x.dim() - 2))
        return y, layers, advance(tick, self.time)

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return f"{self.embed_dim}, num_embeds={self.num_embeds}, learned={self.learned}"

    def _encodings(self, index: Tensor) -> Tensor:
        return self.weight[index % self.num_embeds]
