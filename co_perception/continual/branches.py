# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Modules side by side, and around a shortcut: branches kept in step by delays."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from co_perception.continual.containers import (
    Container,
    Sequential,
    init_chain,
    name_modules,
    parts_of_chain,
    step_chain,
)
from co_perception.continual.delay import Delay
from co_perception.continual.local import Identity
from co_perception.continual.module import ContinualModule, Part
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, TimeSpec, fork
from co_perception.errors import ConfigError, ShapeError

__all__ = ["BroadcastReduce", "Reduction", "Residual", "Shrink"]

Reduction = Literal["sum", "mul", "max", "concat"]
Shrink = Literal["centred", "lagging", "leading"]

_REDUCE: dict[str, Callable[[Sequence[Tensor]], Tensor]] = {
    "sum": lambda ys: functools.reduce(torch.add, ys),
    "mul": lambda ys: functools.reduce(torch.mul, ys),
    "max": lambda ys: functools.reduce(torch.maximum, ys),
    "concat": lambda ys: torch.cat(list(ys), dim=1),
}


class _Fork(Container):
    """Branches on the same input, each delayed to the slowest one, reduced to one output."""

    def _set_branches(self, pairs: list[tuple[str, ContinualModule]], reduce: Reduction) -> None:
        name = type(self).__name__
        if not pairs or reduce not in get_args(Reduction):
            raise ConfigError(
                f"{name}: expected branches and reduce of {sorted(get_args(Reduction))}, got "
                f"{len(pairs)} branches and {reduce!r}"
            )
        self.reduce = reduce
        for key, branch in pairs:
            self._add(key, branch)
        self._names = [key for key, _ in pairs]
        self._time = fork((branch.time for _, branch in pairs), name)
        for key, branch in pairs:
            wait, lead = divmod(self._time.delay - branch.time.delay, self._time.stride)
            if lead:  # a strided branch must also answer on the phase of the others
                self.add_module(f"{key}_lead", Delay(lead))
            if wait:
                self.add_module(f"{key}_wait", Delay(wait))

    @property
    def time(self) -> TimeSpec:
        """Receptive field, stride and padding of the whole."""
        return self._time

    def children_by_name(self) -> list[tuple[str, ContinualModule]]:
        """List each branch between the delays that it needs."""
        return [pair for name in self._names for pair in self._line(name)]

    def forward(self, x: Tensor) -> Tensor:
        """Reduce the branches' clip forwards."""
        return _REDUCE[self.reduce]([branch(x) for branch in self._branches()])

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the reduced shape."""
        shapes = [branch.frame_shape(shape) for branch in self._branches()]
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
        states: dict[str, LayerState] = {}
        for name in self._names:
            states.update(init_chain(self._line(name), frame))
        return states

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        states: dict[str, LayerState] = {}
        outputs, after = [], tick
        for name in self._names:
            y, new, after = step_chain(self._line(name), x, layers, tick)
            outputs.append(y)
            states.update(new)
        # The delays make all branches answer at the same moments: any branch's tick is theirs.
        return _REDUCE[self.reduce](outputs), states, after

    def parts(self, name: str, shape: tuple[int, ...], stride: int = 1) -> Iterator[Part]:
        """Walk the operators inside."""
        for key in self._names:
            yield from parts_of_chain(self._line(key), name, shape, stride)

    def _branches(self) -> list[ContinualModule]:
        return [self._modules[name] for name in self._names]  # type: ignore[misc]

    def _line(self, name: str) -> list[tuple[str, ContinualModule]]:
        names = (f"{name}_lead", name, f"{name}_wait")
        return [(key, self._modules[key]) for key in names if key in self._modules]  # type: ignore[misc]


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
        self._set_branches(name_modules(branches), reduce)


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
