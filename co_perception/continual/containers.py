# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What containers share, and modules one after another."""

from __future__ import annotations

import abc
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from torch import Tensor, nn

from co_perception.continual.module import ContinualModule, Part
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, TimeSpec, advance, chain
from co_perception.errors import ConfigError, StreamError

__all__ = ["Container", "Sequential"]


class Container(ContinualModule):
    """What all containers share: children by name, the state a dict of the children's."""

    @abc.abstractmethod
    def children_by_name(self) -> list[tuple[str, ContinualModule]]:
        """List the continual children in the order of their work."""

    def _add(self, name: str, module: nn.Module) -> None:
        if not isinstance(module, ContinualModule):
            raise ConfigError(
                f"{type(self).__name__}: '{name}' is a {type(module).__module__}."
                f"{type(module).__name__}, which cannot step; use the class of the same name from "
                "co_perception.continual, or wrap a function without state in Lambda"
            )
        self.add_module(name, module)


class Sequential(Container):
    """Modules one after another.

    Each layer treats inputs that the layer before has not made yet as its own padding, so that the
    first outputs are the clip's.

    Args:
        modules: Continual modules, or one OrderedDict of them by name.
    """

    def __init__(self, *modules: ContinualModule | OrderedDict[str, ContinualModule]) -> None:
        super().__init__()
        for name, module in name_modules(modules):
            self._add(name, module)
        self._names = [name for name, _ in name_modules(modules)]

    @property
    def time(self) -> TimeSpec:
        """Receptive field, stride and padding of the chain."""
        return chain(child.time for _, child in self.children_by_name())

    def children_by_name(self) -> list[tuple[str, ContinualModule]]:
        """List the children in order."""
        return [(name, self._modules[name]) for name in self._names]  # type: ignore[misc]

    def forward(self, x: Tensor) -> Tensor:
        """Compute the chain of clip forwards."""
        for _, child in self.children_by_name():
            x = child(x)
        return x

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the last child's output shape."""
        for _, child in self.children_by_name():
            shape = child.frame_shape(shape)
        return shape

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return the cold states of the children that have one, by name."""
        return init_chain(self.children_by_name(), frame)

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        y, states, tick = step_chain(self.children_by_name(), x, layers, tick)
        return y, states, tick

    def parts(self, name: str, shape: tuple[int, ...], stride: int = 1) -> Iterator[Part]:
        """Walk the operators inside."""
        return parts_of_chain(self.children_by_name(), name, shape, stride)


Pairs: TypeAlias = Sequence[tuple[str, ContinualModule]]


def init_chain(children: Pairs, frame: Tensor) -> dict[str, LayerState]:
    """Return the cold states of modules in a row, by name; those without state have no entry."""
    states = {}
    for name, child in children:
        state = child.init_layers(frame)
        if not _is_empty(state):
            states[name] = state
        frame = frame.new_zeros((frame.shape[0], *child.frame_shape(tuple(frame.shape[1:]))))
    return states


def step_chain(
    children: Pairs, x: Tensor, layers: LayerState, tick: Tick
) -> tuple[Tensor, dict[str, LayerState], Tick]:
    """Advance modules in a row by one frame; see `ContinualModule.step_layers`."""
    states = {}
    for name, child in children:
        state = _child_state(layers, name)
        if tick.idle:  # nothing arrives: the rest stands still
            x = x.new_zeros((x.shape[0], *child.frame_shape(tuple(x.shape[1:]))))
            tick = advance(tick, child.time)
        else:
            x, state, tick = child.step_layers(x, state, tick)
        if not _is_empty(state):
            states[name] = state
    return x, states, tick


def parts_of_chain(
    children: Pairs, path: str, shape: tuple[int, ...], stride: int
) -> Iterator[Part]:
    """Walk the operators of modules in a row; see `ContinualModule.parts`."""
    for name, child in children:
        yield from child.parts(f"{path}.{name}" if path else name, shape, stride)
        shape = child.frame_shape(shape)
        stride *= child.time_stride


def name_modules(
    modules: Sequence[ContinualModule | OrderedDict[str, ContinualModule]],
) -> list[tuple[str, ContinualModule]]:
    """Return names and modules of an argument list as torch.nn.Sequential takes it."""
    if len(modules) == 1 and isinstance(modules[0], OrderedDict):
        return list(modules[0].items())
    return [(str(i), module) for i, module in enumerate(modules)]  # type: ignore[misc]


def _child_state(layers: LayerState, name: str) -> LayerState:
    """Return a child's part of a container's state; a child without state has none there."""
    if not isinstance(layers, dict):
        raise StreamError(
            f"'{name}': expected the state of a container, got {type(layers).__name__}; make the "
            "state with this module's init_state"
        )
    return layers.get(name, {})


def _is_empty(state: LayerState) -> bool:
    return isinstance(state, dict) and not state
