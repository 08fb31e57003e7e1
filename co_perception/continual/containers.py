# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Containers: modules one after another, side by side, and around a shortcut."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from co_perception.continual.delay import Delay
from co_perception.continual.local import Identity
from co_perception.continual.module import ContinualModule
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, TimeSpec, chain, fork
from co_perception.errors import ConfigError, ShapeError, StreamError

__all__ = ["BroadcastReduce", "Reduction", "Residual", "Sequential", "Shrink"]

Reduction = Literal["sum", "mul", "max", "concat"]
Shrink = Literal["centred", "lagging", "leading"]

_REDUCE: dict[str, Callable[[Sequence[Tensor]], Tensor]] = {
    "sum": lambda ys: functools.reduce(torch.add, ys),
    "mul": lambda ys: functools.reduce(torch.mul, ys),
    "max": lambda ys: functools.reduce(torch.maximum, ys),
    "concat": lambda ys: torch.cat(list(ys), dim=1),
}


class _Container(ContinualModule):
    """What all containers share: children by name, the state a dict of the children's."""

    def children_by_name(self) -> list[tuple[str, ContinualModule]]:
        """List the continual children in the order of their work."""
        raise NotImplementedError

    def _add(self, name: str, module: nn.Module) -> None:
        if not isinstance(module, ContinualModule):
            raise ConfigError(
                f"{type(self).__name__}: '{name}' is a {type(module).__module__}."
                f"{type(module).__name__}, which cannot step; use the class of the same name from "
                "co_perception.continual, or wrap a function without state in Lambda"
            )
        self.add_module(name, module)


class Sequential(_Container):
    """Modules one after another.

    Each layer treats inputs that the layer before has not made yet as its own padding, so that the
    first outputs are the clip's.

    Args:
        modules: Continual modules, or one OrderedDict of them by name.
    """

    def __init__(self, *modules: ContinualModule | OrderedDict[str, ContinualModule]) -> None:
        super().__init__()
        for name, module in _named(modules):
            self._add(name, module)
        self._names = [name for name, _ in _named(modules)]

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
        states = {}
        for name, child in self.children_by_name():
            states[name] = child.init_layers(frame)
            frame = frame.new_zeros((frame.shape[0], *child.frame_shape(tuple(frame.shape[1:]))))
        return _without_empty(states)

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        new = {}
        for name, child in self.children_by_name():
            x, new[name], tick = child.step_layers(x, _child_state(layers, name), tick)
        return x, _without_empty(new), tick

    def parts(
        self, name: str, shape: tuple[int, ...]
    ) -> Iterator[tuple[str, ContinualModule, tuple[int, ...]]]:
        """Walk the operators inside."""
        for key, child in self.children_by_name():
            yield from child.parts(_join(name, key), shape)
            shape = child.frame_shape(shape)


class _Fork(_Container):
    """Branches on the same input, each delayed to the slowest one, reduced to one output."""

    def _set_branches(self, named: list[tuple[str, ContinualModule]], reduce: Reduction) -> None:
        name = type(self).__name__
        if not named or reduce not in get_args(Reduction):
            raise ConfigError(
                f"{name}: expected branches and reduce of {sorted(get_args(Reduction))}, got "
                f"{len(named)} branches and {reduce!r}"
            )
        self.reduce = reduce
        for key, branch in named:
            self._add(key, branch)
        self._names = [key for key, _ in named]
        self._time = fork((branch.time for _, branch in named), name)
        for key, branch in named:
            wait = (self._time.delay - branch.time.delay) // self._time.stride
            self.add_module(f"{key}_wait", Delay(wait))

    @property
    def time(self) -> TimeSpec:
        """Receptive field, stride and padding of the whole."""
        return self._time

    def children_by_name(self) -> list[tuple[str, ContinualModule]]:
        """List each branch and the delay after it."""
        names = [part for name in self._names for part in (name, f"{name}_wait")]
        return [(name, self._modules[name]) for name in names]  # type: ignore[misc]

    def forward(self, x: Tensor) -> Tensor:
        """Reduce the branches' clip forwards."""
        return _REDUCE[self.reduce]([branch(x) for _, branch in self.children_by_name()[::2]])

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the reduced shape."""
        shapes = [branch.frame_shape(shape) for _, branch in self.children_by_name()[::2]]
        first = shapes[0]
        if self.reduce == "concat" and len({s[1:] for s in shapes}) == 1:
            return (sum(s[0] for s in shapes), *first[1:])
        if len(set(shapes)) != 1:
            raise ShapeError(
                f"{type(self).__name__}: branches must give frames of one shape to {self.reduce}, "
                f"got {shapes}"
            )
        return first

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return the cold states of the branches and delays that have one, by name."""
        states = {}
        pairs = self.children_by_name()
        for (name, branch), (wait_name, wait) in zip(pairs[::2], pairs[1::2]):
            states[name] = branch.init_layers(frame)
            shape = branch.frame_shape(tuple(frame.shape[1:]))
            states[wait_name] = wait.init_layers(frame.new_zeros((frame.shape[0], *shape)))
        return _without_empty(states)

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        new, outputs, after = {}, [], tick
        pairs = self.children_by_name()
        for (name, branch), (wait_name, wait) in zip(pairs[::2], pairs[1::2]):
            y, new[name], after = branch.step_layers(x, _child_state(layers, name), tick)
            state = _child_state(layers, wait_name)
            y, new[wait_name], after = wait.step_layers(y, state, after)
            outputs.append(y)
        # The delays make all branches answer at the same moments: any branch's tick is theirs.
        return _REDUCE[self.reduce](outputs), _without_empty(new), after

    def parts(
        self, name: str, shape: tuple[int, ...]
    ) -> Iterator[tuple[str, ContinualModule, tuple[int, ...]]]:
        """Walk the operators inside."""
        pairs = self.children_by_name()
        for (key, branch), (wait_key, wait) in zip(pairs[::2], pairs[1::2]):
            yield from branch.parts(_join(name, key), shape)
            if wait.receptive_field > 1:
                yield from wait.parts(_join(name, wait_key), branch.frame_shape(shape))


class BroadcastReduce(_Fork):
    """Modules side by side on the same input, their outputs reduced to one.

    Branches that answer earlier are delayed to the slowest one.

    Args:
        branches: Continual modules, or one OrderedDict of them by name. Their clip forwards must
            give clips of one length.
        reduce: "sum", "mul", "max", or "concat" of the channels.
    Raises:
        ConfigError: If the branches cannot be aligned in time.
    """

    def __init__(
        self,
        *branches: ContinualModule | OrderedDict[str, ContinualModule],
        reduce: Reduction = "sum",
    ) -> None:
        super().__init__()
        self._set_branches(_named(branches), reduce)


class Residual(_Fork):
    """A module and a shortcut around it, added.

    Args:
        main: The module.
        shortcut: None: the input itself; or a module, such as a 1 x 1 convolution.
        shrink: Which input frame meets an output of a module that makes clips shorter: "centred",
            the middle of its receptive field; "lagging", the oldest; "leading", the newest.
            None: the module must keep the length of a clip, and output i meets frame i.
    Raises:
        ConfigError: If the module changes the length of a clip and `shrink` does not fit.
    Source: Hedegaard et al., Continual Spatio-Temporal Graph Convolutional Networks (2022), the
        residual that shrinks; names as in the continual-inference library.
    """

    def __init__(
        self,
        main: ContinualModule,
        shortcut: ContinualModule | None = None,
        *,
        shrink: Shrink | None = None,
    ) -> None:
        super().__init__()
        shortcut = Identity() if shortcut is None else shortcut
        if shrink is not None:
            aligned = {"align": _shrinker(main.time, shrink), "map": shortcut}
            shortcut = Sequential(OrderedDict(aligned))
        self._set_branches([("main", main), ("shortcut", shortcut)], "sum")


def _shrinker(time: TimeSpec, shrink: str) -> Delay:
    """Return the operator that drops as many frames of a clip as a module does."""
    lost = time.delay - time.right
    if shrink not in get_args(Shrink) or lost < 0 or (shrink == "centred" and lost % 2):
        raise ConfigError(
            f"Residual: expected shrink of {sorted(get_args(Shrink))} ('centred' for modules that "
            f"shorten a clip by an even number of frames), got {shrink!r} for {lost} frames"
        )
    first = {"lagging": 0, "centred": lost // 2, "leading": lost}[shrink]
    return Delay(lost, drop=(first, lost - first))


def _named(
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


def _without_empty(states: dict[str, LayerState]) -> LayerState:
    return {k: v for k, v in states.items() if not (isinstance(v, dict) and not v)}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
