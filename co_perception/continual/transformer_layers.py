# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Transformer encoder layers of a stream: attention and a feed-forward network, each added on.

    class                                           takes     gives     work grows with
    SingleOutputTransformerEncoderLayer             frame     frame     the newest token
    RetroactiveTransformerEncoderLayer              frame     window    n tokens, attention aside
    WindowTransformerEncoderLayer                   window    window    n tokens everywhere
    WindowSingleOutputTransformerEncoderLayer       window    frame     the newest token

Weights, names and arithmetic are torch.nn.TransformerEncoderLayer's, whose state dict loads.
"""

from __future__ import annotations

import abc
from typing import ClassVar, Literal, TypeAlias, get_args

import torch
from torch import Tensor
from torch.nn import functional

from co_perception.continual import attention
from co_perception.continual.attention_base import Attention, WindowPadding, zero_absent
from co_perception.continual.containers import init_chain, step_chain
from co_perception.continual.kinds import Kind
from co_perception.continual.local import Dropout, Linear
from co_perception.continual.module import ContinualModule
from co_perception.continual.norm import LayerNorm
from co_perception.continual.state import LayerState, StreamState
from co_perception.continual.stream_attention import (
    RetroactiveMultiheadAttention,
    SingleOutputMultiheadAttention,
)
from co_perception.continual.timing import Tick, TimeSpec
from co_perception.continual.window import push, require_window
from co_perception.continual.window_attention import (
    WindowMultiheadAttention,
    WindowSingleOutputMultiheadAttention,
)
from co_perception.errors import ConfigError

__all__ = [
    "EncoderActivation",
    "EncoderLayer",
    "RetroactiveTransformerEncoderLayer",
    "SingleOutputTransformerEncoderLayer",
    "WindowSingleOutputTransformerEncoderLayer",
    "WindowTransformerEncoderLayer",
]

EncoderActivation: TypeAlias = Literal["relu", "gelu"]


class EncoderLayer(ContinualModule):
    """What the four layers share: attention and feed-forward, each added to its input, normalised.

        after (norm_first False)    h = norm1(x + attention(x));  y = norm2(h + network(h))
        before                      h = x + attention(norm1(x));  y = h + network(norm2(h))

    with network(h) = linear2(activation(linear1(h))).

    Args:
        d_model: D, channels of a token.
        nhead: Heads of the attention; D must be a multiple.
        window: n, tokens that attend to each other.
        dim_feedforward: Channels between the two linear maps.
        dropout: Share put to zero in training, 0..1: of attention weights, of the hidden channels,
            and of what attention and feed-forward add.
        activation: "relu" or "gelu" (the exact one, by the error function).
        layer_norm_eps: Added to the variances.
        norm_first: Whether to normalise before attention and feed-forward, not after them.
        attention_bias: Whether the projections of the attention have a bias.
        padding: 0: answers begin when the window is full. "causal": from the first token on.

    Raises:
        ConfigError: If an option is out of range.
    Source: Vaswani et al., Attention Is All You Need (2017), section 3.1; Hedegaard et al.,
        Continual Transformers (2023), section 3.4.
    """

    attention_class: ClassVar[type[Attention]]

    def __init__(
        self,
        d_model: int,
        nhead: int,
        window: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: EncoderActivation = "relu",
        *,
        layer_norm_eps: float = 1e-5,
        norm_first: bool = False,
        attention_bias: bool = True,
        padding: WindowPadding = 0,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if activation not in get_args(EncoderActivation) or dim_feedforward < 1:
            raise ConfigError(
                f"{name}: activation must be one of {sorted(get_args(EncoderActivation))} and "
                f"dim_feedforward at least 1, got {activation!r} and {dim_feedforward}"
            )
        self.self_attn = self.attention_class(
            d_model, nhead, window, dropout, attention_bias, padding=padding
        )
        self.linear1 = Linear(d_model, dim_feedforward)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model)
        self.norm1 = LayerNorm(d_model, layer_norm_eps)
        self.norm2 = LayerNorm(d_model, layer_norm_eps)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation, self.norm_first = activation, norm_first

    @property
    def time(self) -> TimeSpec:
        """That of the attention."""
        return self.self_attn.time

    @property
    def input_kind(self) -> Kind | None:
        """That of the attention."""
        return self.self_attn.input_kind

    @property
    def output_kind(self) -> Kind | None:
        """That of the attention."""
        return self.self_attn.output_kind

    @property
    def window(self) -> int:
        """Tokens that attend to each other."""
        return self.self_attn.window

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the attention's output shape."""
        return self.self_attn.frame_shape(shape)

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return the cold state of the attention, if it has one."""
        return init_chain(self._attention, frame)

    def forward(self, x: Tensor) -> Tensor:
        """Compute a clip (B, D, T), or (B, D, T, n) where the layer takes windows."""
        attended = self.self_attn(self._prepare(x))
        y = self._finish(self._residual_of_clip(x), attended)
        return self._zero_absent(y, self.self_attn.clip_mask(y.shape[2], y.device))

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        attended, states, after = step_chain(self._attention, self._prepare(x), layers, tick)
        tick = tick.accepted()
        residual, kept = self._residual_of_step(x, layers, tick)
        y = self._finish(residual, attended)
        return self._zero_absent(y, self.self_attn.step_mask(tick)), {**states, **kept}, after

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return the attention's, and 2 D F for every token that is given."""
        given = self.frame_shape(shape)
        feed_forward = self.linear1.step_macs(given) + self.linear2.step_macs(given)
        return self.self_attn.step_macs(shape) + feed_forward

    @abc.abstractmethod
    def _residual_of_clip(self, x: Tensor) -> Tensor:
        """Return the inputs that the attention's outputs belong to."""

    def _residual_of_step(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, dict[str, LayerState]]:
        """Return the inputs that a step's outputs belong to; next state of what that needs."""
        return x, {}

    def _prepare(self, x: Tensor) -> Tensor:
        return self.norm1(x) if self.norm_first else x

    def _finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """Return the outputs of tokens x, (B, D, ...), of which the attention gave `attended`."""
        x = x + self.dropout1(attended)
        if self.norm_first:
            return x + self._feed_forward(self.norm2(x))
        x = self.norm1(x)
        return self.norm2(x + self._feed_forward(x))

    def _feed_forward(self, x: Tensor) -> Tensor:
        hidden = self.linear1(x)
        relu = self.activation == "relu"
        active = torch.relu(hidden) if relu else functional.gelu(hidden)
        return self.dropout2(self.linear2(self.dropout(active)))

    def _zero_absent(self, y: Tensor, mask: Tensor | None) -> Tensor:
        return y if self.output_kind == "frame" else zero_absent(y, mask)

    @property
    def _attention(self) -> list[tuple[str, ContinualModule]]:
        return [("self_attn", self.self_attn)]


class SingleOutputTransformerEncoderLayer(EncoderLayer):
    """An encoder layer that answers for the newest of n tokens: frame (B, D) to frame (B, D).

    Exactly what torch.nn.TransformerEncoderLayer says of the last of n tokens, for the work of one
    token. Args and errors as `EncoderLayer`.
    """

    attention_class = SingleOutputMultiheadAttention

    def _residual_of_clip(self, x: Tensor) -> Tensor:
        return x[:, :, self.window - 1 - self.time.left :]


class RetroactiveTransformerEncoderLayer(EncoderLayer):
    """An encoder layer that renews all of the last n tokens: frame (B, D) to window (B, D, n).

    Exactly torch.nn.TransformerEncoderLayer on the last n tokens. Projections and scores are made
    for the newest token only; the feed-forward network has n new inputs and is computed for all.
    Tokens that are not there yet are zero. Args and errors as `EncoderLayer`.
    """

    attention_class = RetroactiveMultiheadAttention

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return the cold state of the attention, and a zero window of inputs for the shortcut."""
        inputs = frame.new_zeros((frame.shape[0], *self._inputs_shape))
        return {**init_chain(self._attention, frame), "inputs": inputs}

    def token_mask(self, state: StreamState) -> Tensor:
        """Tell which tokens of the newest output are real, see `RetroactiveMultiheadAttention`."""
        return attention.token_mask_of_output(state, self.window, self.delay)

    def _residual_of_clip(self, x: Tensor) -> Tensor:
        return attention.slide(x, self.window, self.time.left)

    def _residual_of_step(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, dict[str, LayerState]]:
        assert isinstance(layers, dict)  # the attention's step looked
        where = f"{type(self).__name__} inputs"
        window = require_window(layers.get("inputs", {}), self._inputs_shape, where)
        inputs, new = push(x, window, tick, "zeros")
        return inputs, {"inputs": new}

    @property
    def _inputs_shape(self) -> tuple[int, int]:
        return self.self_attn.embed_dim, self.window - 1


class WindowTransformerEncoderLayer(EncoderLayer):
    """An encoder layer within windows of new tokens: window (B, D, n) to window (B, D, n).

    What stands between the first and the last layer of a deep encoder. Every token changed, so all
    n are computed: the work of torch.nn.TransformerEncoderLayer. Clips are (B, D, T, n). Tokens
    that are not there yet are zero. Args and errors as `EncoderLayer`.
    """

    attention_class = WindowMultiheadAttention

    def _residual_of_clip(self, x: Tensor) -> Tensor:
        return x


class WindowSingleOutputTransformerEncoderLayer(EncoderLayer):
    """An encoder layer that answers for the newest token of a window: (B, D, n) to frame (B, D).

    The last layer of a deep encoder, for little more than the work of one token. Clips
    (B, D, T, n) give (B, D, T). Args and errors as `EncoderLayer`.
    """

    attention_class = WindowSingleOutputMultiheadAttention

    def _residual_of_clip(self, x: Tensor) -> Tensor:
        return x[..., -1]

    def _residual_of_step(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, dict[str, LayerState]]:
        return x[..., -1], {}
