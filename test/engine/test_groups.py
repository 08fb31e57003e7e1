# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in lockstep groups give what each gives alone, whoever comes, pauses and goes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from co_perception import continual as co
from co_perception.engine.backends import batching
from co_perception.engine.backends.batching import Batching, choose_batching
from co_perception.engine.backends.step_graph import StepGraphBackend
from co_perception.engine.fast.build import build_step_graphs
from co_perception.engine.fast.groups import RowGroups
from co_perception.engine.fast.ort_executor import OrtExecutor, open_session
from co_perception.models import ContinualModel

ROWS = 5
TOLERANCE = 1e-6
Moves = st.lists(
    st.tuples(
        st.lists(st.booleans(), min_size=ROWS, max_size=ROWS),  # who moves
        st.sampled_from([None, None, None, *range(ROWS)]),  # who begins anew, before
        st.sampled_from([False] * 9 + [True]),  # all are saved and restored, before
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture(scope="module")
def phases():
    """A network of three rings with a period of 4: a window, sums, and maxima that blank."""
    torch.manual_seed(0)
    layers = co.Sequential(
        co.Conv1d(4, 6, 3, padding=1),
        co.ReLU(),
        co.Conv1d(6, 5, 5, stride=2, padding="causal"),
        co.MaxPool1d(2, stride=2),
        co.Conv1d(5, 3, 2, padding="causal"),
    )
    model = ContinualModel(
        layers.eval(),
        architecture="test",
        arguments={},
        input_kind="features",
        step_shape=(4,),
        expected_rate=10.0,
    )
    graphs = [graph.SerializeToString() for graph in build_step_graphs(model)]
    assert len(graphs) == 4
    return [OrtExecutor(open_session(g, threads=1, where="test"), "test") for g in graphs]


@settings(max_examples=60, deadline=None)
@given(moves=Moves, seed=st.integers(0, 1000))
def test_groups_equal_rows_on_their_own(phases, moves, seed):
    together = StepGraphBackend("together", phases, ROWS, batching=Batching(True, "test"))
    alone = StepGraphBackend("alone", phases, ROWS, batching=Batching(False, "test"))
    rng = np.random.default_rng(seed)
    for update, anew, restored in moves:
        if anew is not None:
            together.reset([anew])
            alone.reset([anew])
        if restored:
            together.restore_state(alone.save_state())
        frames = rng.standard_normal((ROWS, 4)).astype(np.float32)
        before = together.save_state()
        ours, our_valid = together.step(frames, np.array(update))
        theirs, valid = alone.step(frames, np.array(update))
        assert our_valid.tolist() == valid.tolist()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE)
        after = together.save_state()
        for name, array in after.items():
            still = ~np.array(update)
            np.testing.assert_array_equal(array[still], before[name][still], err_msg=name)
    saved = alone.save_state()
    for name, array in together.save_state().items():
        np.testing.assert_allclose(array, saved[name], rtol=0, atol=TOLERANCE, err_msg=name)


def test_who_comes_later_steps_in_another_group(phases):
    """Of four people who come one after another none has the work of another's phase."""
    backend = StepGraphBackend("together", phases, 4, batching=Batching(True, "test"))
    frames = np.zeros((4, 4), np.float32)
    for t in range(8):
        backend.step(frames, np.arange(4) <= t)
    lanes = backend.groups.lanes
    assert [int((lane.ages > 0).sum()) for lane in lanes] == [1] * 4
    assert sorted(lane.phase for lane in lanes) == [0, 1, 2, 3]


def test_who_comes_at_once_steps_as_one_batch(phases):
    backend = StepGraphBackend("together", phases, 4, batching=Batching(True, "test"))
    for _ in range(5):
        backend.step(np.zeros((4, 4), np.float32), np.ones(4, np.bool_))
    assert sorted(int((lane.ages > 0).sum()) for lane in backend.groups.lanes) == [0, 0, 0, 4]


def test_a_thousand_people_leave_nothing_behind(phases):
    backend = StepGraphBackend("together", phases, ROWS, batching=Batching(True, "test"))
    rng = np.random.default_rng(0)
    frames = np.zeros((ROWS, 4), np.float32)
    state_bytes = backend.state_bytes
    for _ in range(1000):
        backend.reset([int(rng.integers(ROWS))])
        backend.step(frames, rng.random(ROWS) < 0.8)
    groups = backend.groups
    assert backend.state_bytes == state_bytes
    assert sum(int((lane.ages > 0).sum()) for lane in groups.lanes) <= ROWS
    most = max(len(lane._bindings) for lane in groups.lanes)
    assert most <= ROWS * groups.lanes[0]._turns


@pytest.mark.parametrize(("dear", "said"), [(2.0, "as one batch"), (4.0, "one by one")])
def test_how_rows_step_is_measured_once(phases, monkeypatch, dear, said):
    """A clock that a step of a batch moves on by so much, one of a single row by 1."""
    now = [0.0]

    def step(groups, frames, update):
        now[0] += dear if groups.together else float(update.sum())

    monkeypatch.setattr(RowGroups, "step", step)
    key = (said, "weights")
    first = choose_batching(phases, 8, key, clock=lambda: now[0])
    assert first.together == (said == "as one batch")
    assert f"rows step {said}: a batch of 4 measured as {2 * dear / 6:.2f} of" in first.reason
    monkeypatch.setattr(RowGroups, "step", None)
    assert choose_batching(phases, 8, key).reason == first.reason.replace("measured", "remembered")
    assert not choose_batching(phases, 1, ()).together


def test_a_damaged_memory_of_how_rows_step_is_measured_again(phases, monkeypatch):
    monkeypatch.setattr(batching, "read_cached", lambda path: b"[0.5")
    assert "measured" in choose_batching(phases, 2, ("damaged",)).reason
