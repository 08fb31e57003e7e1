# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Transformer encoders of any depth over a sliding window of tokens."""

from __future__ import annotations

from collections import OrderedDict
from typing import get_args

from torch import Tensor

from co_perception.continual import attention
from co_perception.continual.attention_base import WindowPadding
from co_perception.continual.containers import Sequential
from co_perception.continual.kinds import Kind
from co_perception.continual.module import ContinualModule
from co_perception.continual.norm import LayerNorm
from co_perception.continual.state import StreamState
from co_perception.continual.transformer_layers import (
    EncoderActivation,
    EncoderLayer,
    RetroactiveTransformerEncoderLayer,
    SingleOutputTransformerEncoderLayer,
    WindowSingleOutputTransformerEncoderLayer,
    WindowTransformerEncoderLayer,
)
from co_perception.errors import ConfigError, StreamError

__all__ = ["TransformerEncoder"]


class TransformerEncoder(Sequential):
    """A stack of encoder layers: exactly torch.nn.TransformerEncoder on the last n tokens.

    Depth decides what a step can save. One layer does the work of one token. Of more layers the
    first renews all n tokens, those between compute them in full, the last answers for the newest:

        depth 1    single output
        depth 2    retroactive, single output of its window
        depth L    retroactive, L - 2 within the window, single output of it

    All layers look at the same n tokens, so receptive field (n) and delay (n - 1, or 0 with causal
    padding) do not grow with depth. Clips (B, D, T) give (B, D, T_out). The state dict of a
    torch.nn.TransformerEncoder loads.

    Args:
        num_layers: L, 1 or more.
        d_model: D, channels of a token.
        nhead: Heads; D must be a multiple.
        window: n, tokens that attend to each other.
        dim_feedforward: Channels between the two linear maps of a layer.
        dropout: Share put to zero in training, 0..1, see `EncoderLayer`.
        activation: "relu" or "gelu".
        layer_norm_eps: Added to the variances.
        norm_first: Whether to normalise before attention and feed-forward, not after them.
        norm: Whether a layer normalisation follows the last layer, as `norm` in torch.nn.
        attention_bias: Whether the projections of the attention have a bias.
        padding: 0: answers begin when the window is full. "causal": from the first token on.
        output: "frame": the newest token, (B, D). "window": all of them, (B, D, n); no layer is
            single output then.

    Raises:
        ConfigError: If an option is out of range.
    Source: Hedegaard et al., Continual Transformers: Redundancy-Free Attention for Online
        Inference (2023), section 3.4; layers between the first and the last are our own.
    """

    def __init__(
        self,
        num_layers: int,
        d_model: int,
        nhead: int,
        window: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: EncoderActivation = "relu",
        *,
        layer_norm_eps: float = 1e-5,
        norm_first: bool = False,
        norm: bool = False,
        attention_bias: bool = True,
        padding: WindowPadding = 0,
        output: Kind = "frame",
    ) -> None:
        if num_layers < 1 or output not in get_args(Kind):
            raise ConfigError(
                "TransformerEncoder: num_layers must be at least 1 and output one of "
                f"{sorted(get_args(Kind))}, got {num_layers} and {output!r}"
            )
        layers = [
            layer(
                d_model,
                nhead,
                window,
                dim_feedforward,
                dropout,
                activation,
                layer_norm_eps=layer_norm_eps,
                norm_first=norm_first,
                attention_bias=attention_bias,
                padding=padding,
            )
            for layer in _classes(num_layers, output)
        ]
        parts: OrderedDict[str, ContinualModule] = OrderedDict(layers=Sequential(*layers))
        if norm:
            parts["norm"] = LayerNorm(d_model, layer_norm_eps)
        super().__init__(parts)
        self.window = window

    def token_mask(self, state: StreamState) -> Tensor:
        """Tell which tokens of the newest output are of the stream, for output="window".

        Args:
            state: State of this module after the step.

        Returns:
            (B, n) bool; all False in rows that have no valid output yet.

        Raises:
            StreamError: If the encoder gives frames.
        """
        if self.output_kind != "window":
            raise StreamError(
                "TransformerEncoder: only windows have a token mask, but this encoder gives the "
                "newest token; make it with output='window', or look at `valid`"
            )
        return attention.token_mask_of_output(state, self.window, self.delay)


def _classes(num_layers: int, output: Kind) -> list[type[EncoderLayer]]:
    """Return the kinds of layers in their order."""
    if output == "window":
        return [RetroactiveTransformerEncoderLayer] + [WindowTransformerEncoderLayer] * (
            num_layers - 1
        )
    if num_layers == 1:
        return [SingleOutputTransformerEncoderLayer]
    between: list[type[EncoderLayer]] = [WindowTransformerEncoderLayer] * (num_layers - 2)
    return [
        RetroactiveTransformerEncoderLayer,
        *between,
        WindowSingleOutputTransformerEncoderLayer,
    ]
