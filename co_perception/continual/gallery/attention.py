# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Examples of attention over time; frames are tokens (B, D), windows (B, D, n)."""

from __future__ import annotations

from co_perception import continual as co
from co_perception.continual.gallery.example import Example, show

__all__ = ["ATTENTION"]

_WIDTH, _HEADS, _WINDOW = 6, 2, 4
_MULTI_HEAD = (_WIDTH, _HEADS, _WINDOW)
_LAYER = (*_MULTI_HEAD, 8)
_TOKEN, _TOKENS = (_WIDTH,), (_WIDTH, _WINDOW)
_POSITIONS = 7

ATTENTION: dict[str, Example] = {
    "recycling_positions": Example(
        lambda: co.RecyclingPositionalEncoding(_WIDTH, _POSITIONS), _TOKEN, period=_POSITIONS
    ),
    "fixed_positions": Example(
        lambda: co.RecyclingPositionalEncoding(_WIDTH, _POSITIONS, learned=False),
        _TOKEN,
        period=_POSITIONS,
    ),
    "single_output_attention": show(co.SingleOutputMultiheadAttention, *_MULTI_HEAD, shape=_TOKEN),
    "single_output_attention_causal": show(
        co.SingleOutputMultiheadAttention, *_MULTI_HEAD, padding="causal", shape=_TOKEN
    ),
    "retroactive_attention": show(co.RetroactiveMultiheadAttention, *_MULTI_HEAD, shape=_TOKEN),
    "retroactive_attention_causal": show(
        co.RetroactiveMultiheadAttention, *_MULTI_HEAD, padding="causal", shape=_TOKEN
    ),
    "window_attention": show(co.WindowMultiheadAttention, *_MULTI_HEAD, shape=_TOKENS),
    "window_single_output_attention": show(
        co.WindowSingleOutputMultiheadAttention, *_MULTI_HEAD, shape=_TOKENS
    ),
    "single_output_layer": show(co.SingleOutputTransformerEncoderLayer, *_LAYER, shape=_TOKEN),
    "retroactive_layer": show(co.RetroactiveTransformerEncoderLayer, *_LAYER, shape=_TOKEN),
    "window_layer": show(co.WindowTransformerEncoderLayer, *_LAYER, shape=_TOKENS),
    "window_single_output_layer": show(
        co.WindowSingleOutputTransformerEncoderLayer, *_LAYER, shape=_TOKENS
    ),
    "transformer_encoder": show(
        co.TransformerEncoder, 3, *_LAYER, padding="causal", norm=True, shape=_TOKEN
    ),
}
"""Examples by name."""
