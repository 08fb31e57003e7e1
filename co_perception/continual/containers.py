# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What containers share, and modules one after another."""

from __future__ import annotations

import abc
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias, overload

from torch import Tensor, nn

from co_perception.continual.frames import blank_like, is_tuple_shape, shape_of
from co_perception.continual.kinds import Kind, common_kind, fit_kinds
from co_perception.continual.module import ContinualModule, Part
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, TimeSpec, advance, chain
from co_perception.errors import ConfigError, CoPerceptionError, ShapeError, StreamError

__all__ = ["Container", "Sequential"]


class Container(ContinualModule):
    """What all containers share: children by name, the state a dict of the children's."""

    @abc.abstractmethod
    def children_by_name(self) -> list[tuple[str, ContinualModule]]:
        """List the continual children in the order of their work."""

    @property
    def input_kind(self) -> Kind | None:
        """What the children take, if they agree."""
        return common_kind(child.input_kind for _, child in self.children_by_name())

    @property
    def output_kind(self) -> Kind | None:
        """What the children give, if they agree."""
        return common_kind(child.output_kind for _, child in self.children_by_name())

    def _add(self, name: str, module: nn.Module) -> None:
        if name in self._modules:
            raise ConfigError(f"{type(self).__name__}: the name '{name}' is taken; choose another")
        if not isinstance(module, ContinualModule):
            raise ConfigError(
                f"{type(self).__name__}: '{name}' is a {type(module).__module__}."
                f"{type(module).__name__}, which cannot step; use the class of the same name from "
                "co_perception.continual, co.from_torch(module), or Lambda for a function without "
                "state"
            )
        self.add_module(name, module)


class Sequential(Container):
    """Modules one after another.

    Each layer treats inputs that the layer before has not made yet as its own padding, so that the
    first outputs are the clip's. Errors from inside say the child's path. Indexing, slices and
    `append` are torch.nn.Sequential's; append before a container is put into another one, which
    reads its delay once.

    Args:
        modules: Continual modules, or one OrderedDict of them by name.

    Raises:
        ConfigError: If a module cannot step, or if one gives windows and a later one takes frames,
            or the other way round.
    """

    def __init__(self, *modules: ContinualModule | OrderedDict[str, ContinualModule]) -> None:
        super().__init__()
        for name, module in name_modules(modules):
            self._add(name, module)
        self._names = [name for name, _ in name_modules(modules)]
        self._kinds()

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[ContinualModule]:
        return (child for _, child in self.children_by_name())

    @overload
    def __getitem__(self, index: int) -> ContinualModule: ...

    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    def __getitem__(self, index: int | slice) -> ContinualModule:
        """Return a child by its place, or a part of the chain that shares the children."""
        if isinstance(index, slice):
            return Sequential(OrderedDict(self.children_by_name()[index]))
        return self.children_by_name()[index][1]

    def append(self, module: ContinualModule) -> Sequential:
        """Add a module at the end, named by its place, and return the chain."""
        name = str(len(self))
        self._add(name, module)
        self._names.append(name)
        self._kinds()
        return self

    def extend(self, modules: Iterable[ContinualModule]) -> Sequential:
        """Add modules at the end and return the chain."""
        for module in modules:
            self.append(module)
        return self

    @property
    def time(self) -> TimeSpec:
        """Receptive field, stride and padding of the chain."""
        return chain(child.time for _, child in self.children_by_name())

    @property
    def input_kind(self) -> Kind | None:
        """What the chain takes."""
        return self._kinds()[0]

    @property
    def output_kind(self) -> Kind | None:
        """What the chain gives."""
        return self._kinds()[1]

    def children_by_name(self) -> list[tuple[str, ContinualModule]]:
        """List the children in order."""
        return [(name, self._modules[name]) for name in self._names]  # type: ignore[misc]

    def forward(self, x: Tensor) -> Tensor:
        """Compute the chain of clip forwards."""
        for name, child in self.children_by_name():
            try:
                x = child(x)
            except CoPerceptionError as error:
                error.add_parent(name)
                raise
        return x

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the last child's output shape."""
        return shape_after_chain(self.children_by_name(), shape)

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

    def _kinds(self) -> tuple[Kind | None, Kind | None]:
        return fit_kinds(self.children_by_name(), type(self).__name__)


Pairs: TypeAlias = Sequence[tuple[str, ContinualModule]]


def init_chain(children: Pairs, frame: Tensor) -> dict[str, LayerState]:
    """Return the cold states of modules in a row, by name; those without state have no entry."""
    states = {}
    for name, child in children:
        try:
            state = child.init_layers(frame)
        except CoPerceptionError as error:
            error.add_parent(name)
            raise
        if not _is_empty(state):
            states[name] = state
        frame = blank_like(frame, shape_after(name, child, shape_of(frame)))
    return states


def step_chain(
    children: Pairs, x: Tensor, layers: LayerState, tick: Tick
) -> tuple[Tensor, dict[str, LayerState], Tick]:
    """Advance modules in a row by one frame; see `ContinualModule.step_layers`."""
    states = {}
    for name, child in children:
        state = _child_state(layers, name)
        if tick.idle:  # nothing arrives: the rest stands still
            x = blank_like(x, shape_after(name, child, shape_of(x)))
            tick = advance(tick, child.time)
        else:
            try:
                x, state, tick = child.step_layers(x, state, tick)
            except CoPerceptionError as error:
                error.add_parent(name)
                raise
        if not _is_empty(state):
            states[name] = state
    return x, states, tick


def shape_after_chain(children: Pairs, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the output shape of modules in a row; see `ContinualModule.frame_shape`."""
    for name, child in children:
        shape = shape_after(name, child, shape)
    return shape


def shape_after(name: str, child: ContinualModule, shape: tuple[Any, ...]) -> tuple[int, ...]:
    """Return a child's output shape; errors say its name."""
    try:
        if is_tuple_shape(shape) and not (child.takes_streams or isinstance(child, Container)):
            raise ShapeError(
                f"{type(child).__name__}: expected one frame, got {len(shape)} streams side by "
                "side; put Reduce before it, or Parallel around it"
            )
        return child.frame_shape(shape)
    except CoPerceptionError as error:
        error.add_parent(name)
        raise


def parts_of_chain(
    children: Pairs, path: str, shape: tuple[int, ...], stride: int
) -> Iterator[Part]:
    """Walk the operators of modules in a row; see `ContinualModule.parts`."""
    for name, child in children:
        yield from child.parts(f"{path}.{name}" if path else name, shape, stride)
        shape = shape_after(name, child, shape)
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
