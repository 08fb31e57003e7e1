# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Rows that step together through the phases of a step graph."""

from __future__ import annotations

import abc
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.fast.memory import allocate_side_by_side
from co_perception.engine.fast.plan import StepPlan
from co_perception.engine.fast.rings import RingBuffer, Rows, Views

__all__ = ["Executor", "Lane"]

_MAX_BINDINGS = 4096
_NO_ROWS: Rows = np.zeros(0, np.intp)


class Executor(abc.ABC):
    """A step graph on some runtime.

    Attributes:
        plan: The graph's.
    """

    plan: StepPlan

    @abc.abstractmethod
    def bind(self, inputs: Views, outputs: Views) -> Any:
        """Return buffers for `run`; those that the graph does not have are left out."""

    @abc.abstractmethod
    def run(self, binding: Any) -> None:
        """Run the graph: read the inputs, write the outputs."""


class _Turn(NamedTuple):
    """What is the same whenever the clock stands at the same place."""

    binding: Any
    source: NDArray[np.float32]  # where the frames go
    turned: list[RingBuffer]  # by this step
    totals: list[RingBuffer]  # among these


class Lane:
    """A state of some rows whose rings turn together, and one graph per phase.

    Rows come, stand still and go on their own as long as the network has no stride. With one, the
    rows that move must be at the lane's phase: see `RowGroups`.

    Args:
        phases: One executor per phase.
        rows: Rows.
    """

    def __init__(self, phases: Sequence[Executor], rows: int) -> None:
        self.plan = plan = phases[0].plan
        self.rows, self._phases = rows, phases
        self.ages: NDArray[np.int64] = np.zeros(rows, np.int64)
        self._clock = 0
        sizes = [RingBuffer.needed_bytes(ring, rows) for ring in plan.rings]
        memories = allocate_side_by_side(sizes)
        self._rings = [RingBuffer(ring, rows, m) for ring, m in zip(plan.rings, memories)]
        turning = [ring for ring in self._rings if not ring.is_total]
        self._turns = math.lcm(*(r.slots * r.ring.stride for r in turning), plan.period)
        self._last_delay = max((ring.ring.delay for ring in self._rings), default=0)
        self._frames: NDArray[np.float32] = np.zeros((rows, *plan.step_shape), np.float32)
        self._logits: NDArray[np.float32] = np.zeros((rows, plan.classes), np.float32)
        self._scales = {
            w.name: np.full((rows, 1), 1.0 / w.length, np.float32)
            for phase in phases
            for w in phase.plan.windows
        }
        self._bindings: dict[tuple[int, int], _Turn] = {}

    @property
    def state_bytes(self) -> int:
        """Bytes of the state."""
        return sum(ring.nbytes for ring in self._rings)

    @property
    def phase(self) -> int:
        """Phase of the next step."""
        return self._clock % self.plan.period

    def stand_at(self, phase: int) -> None:
        """Set the phase of the next step; no row may be warm."""
        assert not self.ages.any()
        self._clock = phase

    def take_row(self, place: int, source: Lane, other: int) -> None:
        """Copy a row's state from another lane of the same graph, whatever its clock."""
        self.ages[place] = source.ages[other]
        for mine, theirs in zip(self._rings, source._rings):
            mine.take_row(place, self._turn(mine), theirs, other, source._turn(theirs))
        for window in (w for phase in self._phases for w in phase.plan.windows):
            self._scales[window.name][place] = 1.0 / window.length

    def step(
        self, frames: NDArray[np.float32], update: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Advance the first n rows; see `StepBackend.step`.

        What is done per row is done in plain Python: between steps of a large network numpy's
        functions leave the caches, and each takes tens of microseconds.
        """
        n, plan = len(frames), self.plan
        ages, moves = self.ages[:n].tolist(), update.tolist()
        moving = [row for row, moved in enumerate(moves) if moved]
        if not moving:
            return np.zeros((n, plan.classes), np.float32), np.zeros(n, np.bool_)
        youngest = min(ages[row] for row in moving)
        if youngest == 0:
            self._start(np.array([row for row in moving if ages[row] == 0]))
        turn = self._bind(n)
        still = _NO_ROWS if len(moving) == self.rows else self._rows_standing_still(update)
        held = [ring.copy(still) for ring in turn.turned] if len(still) else []
        try:
            self._run(frames, turn, youngest)
        except Exception:
            for ring, slots in zip(turn.turned, held):
                ring.put(still, slots)
            raise
        if youngest <= self._last_delay:
            young = [row for row in moving if ages[row] <= self._last_delay]
            self._blank_young(turn.turned, np.array(young))
        for ring, slots in zip(turn.turned, held):
            ring.put_turned(still, slots)
        known = self._phase.plan.answers
        valid = [known and moved and age >= plan.delay for moved, age in zip(moves, ages)]
        self.ages[:n] += update
        self._clock += 1
        if not all(valid):
            self._logits[:n][~np.array(valid)] = 0.0
        return self._logits[:n], np.array(valid)

    @property
    def _phase(self) -> Executor:
        return self._phases[self.phase]

    def _rows_standing_still(self, update: NDArray[np.bool_]) -> Rows:
        """Return the rows that have a state and do not move in this step."""
        waiting = self.ages > 0
        waiting[: len(update)] &= ~update
        return np.flatnonzero(waiting)

    def _run(self, frames: NDArray[np.float32], turn: _Turn, youngest: int) -> None:
        n = len(frames)
        turn.source[...] = frames
        for ring in turn.totals:
            ring.add_up(self._turn(ring), n)
        for window in self._phase.plan.windows:
            if youngest <= window.delay + window.stride * window.length or n > 1:
                seen = (self.ages[:n] - window.delay) // window.stride + 1
                share = 1.0 / np.minimum(np.maximum(seen, 1), window.length)
                self._scales[window.name][:n, 0] = share
        self._phase.run(turn.binding)
        for ring in turn.totals:
            ring.take(self._turn(ring), n)

    def _turns_now(self, ring: RingBuffer) -> bool:
        return (self._clock - ring.ring.delay) % ring.ring.stride == 0

    def _turn(self, ring: RingBuffer) -> int:
        """Return how often a ring was turned since the clock began."""
        stride = ring.ring.stride
        return (self._clock - ring.ring.delay % stride + stride - 1) // stride

    def _start(self, rows: Rows) -> None:
        """Clear rows that begin: while they were idle, steps of other rows wrote to them."""
        if len(rows):
            for ring in self._rings:
                ring.clear(rows)

    def _blank_young(self, turned: Iterable[RingBuffer], rows: Rows) -> None:
        """Take back what came to rings before their first frame; repeat that where asked."""
        ages = self.ages[rows]
        for ring in turned:
            early = rows[ages < ring.ring.delay]
            if len(early):
                ring.blank_new(self._turn(ring), early)
            if ring.ring.blank == "replicate":
                ring.repeat_new(self._turn(ring), rows[ages == ring.ring.delay])

    def _bind(self, n: int) -> _Turn:
        """Return the buffers of a step of n rows; made once per turn."""
        key = (self._clock % self._turns, n)
        if key not in self._bindings:
            if len(self._bindings) >= _MAX_BINDINGS:
                self._bindings.clear()
            inputs: Views = {"frame": self._frames[:n]}
            inputs.update({f"scale.{name}": s[:n] for name, s in self._scales.items()})
            outputs: Views = {"logits": self._logits[:n]}
            for ring in self._rings:
                reads, fresh = ring.views(self._turn(ring), n)
                inputs.update(reads)
                outputs.update(fresh)
            turned = [ring for ring in self._rings if self._turns_now(ring)]
            self._bindings[key] = _Turn(
                self._phase.bind(inputs, outputs),
                inputs["frame"],
                turned,
                [ring for ring in turned if ring.is_total],
            )
        return self._bindings[key]

    def reset(self, rows: Rows) -> None:
        """Make rows cold; their memory is cleared when they begin."""
        self.ages[rows] = 0
        if not self.ages.any():
            self._clock = 0

    def save(self) -> dict[str, NDArray[Any]]:
        """Return a copy of the state, by the names that the reference step uses where it can."""
        self._start(np.flatnonzero(self.ages == 0))
        rings = {_saved_name(ring): ring.save(self._turn(ring)) for ring in self._rings}
        return {"frames": self.ages.copy(), **rings}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `save` gave."""
        self.ages[...] = state["frames"]
        for window in (w for phase in self._phases for w in phase.plan.windows):
            self._scales[window.name][:] = 1.0 / window.length
        # As if the oldest row had been there from the beginning: the same turn, the same bits.
        self._clock = int(self.ages.max()) % self._turns
        for ring in self._rings:
            known = (self.ages - ring.ring.delay + ring.ring.stride - 1) // ring.ring.stride
            ring.load(self._turn(ring), state[_saved_name(ring)], np.maximum(known, 0))

    def describe(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Return shape and dtype of every array of `save`."""
        single = np.dtype(np.float32)
        rings = {_saved_name(ring): (ring.saved_shape(), single) for ring in self._rings}
        return {"frames": ((self.rows,), np.dtype(np.int64)), **rings}


def _saved_name(ring: RingBuffer) -> str:
    return f"{'layers' if ring.ring.is_window else 'step'}.{ring.ring.name}"
