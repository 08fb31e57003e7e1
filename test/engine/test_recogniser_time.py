# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from co_perception.engine import Reason, Validity
from co_perception.skeleton.features import clip_features

torch = pytest.importorskip("torch", reason="the clip network is the oracle")

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
CLIP_TOLERANCE = 1e-4
"""Of probabilities 0..1, engine against clip network: float32 through features and network."""
BATCH_TOLERANCE = 1e-6
"""Of probabilities 0..1, other batchings of the same rows."""
RATE = 15.0


def stamps(rate: float, seconds: float) -> list[int]:
    return [START + round(i * SECOND / rate) for i in range(int(seconds * rate) + 1)]


def scores_of(activity, count=5) -> np.ndarray:
    row = np.full(count, np.nan)
    for score in activity.scores:
        row[score.class_id] = score.score
    return row


def resample(person, images: list[int]) -> np.ndarray:
    """An oracle of its own: joints at the ticks by np.interp, images within 10 ms as they are."""
    points = np.stack([person(1, t).points for t in images]).astype(np.float64)
    ticks = START + np.arange(int((images[-1] - START) * RATE / SECOND + 1e-6) + 1) * SECOND / RATE
    nearest = np.array(images)[np.abs(np.array(images)[None] - ticks[:, None]).argmin(axis=1)]
    times = np.where(np.abs(nearest - ticks) <= 10_000_000, nearest, ticks)
    flat = points.reshape(len(images), -1)
    columns = [np.interp(times - START, np.array(images) - START, column) for column in flat.T]
    return np.stack(columns, axis=1).reshape(len(ticks), 13, 3).astype(np.float32)


@pytest.mark.parametrize("rate", [5.0, 10.0, 12.5, 15.0, 25.0, 30.0, 60.0])
def test_the_stream_equals_the_clip_network_at_any_camera_rate(
    open_recogniser, person, network, rate
):
    """From stamps to scores: every output equals the clip network on the resampled joints."""
    images = stamps(rate, 4.0)
    recogniser = open_recogniser()
    ours, steps = [], []
    for t in images:
        (activity,) = recogniser.update(t, {"p1": person(1, t)})
        if activity.validity is Validity.VALID:
            ours.append(scores_of(activity))
            steps.append(activity.state_steps)
    clip = clip_features(resample(person, images), (640 / 480, 1.0), RATE)
    with torch.inference_mode():
        dense = network.forward_dense(torch.from_numpy(clip)[None])[0]
        expected = dense.softmax(dim=0).numpy().T
    assert steps[-1] == len(expected) and len(ours) > 10
    # Velocities differ where the oracle takes equal steps and the engine true ones: only where
    # images were taken as they are.
    np.testing.assert_allclose(ours, expected[np.array(steps) - 1], atol=CLIP_TOLERANCE)


@pytest.mark.parametrize("rate", [5.0, 10.0, 15.0, 30.0, 60.0])
def test_the_model_steps_at_its_own_rate(open_recogniser, person, rate):
    recogniser = open_recogniser()
    images = stamps(rate, 6.0)
    activities = [recogniser.update(t, {"p1": person(1, t)})[0] for t in images]
    assert activities[-1].state_steps == 6.0 * RATE + 1
    assert recogniser.counters.steps == 6.0 * RATE + 1
    assert recogniser.step_rate == pytest.approx(RATE, rel=0.05)
    usable = [a.validity for a in activities if a.usable]
    expected = {5.0: 1.0, 10.0: 1.0, 15.0: 1.0, 30.0: 0.5, 60.0: 0.25}[rate]
    assert usable.count(Validity.VALID) / len(usable) == pytest.approx(expected, abs=0.03)


def test_a_held_image_repeats_the_scores(open_recogniser, person):
    recogniser = open_recogniser()
    activities = [recogniser.update(t, {"p1": person(1, t)})[0] for t in stamps(30.0, 2.0)]
    for before, after in itertools.pairwise(activities[20:]):
        if after.validity is Validity.HELD:
            assert after.scores == before.scores and after.reason is Reason.NONE
            assert after.evidence_end_ns == before.evidence_end_ns


def test_a_camera_that_is_too_slow_is_never_believed(open_recogniser, person):
    """At two images per second nearly all frames are made up."""
    recogniser = open_recogniser()
    for t in stamps(2.0, 20.0):
        (activity,) = recogniser.update(t, {"p1": person(1, t)})
        assert not activity.usable
    assert activity.state_steps == 20 * RATE + 1


def test_a_gap_between_images_starts_everyone_anew(open_recogniser, person):
    recogniser = open_recogniser(max_gap_sec=1.0)
    for t in stamps(RATE, 2.0):
        recogniser.update(t, {"p1": person(1, t), "p2": person(2, t)})
    late = START + 3 * SECOND + 1
    activities = recogniser.update(late, {"p1": person(1, late), "p2": person(2, late)})
    for activity in activities:
        assert activity.validity is Validity.WARMING_UP
        assert activity.reason is Reason.RESET_GAP and activity.state_steps == 1
    assert recogniser.counters.gaps == 1


def test_the_longest_gap_is_bridged(open_recogniser, person):
    recogniser = open_recogniser(max_gap_sec=1.0)
    for t in stamps(RATE, 2.0):
        recogniser.update(t, {"p1": person(1, t)})
    late = START + 3 * SECOND
    (activity,) = recogniser.update(late, {"p1": person(1, late)})
    assert activity.state_steps == 3 * RATE + 1 and recogniser.counters.gaps == 0


def test_a_person_who_is_away_too_long_starts_anew_alone(open_recogniser, person):
    recogniser = open_recogniser(max_gap_sec=1.0)
    for t in stamps(RATE, 5.0):
        hidden = 2 * SECOND < t - START < 4 * SECOND
        first, second = recogniser.update(
            t, {"p1": None if hidden else person(1, t), "p2": person(2, t)}
        )
        if t == START + 4 * SECOND:
            assert (first.validity, first.reason) == (Validity.WARMING_UP, Reason.RESET_GAP)
            assert first.state_steps == 1
    assert first.usable and first.reason is Reason.NONE
    assert second.state_steps == 5 * RATE + 1


@pytest.mark.parametrize("back_sec", [0.1, 1.5, 1000.0])
def test_a_jump_back_starts_everyone_anew(open_recogniser, person, back_sec):
    recogniser, fresh = open_recogniser(), open_recogniser()
    for t in stamps(RATE, 2.0):
        recogniser.update(t, {"p1": person(1, t), "p2": person(2, t)})
    begin = START + 2 * SECOND - round(back_sec * SECOND)
    for i in range(30):
        t = begin + round(i * SECOND / RATE)
        (activity,) = recogniser.update(t, {"p1": person(1, t)})
        (reference,) = fresh.update(t, {"p1": person(1, t)})
        assert activity.scores == reference.scores
        if not activity.usable:
            assert activity.reason is Reason.RESET_TIME_JUMP
    assert activity.usable
    assert recogniser.streams == ("p1",)  # how long p2 was away cannot be told
    assert recogniser.counters.time_jumps == 1


def test_a_looping_file_warms_up_again_each_time(open_recogniser, person):
    recogniser = open_recogniser()
    for _ in range(3):
        for t in stamps(RATE, 2.0):
            (activity,) = recogniser.update(t, {"p1": person(1, t)})
        assert activity.usable and activity.state_steps == 31
    assert recogniser.counters.time_jumps == 2


def test_stragglers_and_duplicates_are_held_and_counted(open_recogniser, person):
    recogniser, reference = open_recogniser(), open_recogniser()
    for i, t in enumerate(stamps(RATE, 3.0)):
        (activity,) = recogniser.update(t, {"p1": person(1, t)})
        (expected,) = reference.update(t, {"p1": person(1, t)})
        assert activity == expected
        if i > 10:
            for again in (t, t - 40_000_000):
                (held,) = recogniser.update(again, {"p1": person(3, t)})
                assert held.validity is Validity.HELD and held.scores == activity.scores
    assert recogniser.counters.duplicates == recogniser.counters.stragglers == 35


def test_a_straggler_changes_nothing_even_for_who_was_not_seen_since(open_recogniser, person):
    recogniser = open_recogniser()
    times = stamps(RATE, 2.0)
    for t in times[:-1]:
        recogniser.update(t, {"p1": person(1, t)})
    (missed,) = recogniser.update(times[-1], {"p1": None})
    late = times[-1] - 5_000_000  # it would settle the last tick
    (held,) = recogniser.update(late, {"p1": person(1, late)})
    assert held.validity is Validity.HELD and held.state_steps == missed.state_steps


def test_images_of_one_stamp_may_bring_people_one_by_one(open_recogniser, person):
    recogniser, together = open_recogniser(), open_recogniser()
    for t in stamps(RATE, 2.0):
        apart = [recogniser.update(t, {f"p{n}": person(n, t)})[0] for n in (1, 2)]
        both = together.update(t, {f"p{n}": person(n, t) for n in (1, 2)})
    for ours, expected in zip(apart, both):
        assert ours.state_steps == expected.state_steps
        np.testing.assert_allclose(scores_of(ours), scores_of(expected), atol=BATCH_TOLERANCE)


def test_an_image_that_changes_its_resolution_changes_nothing(open_recogniser, person):
    recogniser, reference = open_recogniser(), open_recogniser()
    for i, t in enumerate(stamps(RATE, 3.0)):
        size = (640, 480) if i < 20 else (1280, 960)
        (activity,) = recogniser.update(t, {"p1": person(1, t, size=size)})
        (expected,) = reference.update(t, {"p1": person(1, t)})
        assert activity == expected


def play(recogniser, person, script) -> dict[str, list]:
    """Show people as a script of (stamp, {id: visible}) says; collect each one's activities."""
    told: dict[str, list] = {}
    for t, scene in script:
        inputs = {name: person(int(name[1:]), t) if seen else None for name, seen in scene.items()}
        for activity in recogniser.update(t, inputs):
            told.setdefault(activity.stream_id, []).append(activity)
    return told


def assert_same_answers(ours: list, alone: list) -> None:
    assert len(ours) == len(alone)
    for a, b in zip(ours, alone):
        assert (a.validity, a.reason, a.state_steps) == (b.validity, b.reason, b.state_steps)
        assert (a.warmup, a.evidence_start_ns, a.evidence_end_ns) == (
            b.warmup,
            b.evidence_start_ns,
            b.evidence_end_ns,
        )
        np.testing.assert_allclose(scores_of(a), scores_of(b), atol=BATCH_TOLERANCE)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_people_together_equal_each_alone(open_recogniser, person, data):
    """People come, pause, are reset and go at random; images jitter: nobody sees the others."""
    people = data.draw(st.integers(2, 5))
    seed = data.draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)
    gaps = rng.integers(5, 180, 70) * 1_000_000
    times = START + np.concatenate([[0], np.cumsum(gaps)])
    present = rng.random((people, len(times))) < 0.97
    begin, end = rng.integers(0, 40, people), rng.integers(45, len(times), people)
    script = [
        (
            int(t),
            {
                f"p{n}": bool(present[n, i])
                for n in range(people)
                if begin[n] <= i < end[n] and rng.random() < 0.98
            },
        )
        for i, t in enumerate(times)
    ]
    together = play(open_recogniser(max_streams=people), person, script)
    for n in range(people):
        name = f"p{n}"
        own = [(t, {k: v for k, v in scene.items() if k == name}) for t, scene in script]
        alone = play(open_recogniser(max_streams=1), person, own)
        assert_same_answers(together.get(name, []), alone.get(name, []))


@pytest.mark.parametrize("backend", ["onnxruntime", "torch"])
def test_the_same_calls_give_the_same_answers(open_recogniser, person, backend):
    script = [
        (t, {"p1": i % 7 != 3, "p2": i > 5, **({"p3": True} if i % 20 < 12 else {})})
        for i, t in enumerate(stamps(22.0, 3.0))
    ]
    first = play(open_recogniser(backend=backend), person, script)
    assert play(open_recogniser(backend=backend), person, script) == first


def test_both_backends_say_the_same(open_recogniser, person):
    script = [(t, {"p1": True, "p2": i > 20}) for i, t in enumerate(stamps(25.0, 4.0))]
    ours = play(open_recogniser(backend="onnxruntime"), person, script)
    reference = play(open_recogniser(backend="torch"), person, script)
    for name, activities in ours.items():
        for a, b in zip(activities, reference[name]):
            np.testing.assert_allclose(scores_of(a), scores_of(b), atol=CLIP_TOLERANCE)
            assert a.validity == b.validity
