# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Attention that takes one new token per step: over the last n tokens of a stream."""

from __future__ import annotations

import abc

import torch
from torch import Tensor

from co_perception.continual import attention
from co_perception.continual.attention_base import Attention, WindowPadding, each_row, zero_absent
from co_perception.continual.kinds import Kind
from co_perception.continual.state import LayerState, StreamState
from co_perception.continual.timing import Tick, TimeSpec, advance
from co_perception.continual.window import push, require_clip, require_window, select
from co_perception.errors import ConfigError, ShapeError, StreamError

__all__ = ["RetroactiveMultiheadAttention", "SingleOutputMultiheadAttention"]


class _StreamAttention(Attention):
    """Attention that takes one new token per step and keeps what the earlier ones gave."""

    @property
    def time(self) -> TimeSpec:
        """As a kernel of n tokens; all padding is on the left."""
        return TimeSpec(self.window, left=self.window - 1 if self.padding == "causal" else 0)

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return zero windows."""
        rows = frame.shape[0]
        return {name: frame.new_zeros((rows, *kept)) for name, kept in self._kept().items()}

    @abc.abstractmethod
    def _kept(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the state's tensors after the row axis, by name."""

    def _check_token(self, shape: tuple[int, ...]) -> None:
        if shape != (self.embed_dim,):
            raise ShapeError(
                f"{type(self).__name__}: expected frames (B, {self.embed_dim}), one token each, "
                f"got (B, {', '.join(map(str, shape))}); a step takes one frame, a clip (B, "
                f"{self.embed_dim}, T) goes to forward"
            )

    def _check_clip(self, x: Tensor) -> None:
        self._check_token((x.shape[1], *x.shape[3:]))
        require_clip(x, self.time, type(self).__name__)

    def _require(self, layers: LayerState) -> dict[str, Tensor]:
        """Return the state's windows by name, checked."""
        where = type(self).__name__
        if not isinstance(layers, dict) or layers.keys() != self._kept().keys():
            found = sorted(layers) if isinstance(layers, dict) else type(layers).__name__
            raise StreamError(
                f"{where}: expected a state of {sorted(self._kept())}, got {found}; make the "
                "state with this module's init_state"
            )
        return {
            name: require_window(layers[name], kept, f"{where} {name}")
            for name, kept in self._kept().items()
        }

    def _slide(self, x: Tensor) -> Tensor:
        """Return a clip's windows with time in the batch: (B, D, T) to (B T_out, D, n)."""
        windows = attention.slide(x, self.window, self.time.left)
        return windows.transpose(1, 2).flatten(0, 1)


class SingleOutputMultiheadAttention(_StreamAttention):
    """Let one token per step look at the last n tokens: frame (B, D) to frame (B, D).

    Keys and values of earlier tokens are kept, not computed again: 4 D^2 + 2 n D multiply-adds
    per step, where the clip's attention takes 4 n D^2 + 2 n^2 D. Clips (B, D, T) give
    (B, D, T - n + 1), or T outputs with causal padding.

    Args:
        embed_dim: D.
        num_heads: H; D must be a multiple.
        window: n.
        dropout: Share of attention weights put to zero in training, 0..1.
        bias: Whether the projections have a learned bias.
        padding: 0 or "causal", see `WindowPadding`.
        query_index: Which token of the window asks, as a Python index; -1: the newest. Earlier
            ones see tokens that follow them; they need padding 0.

    Raises:
        ConfigError: If an option is out of range.
    Source: Hedegaard et al., Continual Transformers (2023), section 3.3.
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
        query_index: int = -1,
    ) -> None:
        super().__init__(embed_dim, num_heads, window, dropout, bias, padding=padding)
        if not -window <= query_index < window:
            raise ConfigError(
                f"{type(self).__name__}: query_index must be in {-window}..{window - 1}, got "
                f"{query_index}"
            )
        self.query_age = window - 1 - query_index % window
        if self.query_age and padding == "causal":
            raise ConfigError(
                f"{type(self).__name__}: causal padding answers for the newest token only "
                f"(query_index -1), got query_index {query_index}; use padding=0"
            )

    def forward(self, x: Tensor) -> Tensor:
        """Let each window's query look at its window, (B, D, T) to (B, D, T_out)."""
        self._check_clip(x)
        queries, keys, values = self._project(x)
        first = self.window - 1 - self.time.left - self.query_age
        outputs = self.time.output_frames(x.shape[2])
        queries = queries.narrow(2, first, outputs).transpose(1, 2).flatten(0, 1).unsqueeze(2)
        scores = attention.compute_scores(self._heads(queries), self._heads(self._slide(keys)))
        mask = self.clip_mask(outputs, x.device)
        y = self._attend(scores, self._slide(values), each_row(mask, x.shape[0])).squeeze(2)
        return torch.unflatten(y, 0, (x.shape[0], outputs)).transpose(1, 2)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (D,)."""
        self._check_token(shape)
        return shape

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one token."""
        tick = tick.accepted()
        self._check_token(tuple(x.shape[1:]))
        past = self._require(layers)
        query, key, value = self._project(x)
        keys, new_keys = push(key, past["keys"], tick, "zeros")
        values, new_values = push(value, past["values"], tick, "zeros")
        new: dict[str, LayerState] = {"keys": new_keys, "values": new_values}
        if self.query_age:
            queries, new["queries"] = push(query, past["queries"], tick, "zeros")
            query = queries[:, :, 0]
        scores = attention.compute_scores(self._heads(query.unsqueeze(2)), self._heads(keys))
        y = self._attend(scores, values, self.step_mask(tick)).squeeze(2)
        return y, new, advance(tick, self.time)

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return 4 D^2 + 2 n D: the projections, scores and their weighted sum."""
        return 4 * self.embed_dim**2 + 2 * self.window * self.embed_dim

    def _kept(self) -> dict[str, tuple[int, ...]]:
        window = (self.embed_dim, self.window - 1)
        kept: dict[str, tuple[int, ...]] = {"keys": window, "values": window}
        return {**kept, "queries": (self.embed_dim, self.query_age)} if self.query_age else kept


class RetroactiveMultiheadAttention(_StreamAttention):
    """Let all of the last n tokens look at each other: frame (B, D) to window (B, D, n).

    A new token changes the output of every token in the window. Kept are queries, keys, values and
    the n x n scores: a step makes one row and one column of scores, and takes softmax and weighted
    sum anew, so that there is no drift, and results are finite wherever those of
    torch.nn.MultiheadAttention are. Multiply-adds per step: 3 D^2 + (2 n - 1) D for the new token,
    n^2 D + n D^2 for the sums and their projection. Clips (B, D, T) give (B, D, T_out, n).

    Tokens that are not there yet (causal padding, young streams) are zero; `token_mask` tells
    which.

    Args: as `SingleOutputMultiheadAttention`, without `query_index`.

    Raises:
        ConfigError: If an option is out of range.
    Source: Hedegaard et al., Continual Transformers (2023), section 3.2; unlike there the scores
        are kept in place of running sums of their exponentials.
    """

    @property
    def output_kind(self) -> Kind:
        """A window of tokens, all of them renewed."""
        return "window"

    def forward(self, x: Tensor) -> Tensor:
        """Let all tokens of each window look at each other, (B, D, T) to (B, D, T_out, n)."""
        self._check_clip(x)
        queries, keys, values = map(self._slide, self._project(x))
        outputs = self.time.output_frames(x.shape[2])
        mask = self.clip_mask(outputs, x.device)
        scores = attention.compute_scores(self._heads(queries), self._heads(keys))
        y = self._attend(scores, values, each_row(mask, x.shape[0]))
        return zero_absent(torch.unflatten(y, 0, (x.shape[0], outputs)).transpose(1, 2), mask)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (D, n)."""
        self._check_token(shape)
        return (self.embed_dim, self.window)

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one token."""
        tick = tick.accepted()
        self._check_token(tuple(x.shape[1:]))
        past = self._require(layers)
        query, key, value = self._project(x)
        queries, new_queries = push(query, past["queries"], tick, "zeros")
        keys, new_keys = push(key, past["keys"], tick, "zeros")
        values, new_values = push(value, past["values"], tick, "zeros")
        scores = attention.renew_scores(past["scores"], self._heads(queries), self._heads(keys))
        mask = self.step_mask(tick)
        y = zero_absent(self._attend(scores, values, mask), mask)
        new: dict[str, LayerState] = {
            "queries": new_queries,
            "keys": new_keys,
            "values": new_values,
            "scores": select(tick.live, scores[:, :, 1:, 1:], past["scores"]),
        }
        return y, new, advance(tick, self.time)

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return 3 D^2 + (2 n - 1) D + n^2 D + n D^2."""
        dim, window = self.embed_dim, self.window
        return 3 * dim**2 + (2 * window - 1) * dim + window**2 * dim + window * dim**2

    def token_mask(self, state: StreamState) -> Tensor:
        """Tell which tokens of the newest output are of the stream.

        Args:
            state: State of this module after the step.

        Returns:
            (B, n) bool; all False in rows that have no valid output yet.
        """
        return attention.token_mask_of_output(state, self.window, self.delay)

    def _kept(self) -> dict[str, tuple[int, ...]]:
        past = self.window - 1
        window = (self.embed_dim, past)
        scores = (self.num_heads, past, past)
        return {"queries": window, "keys": window, "values": window, "scores": scores}
