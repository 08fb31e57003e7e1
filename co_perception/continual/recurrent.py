# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers: weights and clip forward of torch.nn, one cell per layer and step.

A recurrence is causal by nature and knows no padding: it answers from the first frame on, and its
answer rests on real frames only. It never forgets by construction, so no receptive field can be
named: `receptive_field` is 1 (what an answer needs), and `co.progress` says warm after one frame.
Who wants more evidence before acting counts `frames_seen`.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from co_perception.continual.module import ContinualModule
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, advance
from co_perception.continual.window import require_clip, select
from co_perception.errors import ConfigError, ShapeError, StreamError

__all__ = ["GRU", "LSTM", "RNN"]

CellState = dict[str, Tensor]
Recurrence = Callable[..., Sequence[Tensor]]

_ONE_DIRECTION = (
    "a step cannot know the frames after it, which the backward direction starts from; use one "
    "direction, or a convolution with right padding, which looks a fixed number of frames ahead"
)


class _Recurrent(ContinualModule):
    """A stack of recurrent layers over time; clips (B, C, T), frames (B, C).

    The state has one entry per layer, "0", "1", ..., each a dict of (B, size) tensors: "h", and
    "c" for LSTM. Zeros are the start, as in torch.nn. Weights have torch.nn's names, so state
    dicts go either way. Axes do not: channels stay on axis 1 as in all continual modules.

    Args:
        input_size: C.
        hidden_size: C_out (LSTM with a projection: size of the cell).
        num_layers: Layers, each fed by the one below.
        bias: Whether to add learned biases.
        dropout: Between layers in training, 0..1.
        bidirectional: Only False: a step cannot know the frames after it.
        device: Where the weights live.
        dtype: Of the weights.
        special: What only one kind has.

    Raises:
        ConfigError: If `bidirectional` is asked, or if an option is out of range.
    Source: the formulas of torch.nn.RNN, LSTM and GRU.
    """

    torch_class: ClassVar[type[Any]]
    kept: ClassVar[tuple[str, ...]] = ("h",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **special: Any,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if bidirectional:
            raise ConfigError(f"{name}: bidirectional is refused: {_ONE_DIRECTION}")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.dropout = bias, float(dropout)
        self._special = special
        try:
            template = self._make_template(device, dtype)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{name}: {error}") from error
        self.proj_size = template.proj_size
        for key, weight in template.named_parameters():
            self.register_parameter(key, weight)

    @abc.abstractmethod
    def run_clip(self, x: Tensor, start: Tensor, weights: list[Tensor], options: Any) -> Tensor:
        """Run the fused recurrence of torch on (B, T, C); `start` is (layers, B, size) zeros."""

    @abc.abstractmethod
    def run_cell(self, x: Tensor, state: CellState, layer: int) -> CellState:
        """Return a layer's next state for its input (B, C)."""

    @property
    def output_size(self) -> int:
        """Channels of an output."""
        return self.proj_size or self.hidden_size

    def forward(self, x: Tensor) -> Tensor:
        """Run a clip (B, C, T) from the zero state, to (B, C_out, T)."""
        require_clip(x, self.time, type(self).__name__)
        self.frame_shape((x.shape[1], *x.shape[3:]))
        weights = [weight for layer in range(self.num_layers) for weight in self._weights(layer)]
        start = x.new_zeros((self.num_layers, x.shape[0], self.output_size))
        options = (self.bias, self.num_layers, self.dropout, self.training, False, True)
        return self.run_clip(x.transpose(1, 2), start, weights, options).transpose(1, 2)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C_out,)."""
        if shape != (self.input_size,):
            raise ShapeError(
                f"{type(self).__name__}: expected frames (B, {self.input_size}), got "
                f"(B, {', '.join(map(str, shape))}); flatten axes of space into channels first"
            )
        return (self.output_size,)

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return zeros for every layer."""
        rows = frame.shape[0]
        return {
            str(layer): {key: frame.new_zeros((rows, self._size(key))) for key in self.kept}
            for layer in range(self.num_layers)
        }

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        tick = tick.accepted()
        self.frame_shape(tuple(x.shape[1:]))
        states: dict[str, LayerState] = {}
        for layer in range(self.num_layers):
            old = self._require_state(layers, layer)
            if layer and self.dropout:
                x = functional.dropout(x, self.dropout, self.training)
            new = self.run_cell(x, old, layer)
            x = new["h"]
            states[str(layer)] = {key: select(tick.live, new[key], old[key]) for key in self.kept}
        return x, states, advance(tick, self.time)

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return the number of weights: each meets one number per step."""
        return sum(p.numel() for p in self.parameters() if p.dim() == 2)

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}"

    def _make_template(
        self, device: torch.device | str | None, dtype: torch.dtype | None
    ) -> nn.RNNBase:
        """Return the layer of torch.nn with these options and new weights."""
        template: nn.RNNBase = self.torch_class(
            self.input_size,
            self.hidden_size,
            self.num_layers,
            bias=self.bias,
            dropout=self.dropout,
            device=device,
            dtype=dtype,
            **self._special,
        )
        return template

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> _Recurrent:
        """Move the weights, and on a GPU lay them out anew."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if next(self.parameters()).is_cuda:
            self._pack()
        return self

    @torch.no_grad()
    def _pack(self) -> None:
        """Move the weights into one block of memory, which cuDNN wants and torch.nn makes."""
        first = next(self.parameters())
        template = self._make_template("meta", first.dtype).to_empty(device=first.device)
        own, blocks = dict(self.named_parameters()), dict(template.named_parameters())
        if own.keys() != blocks.keys():  # pruned: a call reads a product, not these
            return
        for name, block in blocks.items():
            block.data.copy_(own[name])
            own[name].data = block.data

    def _weights(self, layer: int) -> list[Tensor]:
        """Return a layer's weights in torch's order: input, hidden, two biases, projection."""
        kinds = ["weight_ih", "weight_hh"]
        kinds += ["bias_ih", "bias_hh"] if self.bias else []
        kinds += ["weight_hr"] if self.proj_size else []
        return [getattr(self, f"{kind}_l{layer}") for kind in kinds]  # pruned or not

    def _gates(self, x: Tensor, hidden: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Return what input and hidden state give to the gates, (B, gates size) each."""
        of_input, of_hidden, *rest = self._weights(layer)
        biases = rest[:2] if self.bias else (None, None)
        return (
            functional.linear(x, of_input, biases[0]),
            functional.linear(hidden, of_hidden, biases[1]),
        )

    def _require_state(self, layers: LayerState, layer: int) -> CellState:
        """Return a layer's part of the state, which must be one of this module."""
        found = layers.get(str(layer)) if isinstance(layers, dict) else None
        if not isinstance(found, dict) or set(found) != set(self.kept):
            raise StreamError(
                f"{type(self).__name__}: expected {list(self.kept)} for each of "
                f"{self.num_layers} layers as state; make the state with this module's init_state"
            )
        state: CellState = found  # type: ignore[assignment]
        for key, leaf in state.items():
            if tuple(leaf.shape[1:]) != (self._size(key),):
                raise ShapeError(
                    f"{type(self).__name__}: expected (rows, {self._size(key)}) as '{key}' of "
                    f"layer {layer}, got {tuple(leaf.shape)}; is the state of another module?"
                )
        return state

    def _size(self, key: str) -> int:
        """Return how many numbers a layer keeps under a name."""
        return self.output_size if key == "h" else self.hidden_size


class RNN(_Recurrent):
    """Elman recurrence: h' = act(W x + b + U h + d)."""

    __doc__ = f"{__doc__}\n\n{_Recurrent.__doc__}"
    torch_class = nn.RNN

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        **options: Any,
    ) -> None:
        """Make the layers; `nonlinearity` is "tanh" or "relu"."""
        super().__init__(input_size, hidden_size, num_layers, nonlinearity=nonlinearity, **options)
        self.nonlinearity = nonlinearity

    def run_clip(self, x: Tensor, start: Tensor, weights: list[Tensor], options: Any) -> Tensor:
        """Run the fused recurrence of torch on (B, T, C)."""
        run: Recurrence = torch.rnn_tanh if self.nonlinearity == "tanh" else torch.rnn_relu
        return run(x, start, weights, *options)[0]

    def run_cell(self, x: Tensor, state: CellState, layer: int) -> CellState:
        """Return a layer's next state."""
        given, kept = self._gates(x, state["h"], layer)
        total = given + kept
        return {"h": torch.tanh(total) if self.nonlinearity == "tanh" else torch.relu(total)}


class LSTM(_Recurrent):
    """Long short-term memory, with `proj_size=` a projected hidden state of that many channels."""

    __doc__ = f"{__doc__}\n\n{_Recurrent.__doc__}"
    torch_class = nn.LSTM
    kept = ("h", "c")

    def run_clip(self, x: Tensor, start: Tensor, weights: list[Tensor], options: Any) -> Tensor:
        """Run the fused recurrence of torch on (B, T, C)."""
        cell = x.new_zeros((*start.shape[:2], self.hidden_size))
        run: Recurrence = torch.lstm
        return run(x, (start, cell), weights, *options)[0]

    def run_cell(self, x: Tensor, state: CellState, layer: int) -> CellState:
        """Return a layer's next state."""
        given, kept = self._gates(x, state["h"], layer)
        enter, forget, cell, leave = (given + kept).chunk(4, dim=1)
        new_cell = torch.sigmoid(forget) * state["c"] + torch.sigmoid(enter) * torch.tanh(cell)
        hidden = torch.sigmoid(leave) * torch.tanh(new_cell)
        if self.proj_size:
            hidden = functional.linear(hidden, self._weights(layer)[-1])
        return {"h": hidden, "c": new_cell}


class GRU(_Recurrent):
    """Gated recurrent unit."""

    __doc__ = f"{__doc__}\n\n{_Recurrent.__doc__}"
    torch_class = nn.GRU

    def run_clip(self, x: Tensor, start: Tensor, weights: list[Tensor], options: Any) -> Tensor:
        """Run the fused recurrence of torch on (B, T, C)."""
        run: Recurrence = torch.gru
        return run(x, start, weights, *options)[0]

    def run_cell(self, x: Tensor, state: CellState, layer: int) -> CellState:
        """Return a layer's next state."""
        given, kept = self._gates(x, state["h"], layer)
        reset, update, new = given.chunk(3, dim=1)
        reset_kept, update_kept, new_kept = kept.chunk(3, dim=1)
        candidate = torch.tanh(new + torch.sigmoid(reset + reset_kept) * new_kept)
        keep = torch.sigmoid(update + update_kept)
        return {"h": candidate + keep * (state["h"] - candidate)}
