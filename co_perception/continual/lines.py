# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What all containers with branches share: lines that answer at the same moments.

    fast branch    lead - branch - wait
    slow branch    branch

A lead is of frames, so that a strided branch is on the phase of the others; a wait is of outputs,
up to the slowest branch.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from co_perception.continual.containers import (
    Container,
    init_chain,
    parts_of_chain,
    shape_after,
    step_chain,
)
from co_perception.continual.delay import Delay
from co_perception.continual.module import ContinualModule, Part
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, TimeSpec, fork
from co_perception.errors import ConfigError, CoPerceptionError

__all__ = ["Lines"]


class Lines(Container):
    """Branches side by side, each between the delays that bring it in step with the slowest.

    Subclasses call `_set_branches` and say what a branch gets and what becomes of the outputs.
    """

    def _set_branches(self, pairs: list[tuple[str, ContinualModule]]) -> None:
        if not pairs:
            raise ConfigError(f"{type(self).__name__}: expected at least one branch, got none")
        for key, branch in pairs:
            self._add(key, branch)
        self._names = [key for key, _ in pairs]
        self._time = fork((branch.time for _, branch in pairs), type(self).__name__)
        for key, branch in pairs:
            wait, lead = divmod(self._time.delay - branch.time.delay, self._time.stride)
            if lead:
                self._add(f"{key}_lead", Delay(lead))
            if wait:
                self._add(f"{key}_wait", Delay(wait))

    @property
    def time(self) -> TimeSpec:
        """Receptive field, stride and padding of the whole."""
        return self._time

    def children_by_name(self) -> list[tuple[str, ContinualModule]]:
        """List each branch between the delays that it needs."""
        return [pair for name in self._names for pair in self._line(name)]

    def _branches(self) -> list[tuple[str, ContinualModule]]:
        return [(name, self._modules[name]) for name in self._names]  # type: ignore[misc]

    def _line(self, name: str) -> list[tuple[str, ContinualModule]]:
        names = (f"{name}_lead", name, f"{name}_wait")
        return [(key, self._modules[key]) for key in names if key in self._modules]  # type: ignore[misc]

    def _clip_outputs(self, clips: list[Tensor]) -> list[Tensor]:
        """Return each branch's clip forward of its own clip."""
        outputs = []
        for (name, branch), clip in zip(self._branches(), clips):
            try:
                outputs.append(branch(clip))
            except CoPerceptionError as error:
                error.add_parent(name)
                raise
        return outputs

    def _shapes(self, shapes: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Return each branch's output shape for its own input's."""
        pairs = zip(self._branches(), shapes)
        return [shape_after(name, branch, shape) for (name, branch), shape in pairs]

    def _init_lines(self, frames: list[Tensor]) -> dict[str, LayerState]:
        """Return the cold states of the branches and delays that have one, by name."""
        states: dict[str, LayerState] = {}
        for name, frame in zip(self._names, frames):
            states.update(init_chain(self._line(name), frame))
        return states

    def _step_lines(
        self, frames: list[Tensor], layers: LayerState, tick: Tick
    ) -> tuple[list[Tensor], dict[str, LayerState], Tick]:
        """Advance each branch by its own frame."""
        states: dict[str, LayerState] = {}
        outputs, after = [], tick
        for name, frame in zip(self._names, frames):
            y, new, after = step_chain(self._line(name), frame, layers, tick)
            outputs.append(y)
            states.update(new)
        # The delays make all branches answer at the same moments: any branch's tick is theirs.
        return outputs, states, after

    def _parts_of_lines(
        self, path: str, shapes: list[tuple[int, ...]], stride: int
    ) -> Iterator[Part]:
        """Walk the operators inside."""
        for key, shape in zip(self._names, shapes):
            yield from parts_of_chain(self._line(key), path, shape, stride)
