# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The mathematics of attention over a sliding window of tokens, as pure functions.

Shapes: B rows, H heads, d channels of a head, D = H d, n tokens of a window (oldest first), m
queries. Channels come before tokens, as everywhere in this library: queries, keys and values by
head are (B, H, d, n), scores (B, H, m, n). Queries are scaled by 1 / sqrt(d) where they are made.

Source: Vaswani et al., Attention Is All You Need (2017), section 3.2; Hedegaard et al., Continual
Transformers: Redundancy-Free Attention for Online Inference (2023), section 3; unlike there,
retroactive attention keeps its scores and takes every softmax anew.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from co_perception.continual.state import StreamState

__all__ = [
    "attend",
    "compute_scores",
    "merge_heads",
    "project",
    "renew_scores",
    "single_output_of_window",
    "slide",
    "split_heads",
    "token_mask",
    "token_mask_of_output",
]


def token_mask(tokens: Tensor, window: int) -> Tensor:
    """Tell which places of a window hold tokens of the stream, when young streams have few.

    Args:
        tokens: (B,) int64, how many tokens came so far. Behind causal attention in a network:
            `state.frames - network.delay`.
        window: n.

    Returns:
        (B, n) bool, True for the newest min(tokens, n) places, which are the last ones.
    """
    ages = torch.arange(window - 1, -1, -1, device=tokens.device)
    return ages < tokens.unsqueeze(-1)


def token_mask_of_output(state: StreamState, window: int, delay: int) -> Tensor:
    """Tell which places of a module's newest output window hold tokens of the stream.

    Args:
        state: The module's state after the step.
        window: n.
        delay: The module's; rows without a valid output yet have no token.

    Returns:
        (B, n) bool.
    """
    seen = state.frames.unsqueeze(1)
    return token_mask(state.frames, window) & (seen > delay)


def slide(clip: Tensor, window: int, left: int) -> Tensor:
    """Return the windows that slide over a clip (B, C, T), zeros on the left: (B, C, T_out, n)."""
    return functional.pad(clip, (left, 0)).unfold(2, window, 1)


def project(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Map the channels (axis 1) of (B, C, ...) with a weight (O, C)."""
    return functional.linear(x.movedim(1, -1), weight, bias).movedim(-1, 1)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """View (B, D, n) as (B, H, d, n)."""
    return torch.unflatten(x, 1, (heads, -1))


def merge_heads(x: Tensor) -> Tensor:
    """View (B, H, d, n) as (B, D, n)."""
    return x.flatten(1, 2)


def compute_scores(queries: Tensor, keys: Tensor) -> Tensor:
    """Return how well each query fits each key.

    Args:
        queries: (B, H, d, m), scaled.
        keys: (B, H, d, n).

    Returns:
        Scores (B, H, m, n).
    """
    return queries.mT @ keys


def attend(
    scores: Tensor, values: Tensor, mask: Tensor | None = None, dropout: float = 0.0
) -> Tensor:
    """Weigh values by the softmax of scores.

    Args:
        scores: (B, H, m, n).
        values: (B, H, d, n).
        mask: Bool, broadcast with (B, 1, n), False for tokens that are not there; at least one is.
            None: all are.
        dropout: Share of the weights put to zero, 0..1.

    Returns:
        (B, H, d, m).
    """
    if mask is not None:
        scores = scores.masked_fill(~mask.unsqueeze(1), -torch.inf)
    weights = scores.softmax(-1)
    if dropout:
        weights = functional.dropout(weights, dropout)
    return values @ weights.mT


def renew_scores(kept: Tensor, queries: Tensor, keys: Tensor) -> Tensor:
    """Complete the scores of the tokens that stay with the row and column of the newest one.

        kept kept | q0.k2          Nothing is subtracted when the oldest token leaves: its row and
        kept kept | q1.k2          column are cut off, so that no error can build up.
        ----------+------
        q2.k0 q2.k1 q2.k2

    Args:
        kept: (B, H, n - 1, n - 1), scores among the tokens that stay.
        queries: (B, H, d, n), scaled.
        keys: (B, H, d, n).

    Returns:
        Scores (B, H, n, n). For the next step, keep `[:, :, 1:, 1:]`.
    """
    column = compute_scores(queries[..., :-1], keys[..., -1:])
    row = compute_scores(queries[..., -1:], keys)
    return torch.cat([torch.cat([kept, column], dim=3), row], dim=2)


def single_output_of_window(
    x: Tensor,
    query: Tensor,
    key_weight: Tensor,
    value_weight: Tensor,
    mask: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Let one query look at a window whose tokens are all new, without making keys and values.

    With one query it is cheaper to take it to the tokens than the tokens to it:
    q . (W_k x_j) = (W_k' q) . x_j, and sum_j a_j (W_v x_j) = W_v (sum_j a_j x_j). That is
    2 D^2 + 2 H n D multiply-adds in place of 2 n D^2 + 2 n D. A bias of the keys adds the same to
    all scores and falls out of the softmax; one of the values is to be added to the result.

    Args:
        x: Window (B, D, n).
        query: (B, H, d, 1), scaled.
        key_weight: (D, D).
        value_weight: (D, D).
        mask: As for `attend`.
        dropout: As for `attend`.

    Returns:
        (B, D).
    """
    heads = query.shape[1]
    key_weight = torch.unflatten(key_weight, 0, (heads, -1))  # (H, d, D)
    value_weight = torch.unflatten(value_weight, 0, (heads, -1))
    folded = query.squeeze(3).transpose(0, 1) @ key_weight  # (H, B, D)
    tokens = x.unsqueeze(1)  # (B, 1, D, n)
    scores = (folded.transpose(0, 1) @ x).unsqueeze(2)  # (B, H, 1, n)
    seen = attend(scores, tokens, mask, dropout).squeeze(3)  # (B, H, D)
    return (seen.transpose(0, 1) @ value_weight.mT).transpose(0, 1).flatten(1)
