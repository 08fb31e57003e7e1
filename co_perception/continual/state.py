# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The state of streams: a tree of tensors whose axis 0 is the row; all zeros means cold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from co_perception.errors import ShapeError, StreamError

__all__ = [
    "LayerState",
    "Progress",
    "StreamState",
    "compact",
    "detach",
    "flatten_state",
    "join_rows",
    "progress",
    "reset",
    "take_rows",
    "unflatten_state",
    "warm_share",
]

LayerState: TypeAlias = Tensor | dict[str, "LayerState"] | tuple["LayerState", ...]
"""State of one layer: a tensor, or a dict or NamedTuple of such; `{}` where there is none."""


class StreamState(NamedTuple):
    """Everything that a module remembers of a batch of streams.

    Attributes:
        frames: (B,) int64, frames that each row was fed; the clock that all layers share.
        span: (B, 0, receptive_field, delay) of the frames' dtype, no elements: the module's two
            numbers travel in the shape, so that `progress` needs the state only.
        layers: What the layers keep, by child name; windows are (B, C, frames, ...).
    """

    frames: Tensor
    span: Tensor
    layers: LayerState


torch.serialization.add_safe_globals([StreamState])  # torch.load(..., weights_only=True) takes it


class Progress(NamedTuple):
    """How far each row's stream is.

    Attributes:
        frames_seen: (B,) int64, frames fed since the row was cold.
        frames_to_valid: (B,) int64, frames still to feed until the first valid output; 0 after it.
        warm: (B,) bool, whether the whole receptive field saw real frames.
    """

    frames_seen: Tensor
    frames_to_valid: Tensor
    warm: Tensor


def map_state(
    function: Callable[..., Tensor], state: LayerState, *others: LayerState
) -> LayerState:
    """Apply a function leaf by leaf to states of equal structure."""
    if isinstance(state, Tensor):
        return function(state, *others)
    if isinstance(state, dict):
        return {k: map_state(function, v, *(o[k] for o in others)) for k, v in state.items()}  # type: ignore[call-overload, index]
    mapped = (map_state(function, *leaves) for leaves in zip(state, *others))
    return type(state)(*mapped)  # type: ignore[arg-type]


def _map_stream(
    function: Callable[..., Tensor], state: StreamState, *others: StreamState
) -> StreamState:
    """Apply a function leaf by leaf, for states that are whole."""
    mapped = map_state(function, state, *others)
    assert isinstance(mapped, StreamState)
    return mapped


def rows_like(rows: Tensor, leaf: Tensor) -> Tensor:
    """View a (B,) mask so that it broadcasts over a leaf's other axes."""
    return rows.reshape((-1,) + (1,) * (leaf.dim() - 1))


def check_rows(rows: Tensor, count: int, where: str) -> None:
    """Raise a ShapeError unless `rows` is a (count,) bool mask."""
    if rows.dtype != torch.bool or rows.dim() != 1 or rows.shape[0] != count:
        raise ShapeError(
            f"{where}: expected a ({count},) bool mask, one entry per row of the state, got "
            f"{tuple(rows.shape)} {rows.dtype}"
        )


def reset(state: StreamState, rows: Tensor) -> StreamState:
    """Return a state in which the chosen rows are cold and the others keep their bits.

    Args:
        state: State of B streams.
        rows: (B,) bool, True for streams that start anew.

    Raises:
        ShapeError: If `rows` is no mask of B entries.
    """
    check_rows(rows, state.frames.shape[0], "reset(rows)")
    return _map_stream(
        lambda leaf: torch.where(rows_like(rows, leaf), torch.zeros_like(leaf), leaf), state
    )


def progress(state: StreamState) -> Progress:
    """Return for each row how much it has seen and what it still needs."""
    receptive_field, delay = state.span.shape[2:]
    seen = state.frames
    return Progress(seen, (delay + 1 - seen).clamp(min=0), seen >= receptive_field)


def warm_share(state: StreamState) -> Tensor:
    """Return for each row the share of the receptive field that saw real frames, (B,), 0..1."""
    return (state.frames.float() / state.span.shape[2]).clamp(max=1.0)


def detach(state: StreamState) -> StreamState:
    """Return the state cut off from the autograd graph, for truncated back-propagation."""
    return _map_stream(torch.Tensor.detach, state)


def take_rows(state: StreamState, rows: Tensor | Sequence[int]) -> StreamState:
    """Return the state of some rows, in the order of an index list or of a (B,) bool mask."""
    chosen = torch.as_tensor(rows, device=state.frames.device)
    return _map_stream(lambda leaf: leaf[chosen], state)


def compact(
    state: StreamState, rows: Tensor | Sequence[int], *, size: int | None = None
) -> StreamState:
    """Return a state of the rows still in use, moved together in storage of its own.

    What a server of streams calls when people leave: the memory of the others is free once the old
    state is let go.

        rows in use   a  -  b  -  -  c         compact(state, [0, 2, 5])          a  b  c
                                               compact(state, [0, 2, 5], size=4)  a  b  c  cold

    Args:
        state: State of B streams; left as it is.
        rows: Indices of the rows to keep, in their new order, or a (B,) bool mask, which keeps
            the order.
        size: Rows of the new state; rows after the kept ones are cold, so that shapes need not
            change with every person. None: as many as are kept.

    Raises:
        ShapeError: If a mask has not B entries.
        StreamError: If a row is named twice or is not there, or if `size` is too small.
    """
    kept = _row_numbers(state, rows)
    spare = 0 if size is None else size - kept.shape[0]
    if spare < 0:
        raise StreamError(
            f"compact: {kept.shape[0]} rows are in use and do not fit in size={size}; give a "
            "larger size, or leave it out"
        )

    def move(leaf: Tensor) -> Tensor:
        return torch.cat([leaf[kept], leaf.new_zeros((spare, *leaf.shape[1:]))])

    return _map_stream(move, state)


def _row_numbers(state: StreamState, rows: Tensor | Sequence[int]) -> Tensor:
    """Return the numbers of rows given as a mask or as indices, each of them once."""
    count = state.frames.shape[0]
    chosen = torch.as_tensor(rows, device=state.frames.device)
    if chosen.dtype == torch.bool:
        check_rows(chosen, count, "compact(rows)")
        return chosen.nonzero().flatten()
    numbers = chosen.flatten().tolist()
    if len(set(numbers)) != len(numbers) or not all(0 <= number < count for number in numbers):
        raise StreamError(
            f"compact: expected rows of 0..{count - 1}, each at most once, got {numbers}"
        )
    return chosen.flatten().long()


def join_rows(states: Sequence[StreamState]) -> StreamState:
    """Return one state of all rows of several states of the same module.

    Raises:
        StreamError: If the states are of modules with unlike receptive field or delay.
    """
    spans = {tuple(state.span.shape[2:]) for state in states}
    if len(spans) != 1:
        raise StreamError(
            "join_rows: expected states of one module, got (receptive field, delay) "
            f"{sorted(spans)}; join states that the same module made"
        )
    return _map_stream(lambda *leaves: torch.cat(leaves), *states)


def _named_leaves(state: LayerState, path: str = "") -> list[tuple[str, Tensor]]:
    if isinstance(state, Tensor):
        return [(path, state)]
    items = list((state if isinstance(state, dict) else _fields(state)).items())
    prefix = f"{path}." if path else ""
    return [leaf for key, child in items for leaf in _named_leaves(child, f"{prefix}{key}")]


def _fields(state: tuple[LayerState, ...]) -> dict[str, LayerState]:
    """Return a NamedTuple's content by field name."""
    return dict(state._asdict())  # type: ignore[attr-defined]


def flatten_state(state: StreamState) -> list[tuple[str, Tensor]]:
    """List the tensors of a state with their names, in an order that depends on the module only.

    Leaves without elements (`span`) are left out: `unflatten_state` takes them from its template.
    """
    return [(name, leaf) for name, leaf in _named_leaves(state) if 0 not in leaf.shape[1:]]


def unflatten_state(
    template: StreamState, tensors: Sequence[Tensor] | Mapping[str, Tensor]
) -> StreamState:
    """Build a state of the template's structure from the tensors of `flatten_state`.

    Args:
        template: Any state of the module; its number of rows does not matter.
        tensors: One tensor per name of `flatten_state(template)`, in that order, or by name.

    Raises:
        StreamError: If tensors are missing or extra.
        ShapeError: If a tensor's shape after axis 0, or its dtype, differs from the template's.
    """
    names = [name for name, _ in flatten_state(template)]
    given: dict[str, Tensor]
    given = dict(tensors) if isinstance(tensors, Mapping) else dict(zip(names, tensors))
    missing, extra = sorted(set(names) - set(given)), sorted(set(given) - set(names))
    if missing or extra or len(tensors) != len(names):
        raise StreamError(
            f"unflatten_state: expected {len(names)} tensors {names}, got {len(tensors)}; "
            f"missing {missing}, extra {extra}"
        )
    leaves = iter(_check_leaf(name, given[name], leaf) for name, leaf in flatten_state(template))
    rows = given[names[0]].shape[0]

    def next_leaf(leaf: Tensor) -> Tensor:
        if 0 in leaf.shape[1:]:
            return leaf.new_zeros((rows, *leaf.shape[1:]))
        return next(leaves)

    return _map_stream(next_leaf, template)


def _check_leaf(name: str, tensor: Tensor, expected: Tensor) -> Tensor:
    if tensor.shape[1:] != expected.shape[1:] or tensor.dtype != expected.dtype:
        raise ShapeError(
            f"state tensor '{name}': expected (rows, {', '.join(map(str, expected.shape[1:]))}) "
            f"{expected.dtype}, got {tuple(tensor.shape)} {tensor.dtype}; was it saved by a "
            "module of other options?"
        )
    return tensor
