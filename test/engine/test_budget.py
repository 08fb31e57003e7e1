# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The latency budget: who gets a row, who loses it, and what happens when a step fails."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from co_perception.engine import (
    ModelFolder,
    Reason,
    Recogniser,
    RecogniserConfig,
    Validity,
    open_backend,
)
from co_perception.engine.budget import LatencyBudget
from co_perception.errors import StepError

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
RATE = 15
ROWS = 4


def stamp(index: int) -> int:
    return START + index * SECOND // RATE


class Machine:
    """A recogniser whose steps cost so many seconds per person, by a clock of their own."""

    def __init__(self, folder, **config) -> None:
        model = ModelFolder.load(folder)
        backend = open_backend(model, ROWS, backend="onnxruntime")
        self.per_person_sec, self.fails, self._now_sec = 0.0, False, 0.0
        self._step = backend.step
        backend.step = self._timed_step
        self.recogniser = Recogniser(
            model, backend, config=RecogniserConfig(**config), clock=lambda: self._now_sec
        )

    def _timed_step(self, frames, update):
        if self.fails:
            self.fails = False
            raise StepError("out of memory")
        self._now_sec += self.per_person_sec * int(update.sum())
        return self._step(frames, update)

    def show(self, person, first, last, people):
        """Show people 1 to `people`; return the activities of the last image."""
        for i in range(first, last):
            inputs = {f"p{n}": person(n, stamp(i)) for n in range(1, people + 1)}
            activities = self.recogniser.update(stamp(i), inputs)
        return activities


def refused(activities) -> list[str]:
    return [a.stream_id for a in activities if a.reason is Reason.OVER_LIMIT]


def test_who_does_not_fit_gets_no_row(saved_folder, person):
    machine = Machine(saved_folder, latency_budget_ms=10.0)
    machine.per_person_sec = 0.004
    activities = machine.show(person, 0, 30, people=3)
    assert refused(activities) == ["p3"]
    assert activities[2].validity is Validity.INVALID
    counters = machine.recogniser.counters
    assert counters.over_budget > 0 and counters.over_limit == counters.shed == 0


def test_without_a_budget_all_have_rows_and_no_clock_is_read(saved_folder, person):
    machine = Machine(saved_folder)
    machine.recogniser._budget._clock = None
    machine.per_person_sec = 1.0
    assert refused(machine.show(person, 0, 30, people=ROWS)) == []
    assert refused(machine.show(person, 30, 31, people=ROWS + 1)) == [f"p{ROWS + 1}"]
    assert machine.recogniser.counters.over_limit == 1


def test_a_lasting_overload_takes_the_youngest_row_and_ends(saved_folder, person):
    machine = Machine(saved_folder, latency_budget_ms=10.0)
    machine.per_person_sec = 0.003
    machine.show(person, 0, 10, people=1)
    assert refused(machine.show(person, 10, 40, people=2)) == []
    machine.per_person_sec = 0.008
    busy = 40 + RATE // 2  # half a second of overload costs nobody the row
    assert refused(machine.show(person, 40, busy, people=2)) == []
    assert refused(machine.show(person, busy, 40 + 4 * RATE, people=2)) == ["p2"]
    assert machine.recogniser.counters.shed == 1
    assert machine.recogniser.counters.late > 0
    machine.per_person_sec = 0.003
    after = 40 + 4 * RATE
    assert refused(machine.show(person, after, after + 5 * RATE, people=2)) == ["p2"]
    activities = machine.show(person, after + 5 * RATE, after + 12 * RATE, people=2)
    assert refused(activities) == []
    assert activities[1].state_steps < 8 * RATE  # anew, ten seconds after it lost its row


COSTS = st.one_of(
    st.floats(0.0001, 0.05).map(lambda cost: [cost] * 300),
    st.lists(st.floats(0.005, 0.03), min_size=300, max_size=300),
)
"""Seconds per stream at each of 300 images: the same at all, or another at each."""


@settings(deadline=None)
@given(COSTS, st.floats(0.001, 0.05))
def test_no_two_seconds_over_the_budget_go_by_without_a_row_less(costs, budget_sec):
    """After a calm that lets all in: one row always stays, a window over the budget sheds."""
    now_sec = 0.0
    budget = LatencyBudget(budget_sec, clock=lambda: now_sec)
    rows, over_since_ns = 0, None
    for i, per_stream_sec in enumerate([0.0] * 60 + costs):
        now_ns = stamp(i)
        if rows > 1 and budget.is_exceeded(now_ns):
            budget.shed(now_ns)
            rows, over_since_ns = rows - 1, None
        rows += rows < 8 and budget.has_room(rows, now_ns)
        assert rows >= 1
        budget.start()
        now_sec += per_stream_sec * rows
        budget.stop(rows, now_ns)
        if rows > 1 and per_stream_sec * rows > budget_sec * (1 + 1e-9) + 1e-9:
            over_since_ns = now_ns if over_since_ns is None else over_since_ns
            # Two seconds, and the image that finds it.
            assert now_ns - over_since_ns <= 2 * SECOND + SECOND // RATE
        else:
            over_since_ns = None


def test_a_step_that_fails_lets_its_people_begin_anew(saved_folder, person, caplog):
    machine, twin = Machine(saved_folder), Machine(saved_folder)
    machine.show(person, 0, 20, people=2)
    machine.fails = True
    activities = machine.show(person, 20, 21, people=2)
    assert {a.reason for a in activities} == {Reason.RESET_MODEL}
    assert machine.recogniser.counters.failed_steps == 1
    assert "a step failed, its 2 streams begin anew" in caplog.text
    activities = machine.show(person, 21, 50, people=2)
    fresh = twin.show(person, 21, 50, people=2)
    assert {a.validity for a in activities} == {Validity.VALID}
    for ours, theirs in zip(activities, fresh):
        assert ours.scores == theirs.scores and ours.state_steps == theirs.state_steps


@pytest.mark.parametrize("value", [-1.0, 10_001.0, float("nan"), "5"])
def test_a_budget_out_of_range_is_refused(value):
    from co_perception.errors import ConfigError

    with pytest.raises(ConfigError, match=r"latency_budget_ms.*0\.\.10000"):
        RecogniserConfig(latency_budget_ms=value)
