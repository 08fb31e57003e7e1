# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""At a limit nobody else notices: too many people, who come and go; steps and resets that fail."""

import numpy as np
import pytest

from co_perception.engine import ModelFolder, Reason, Recogniser, RecogniserConfig, open_backend
from co_perception.errors import StepError

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
RATE = 15


def stamp(index: int) -> int:
    return START + index * SECOND // RATE


def show(recogniser, person, index, ids):
    return recogniser.update(stamp(index), {f"p{n}": person(n, stamp(index)) for n in ids})


def fail(recogniser, monkeypatch, error):
    def step(frames, update):
        raise error

    monkeypatch.setattr(recogniser.backend, "_step", step)


def test_people_within_the_limit_keep_their_bits(open_recogniser, person):
    crowded, alone = open_recogniser(max_streams=2), open_recogniser(max_streams=2)
    for i in range(40):
        many, two = show(crowded, person, i, range(1, 6)), show(alone, person, i, (1, 2))
        assert many[:2] == two
        assert {a.reason for a in many[2:]} == {Reason.OVER_LIMIT}


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(RuntimeError("CUDA out of memory"), id="runtime"),
        pytest.param(MemoryError(), id="memory"),
        pytest.param(StepError("a step failed"), id="own"),
    ],
)
def test_a_failing_step_leaves_who_is_not_in_it_alone(open_recogniser, person, monkeypatch, error):
    ours, twin = open_recogniser(), open_recogniser()
    for recogniser in (ours, twin):
        for i in range(30):
            show(recogniser, person, i, (1, 2))
    with monkeypatch.context() as patch:
        fail(ours, patch, error)
        for i in range(30, 33):
            inputs = {"p1": person(1, stamp(i)), "p2": None}
            activities = ours.update(stamp(i), inputs)
            assert activities[0].reason is Reason.RESET_MODEL and not activities[0].usable
            expected = twin.update(stamp(i), {"p1": None, "p2": None})
            assert activities[1] == expected[1]
    assert ours.counters.failed_steps == 3
    for i in range(33, 45):
        mine, theirs = show(ours, person, i, (2,)), show(twin, person, i, (2,))
        assert mine == theirs


def test_steps_that_fail_are_no_steps(open_recogniser, person, monkeypatch):
    recogniser = open_recogniser()
    for i in range(30):
        show(recogniser, person, i, (1,))
    assert recogniser.step_rate == pytest.approx(RATE, rel=0.05)
    fail(recogniser, monkeypatch, StepError("the device is gone"))
    for i in range(30, 30 + 5 * RATE):
        show(recogniser, person, i, (1,))
    assert recogniser.step_rate == 0.0 and recogniser.counters.steps == 30


def test_rows_that_cannot_be_cleared_now_are_cleared_before_the_next_step(
    open_recogniser, person, monkeypatch
):
    """A step of two fails; until rows can be cleared again, only one of the two is seen."""
    ours, fresh = open_recogniser(max_streams=2), open_recogniser(max_streams=2)
    for i in range(33):
        fresh.update(stamp(i), {})
    for i in range(30):
        show(ours, person, i, (1, 2))

    def no_memory(rows):
        raise RuntimeError("no memory to clear with")

    with monkeypatch.context() as patch:
        fail(ours, patch, StepError("a step failed"))
        patch.setattr(ours.backend, "reset", no_memory)
        for i, ids in [(30, (1, 2)), (31, (1,)), (32, (1,))]:
            activities = show(ours, person, i, ids)
            assert {a.reason for a in activities} == {Reason.RESET_MODEL}
    for i in range(33, 50):
        for mine, theirs in zip(show(ours, person, i, (1, 2)), show(fresh, person, i, (1, 2))):
            assert mine.scores == theirs.scores and mine.state_steps == theirs.state_steps


def test_a_label_that_is_kept_says_its_own_probability_now(saved_folder, person):
    model = ModelFolder.load(saved_folder)
    backend = open_backend(model, 1, backend="onnxruntime")
    logits = np.array([[9.0, 0, 0, 0, 0]], np.float32)
    backend.step = lambda frames, update: (logits, update.copy())
    with Recogniser(model, backend, config=RecogniserConfig(min_hold_sec=0.5)) as recogniser:
        for i in range(30):
            (before,) = show(recogniser, person, i, (1,))
        logits[:] = [[0, 9.0, 0, 0, 0]]
        (kept,) = show(recogniser, person, 30, (1,))
    assert before.label == kept.label == "stand" and before.confidence > 0.99
    own = next(score.score for score in kept.scores if score.label == "stand")
    assert kept.confidence == own < 0.01


def test_a_thousand_people_leave_nothing_behind(open_recogniser, person):
    """Each stays for nine images and misses some; three rows serve them all."""
    recogniser = open_recogniser(max_streams=3, grace_sec=0.1)
    size = recogniser.backend.state_bytes
    for i in range(3000):
        ids = [i // 3 + k for k in range(3)]
        inputs = {f"p{n}": person(n % 7, stamp(i)) if (n + i) % 4 else None for n in ids}
        recogniser.update(stamp(i), inputs)
        assert len(recogniser.streams) <= 6
    assert recogniser.backend.state_bytes == size
    table = recogniser._table
    assert len(table._slots) <= 3 and len(table._events) <= 10_000 and not table._uncleared
    for i in range(3000, 3010):
        recogniser.update(stamp(i), {})
    assert recogniser.streams == () and len(table._slots) == 0
