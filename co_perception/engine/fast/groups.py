# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Rows of a state in lanes: in lockstep groups, or each on its own.

A network with a temporal stride does different work at each phase of its period, and a row's first
frame is always at phase 0. Its groups stand at different phases: whoever comes joins, or begins,
the one at phase 0, so that nobody waits and the dear phase does not fall on everybody at once.
A row that stands still falls out of step with its group and goes on in the one at its own phase.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.fast.lane import Executor, Lane
from co_perception.engine.fast.rings import Rows

__all__ = ["RowGroups"]

_NOWHERE = -1
_ONE = np.ones(1, np.bool_)


class RowGroups:
    """Where each row is kept, and the steps of all.

    Lanes are made once. Together there is one for each phase of the period, with room for all rows
    (memory is committed when a place is first used); else there is one for each row.

    Args:
        phases: One executor per phase.
        rows: Rows.
        together: Whether rows at the same phase step as one batch.
    """

    def __init__(self, phases: Sequence[Executor], rows: int, *, together: bool) -> None:
        plan = phases[0].plan
        self.plan, self.rows, self.together = plan, rows, together
        lanes, places = (plan.period, rows) if together else (rows, 1)
        self.lanes = [Lane(phases, places) for _ in range(lanes)]
        self._frames = [np.zeros((places, *plan.step_shape), np.float32) for _ in self.lanes]
        self._row_at = np.full((lanes, places), _NOWHERE, np.intp)
        self._lane_of = np.full(rows, _NOWHERE, np.intp)
        self._place_of = np.full(rows, _NOWHERE, np.intp)

    @property
    def state_bytes(self) -> int:
        """Bytes that are reserved for the state of all rows, with the places of frames to come."""
        return sum(lane.state_bytes for lane in self.lanes)

    def step(
        self, frames: NDArray[np.float32], update: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Advance the first n rows; see `StepBackend.step`."""
        logits: NDArray[np.float32] = np.zeros((len(frames), self.plan.classes), np.float32)
        valid: NDArray[np.bool_] = np.zeros(len(frames), np.bool_)
        moving = np.flatnonzero(update)
        if not self.together:
            for row in moving.tolist():
                if self._lane_of[row] == _NOWHERE:
                    self._settle(row, row)
                answer = self.lanes[row].step(frames[row : row + 1], _ONE)
                logits[row], valid[row] = answer[0][0], answer[1][0]
            return logits, valid
        self._place(moving)
        for index in np.unique(self._lane_of[moving]):
            rows = moving[self._lane_of[moving] == index]
            places = self._place_of[rows]
            moves = np.zeros(places.max() + 1, np.bool_)
            moves[places] = True
            given = self._by_place(index, frames, rows, places)
            answers, answered = self.lanes[index].step(given, moves)
            logits[rows], valid[rows] = answers[places], answered[places]
        return logits, valid

    def _by_place(
        self, lane: int, frames: NDArray[np.float32], rows: Rows, places: Rows
    ) -> NDArray[np.float32]:
        """Return the frames of rows in the order of their places in a lane."""
        first, count = rows[0], len(rows)
        if np.array_equal(rows - first, places) and np.array_equal(places, np.arange(count)):
            return frames[first : first + count]  # images are large: not copied where they lie so
        given = self._frames[lane][: places.max() + 1]
        given[places] = frames[rows]
        return given

    def _place(self, moving: Rows) -> None:
        """Bring every row that moves to a lane that stands at its phase."""
        members: dict[int, list[int]] = defaultdict(list)
        for row in moving:
            members[self._age(row) % self.plan.period].append(row)
        for phase, rows in members.items():
            lane = self._find_lane(phase)
            for row in rows:
                if self._lane_of[row] != lane:
                    self._settle(row, lane)

    def _age(self, row: int) -> int:
        lane = self._lane_of[row]
        return 0 if lane == _NOWHERE else int(self.lanes[lane].ages[self._place_of[row]])

    def _find_lane(self, phase: int) -> int:
        """Return a lane at a phase; an empty one is set to it.

        There are as many lanes as phases: if none is at this one and none is empty, two are at the
        same, and their rows fit into one.
        """
        at_phase: dict[int, int] = {}
        empty = twin = _NOWHERE
        for index, lane in enumerate(self.lanes):
            if not (self._row_at[index] != _NOWHERE).any():
                empty = index
            elif lane.phase == phase:
                return index
            elif lane.phase in at_phase:
                twin = index
            else:
                at_phase[lane.phase] = index
        if empty == _NOWHERE:
            target = at_phase[self.lanes[twin].phase]
            for row in self._row_at[twin][self._row_at[twin] != _NOWHERE]:
                self._settle(row, target)
            empty = twin
        self.lanes[empty].stand_at(phase)
        return empty

    def _settle(self, row: int, lane: int) -> None:
        """Give a row a place in a lane, and take its state there."""
        place = int(np.flatnonzero(self._row_at[lane] == _NOWHERE)[0])
        if self._lane_of[row] != _NOWHERE:
            source, old = self.lanes[self._lane_of[row]], self._place_of[row]
            self.lanes[lane].take_row(place, source, old)
            self._leave(row)
        self._row_at[lane, place] = row
        self._lane_of[row], self._place_of[row] = lane, place

    def _leave(self, row: int) -> None:
        """Make a row's place cold and free."""
        lane, place = self._lane_of[row], self._place_of[row]
        self.lanes[lane].reset(np.array([place]))
        self._row_at[lane, place] = self._lane_of[row] = self._place_of[row] = _NOWHERE

    def reset(self, rows: Iterable[int]) -> None:
        """Make rows cold."""
        for row in rows:
            if self._lane_of[row] != _NOWHERE:
                self._leave(row)

    def describe(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Return shape and dtype of every array of `save`."""
        described = self.lanes[0].describe()
        return {
            name: ((self.rows, *shape[1:]), dtype) for name, (shape, dtype) in described.items()
        }

    def save(self) -> dict[str, NDArray[Any]]:
        """Return a copy of the state, by row."""
        saved = {name: np.zeros(shape, dtype) for name, (shape, dtype) in self.describe().items()}
        for index in np.unique(self._lane_of[self._lane_of != _NOWHERE]):
            rows = np.flatnonzero(self._lane_of == index)
            for name, array in self.lanes[index].save().items():
                saved[name][rows] = array[self._place_of[rows]]
        return saved

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `save` gave."""
        self.reset(range(self.rows))
        ages = state["frames"]
        phases = ages % self.plan.period
        for index, rows in enumerate(self._share_out(np.flatnonzero(ages), phases)):
            part = {
                name: np.zeros((self.lanes[index].rows, *array.shape[1:]), array.dtype)
                for name, array in state.items()
            }
            for place, row in enumerate(rows):
                self._row_at[index, place] = row
                self._lane_of[row], self._place_of[row] = index, place
                for name, array in state.items():
                    part[name][place] = array[row]
            self.lanes[index].load(part)

    def _share_out(self, warm: Rows, phases: NDArray[np.int64]) -> list[list[int]]:
        """Return the warm rows by lane."""
        if not self.together:
            return [[row] if row in warm else [] for row in range(self.rows)]
        return [[row for row in warm if phases[row] == p] for p in range(self.plan.period)]
