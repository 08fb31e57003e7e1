# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Modules side by side, and around a shortcut: branches kept in step by delays."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Literal, get_args

from torch import Tensor

from co_perception.continual.containers import Sequential, name_modules
from co_perception.continual.delay import Delay
from co_perception.continual.kinds import check_branch_kinds
from co_perception.continual.lines import Lines
from co_perception.continual.local import Identity
from co_perception.continual.module import ContinualModule, Part
from co_perception.continual.reduction import (
    Reduction,
    apply_reduction,
    check_reduction,
    reduced_shape,
)
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, TimeSpec
from co_perception.errors import ConfigError

__all__ = ["BroadcastReduce", "Residual", "Shrink"]

Shrink = Literal["centred", "lagging", "leading"]


class _Fork(Lines):
    """Branches on the same input, reduced to one output."""

    def _set_fork(self, pairs: list[tuple[str, ContinualModule]], reduce: Reduction) -> None:
        check_reduction(reduce, type(self).__name__)
        check_branch_kinds(pairs, type(self).__name__)
        self.reduce = reduce
        self._set_branches(pairs)

    def forward(self, x: Tensor) -> Tensor:
        """Reduce the branches' clip forwards."""
        return apply_reduction(self.reduce, self._clip_outputs([x] * len(self._names)))

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the reduced shape."""
        shapes = self._shapes([shape] * len(self._names))
        return reduced_shape(shapes, self.reduce, type(self).__name__)

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return the cold states of the branches and delays that have one, by name."""
        return self._init_lines([frame] * len(self._names))

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        outputs, states, after = self._step_lines([x] * len(self._names), layers, tick)
        return apply_reduction(self.reduce, outputs), states, after

    def parts(self, name: str, shape: tuple[int, ...], stride: int = 1) -> Iterator[Part]:
        """Walk the operators inside."""
        return self._parts_of_lines(name, [shape] * len(self._names), stride)


class BroadcastReduce(_Fork):
    """Modules side by side on the same input, their outputs reduced to one.

    Branches that answer earlier are delayed to the slowest one.

    Args:
        branches: Continual modules, or one OrderedDict of them by name. Their clip forwards must
            give clips of one length.
        reduce: "sum", "mul", "max", "concat" of the channels, or a function of a list of tensors
            that treats every frame alike and keeps the shape.

    Raises:
        ConfigError: If the branches cannot be aligned in time.
    """

    def __init__(
        self,
        *branches: ContinualModule | OrderedDict[str, ContinualModule],
        reduce: Reduction = "sum",
    ) -> None:
        super().__init__()
        self._set_fork(name_modules(branches), reduce)


class Residual(_Fork):
    """A module and a shortcut around it, added or otherwise reduced.

    Args:
        main: The module.
        shortcut: None: the input itself; or a module, such as a 1 x 1 convolution.
        shrink: Which input frame meets an output of a module that makes clips shorter: "centred",
            the middle of its receptive field; "lagging", the oldest; "leading", the newest.
            None: the module must keep the length of a clip, and output i meets frame i.
        reduce: As for `BroadcastReduce`; "concat" puts the module's channels first.

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
        reduce: Reduction = "sum",
    ) -> None:
        super().__init__()
        shortcut = Identity() if shortcut is None else shortcut
        if shrink is not None:
            aligned = {"align": _shrinker(main.time, shrink), "map": shortcut}
            shortcut = Sequential(OrderedDict(aligned))
        self._set_fork([("main", main), ("shortcut", shortcut)], reduce)


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
