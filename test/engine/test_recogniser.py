# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

import numpy as np
import pytest

from co_perception.engine import CLASS_NONE, UNKNOWN, EventType, Reason, Validity
from co_perception.errors import ConfigError, ShapeError, StreamError
from co_perception.skeleton.convert import to_layout
from co_perception.skeleton.types import Skeleton, TrackState

SECOND = 1_000_000_000
TICK = round(SECOND / 15)
START = 1_700_000_000 * SECOND


def stamp(index: int, rate: float = 15.0) -> int:
    return START + round(index * SECOND / rate)


def run(recogniser, person, first, last, *, ids=("p1",), rate=15.0, **fields):
    """Show people 1, 2, ... in the images first..last-1; return the activities of each image."""
    return [
        recogniser.update(
            stamp(i, rate),
            {name: person(int(name[1:]), stamp(i, rate), **fields) for name in ids},
        )
        for i in range(first, last)
    ]


def test_validity_goes_from_warming_up_to_valid(open_recogniser, person):
    """16 frames of receptive field, of which half must be real."""
    activities = [a for (a,) in run(open_recogniser(), person, 0, 20)]
    assert [a.validity for a in activities[:7]] == [Validity.WARMING_UP] * 7
    assert {a.validity for a in activities[7:]} == {Validity.VALID}
    np.testing.assert_allclose([a.warmup for a in activities[:16]], np.arange(1, 17) / 16)
    assert activities[-1].warmup == 1.0
    assert [a.state_steps for a in activities] == list(range(1, 21))
    assert {a.reason for a in activities} == {Reason.NONE}


def test_nothing_is_said_before_it_may_be_believed(open_recogniser, person):
    for (activity,) in run(open_recogniser(), person, 0, 7):
        assert not activity.usable
        assert activity.label == "" and activity.class_id == CLASS_NONE
        assert activity.scores == () and activity.confidence == 0.0
        assert activity.evidence_start_ns == activity.evidence_end_ns == 0


def test_a_valid_activity_carries_scores_and_evidence(open_recogniser, person):
    (activity,) = run(open_recogniser(top_k=3), person, 0, 30)[-1]
    assert activity.usable and activity.label
    assert len(activity.scores) == 3
    values = [score.score for score in activity.scores]
    assert values == sorted(values, reverse=True) and 0 < sum(values) <= 1
    assert activity.evidence_end_ns == stamp(29)
    assert activity.evidence_start_ns == stamp(29 - 15)  # 16 frames
    assert START < activity.label_since_ns <= stamp(29)
    known = {score.class_id: score.score for score in activity.scores}
    expected = values[0] if activity.label == UNKNOWN else known[activity.class_id]
    assert activity.confidence == expected


def test_a_missing_pose_is_held_then_stale_and_resumes(open_recogniser, person):
    recogniser = open_recogniser(grace_sec=0.5, max_gap_sec=2.0)
    (before,) = run(recogniser, person, 0, 30)[-1]
    held = [recogniser.update(stamp(i), {"p1": None})[0] for i in range(30, 45)]
    for activity in held:
        assert activity.reason is Reason.NO_POSE
    for activity in held[:7]:  # up to 7 / 15 s after the last output
        assert activity.validity is Validity.HELD and activity.scores == before.scores
    for activity in held[7:]:
        assert activity.validity is Validity.STALE and activity.label == ""
    (after,) = run(recogniser, person, 45, 46)[0]
    # The 15 frames in between were made up: they are fed, but they are no evidence.
    assert after.state_steps == before.state_steps + 16
    assert after.warmup == pytest.approx(1 / 16)
    assert after.validity is Validity.WARMING_UP
    assert run(recogniser, person, 46, 53)[-1][0].validity is Validity.VALID


def test_a_stale_activity_has_ended_and_begins_again(open_recogniser, person):
    recogniser = open_recogniser(
        grace_sec=0.5, max_gap_sec=2.0, enter_threshold=0.0, exit_threshold=0.0, min_hold_sec=0.0
    )
    (before,) = run(recogniser, person, 0, 30)[-1]
    recogniser.take_events()
    for i in range(30, 45):
        recogniser.update(stamp(i), {"p1": None})
    (ended,) = recogniser.take_events()
    assert (ended.type, ended.label) == (EventType.ENDED, before.label)
    assert ended.stamp_ns == stamp(29)
    assert ended.duration_ns == stamp(29) - before.label_since_ns
    (after,) = run(recogniser, person, 45, 60)[-1]
    assert after.usable and after.label_since_ns > stamp(45)


def test_a_short_absence_costs_nothing(open_recogniser, person):
    recogniser = open_recogniser()
    run(recogniser, person, 0, 30)
    recogniser.update(stamp(30), {"p1": None})
    recogniser.update(stamp(31), {})
    (activity,) = run(recogniser, person, 32, 33)[0]
    assert activity.validity is Validity.VALID and activity.warmup == 1.0
    assert activity.state_steps == 33
    assert [e.type for e in recogniser.take_events()].count(EventType.PERSON_ENTERED) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"missing": tuple(range(13))}, Reason.NO_POSE, id="all-missing"),
        pytest.param({"missing": tuple(range(5, 13))}, Reason.FEW_JOINTS, id="five-joints"),
        pytest.param({"missing": (1, 2, 7, 8)}, Reason.FEW_JOINTS, id="no-trunk"),
        pytest.param({"track_state": TrackState.LOST}, Reason.LOST, id="lost"),
    ],
)
def test_the_reason_of_a_missing_pose_is_told(open_recogniser, person, fields, reason):
    recogniser = open_recogniser()
    for (activity,) in run(recogniser, person, 0, 2, **fields):
        assert (activity.validity, activity.reason) == (Validity.INVALID, reason)
        assert activity.state_steps == 0
    run(recogniser, person, 2, 30)
    (activity,) = run(recogniser, person, 30, 31, **fields)[0]
    assert (activity.validity, activity.reason) == (Validity.HELD, reason)


def test_missing_joints_never_reach_the_network_as_nan(open_recogniser, person):
    recogniser = open_recogniser()
    rng = np.random.default_rng(0)
    for i in range(40):
        missing = tuple(rng.choice(np.arange(3, 13), 4, replace=False))
        skeleton = person(1, stamp(i), missing=missing)
        skeleton.points[0] = rng.choice([np.inf, -np.inf, 1e30, np.nan], 3)
        skeleton.points[11, 2] = np.nan
        (activity,) = recogniser.update(stamp(i), {"p1": skeleton})
    assert activity.validity is Validity.VALID
    assert np.isfinite([score.score for score in activity.scores]).all()
    assert recogniser.counters.not_finite == 0
    assert all(np.isfinite(t).all() for t in recogniser.backend.save_state().values())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -101.0])
def test_joints_that_are_nowhere_do_not_count_as_visible(open_recogniser, person, value):
    skeleton = person(1, START)
    skeleton.points[:, 0] = value  # their visibility still says 0.9
    (activity,) = open_recogniser().update(START, {"p1": skeleton})
    assert (activity.validity, activity.reason) == (Validity.INVALID, Reason.NO_POSE)


def test_numbers_that_are_not_finite_are_withheld_and_touch_one_person(open_recogniser, person):
    recogniser, clean = open_recogniser(), open_recogniser()
    ids = ("p1", "p2")
    run(recogniser, person, 0, 30, ids=ids)
    run(clean, person, 0, 30, ids=ids)
    state = recogniser.backend.save_state()
    name = next(n for n, tensor in state.items() if tensor.dtype == np.float32)
    state[name][0] = np.nan
    recogniser.backend.restore_state(state)
    spoiled, other = run(recogniser, person, 30, 31, ids=ids)[0]
    assert (spoiled.validity, spoiled.reason) == (Validity.INVALID, Reason.RESET_MODEL)
    assert spoiled.scores == () and spoiled.state_steps == 0
    assert other == run(clean, person, 30, 31, ids=ids)[0][1]
    assert recogniser.counters.not_finite == 1
    healed, _ = run(recogniser, person, 31, 45, ids=ids)[-1]
    assert healed.validity is Validity.VALID


def test_too_many_people_are_told_and_get_a_row_when_one_is_free(open_recogniser, person):
    recogniser = open_recogniser(max_streams=2)
    ids = ("p1", "p2", "p3")
    first, second, third = run(recogniser, person, 0, 30, ids=ids)[-1]
    assert first.usable and second.usable
    assert (third.validity, third.reason) == (Validity.INVALID, Reason.OVER_LIMIT)
    assert recogniser.counters.over_limit == 30
    recogniser.remove("p1")
    activities = run(recogniser, person, 30, 50, ids=ids[1:])
    assert activities[0][0] is not None and activities[0][1].validity is Validity.WARMING_UP
    assert activities[-1][1].usable


def test_a_row_that_is_lent_again_starts_cold(open_recogniser, person):
    recogniser, fresh = open_recogniser(max_streams=1), open_recogniser(max_streams=1)
    run(recogniser, person, 0, 30)
    recogniser.remove("p1")
    run(recogniser, person, 30, 45, ids=("p2",))
    for i in range(30):
        fresh.update(stamp(i), {})
    run(fresh, person, 30, 45, ids=("p2",))
    assert run(recogniser, person, 45, 50, ids=("p2",)) == run(fresh, person, 45, 50, ids=("p2",))


def test_who_is_not_named_for_the_grace_time_has_left(open_recogniser, person):
    recogniser = open_recogniser(grace_sec=1.0)
    run(recogniser, person, 0, 30)
    recogniser.take_events()
    for i in range(30, 45):
        assert recogniser.update(stamp(i), {}) == []
        assert recogniser.streams == (("p1",) if i <= 44 else ())
    recogniser.update(stamp(45), {})
    assert recogniser.streams == ()
    (*_, left) = recogniser.take_events()
    assert left.type is EventType.PERSON_LEFT and left.stamp_ns == stamp(45)
    assert left.duration_ns == stamp(29) - START


def test_a_removed_person_is_told_once_and_forgotten(open_recogniser, person):
    recogniser = open_recogniser()
    run(recogniser, person, 0, 30)
    (last,) = run(recogniser, person, 30, 31, track_state=TrackState.REMOVED)[0]
    assert last.reason is Reason.LOST and recogniser.streams == ()
    (unheard,) = run(recogniser, person, 31, 32, track_state=TrackState.REMOVED)[0]
    assert (unheard.validity, unheard.reason) == (Validity.INVALID, Reason.LOST)
    assert recogniser.streams == ()
    left = [e for e in recogniser.take_events() if e.type is EventType.PERSON_LEFT]
    assert len(left) == 1


def test_events_begin_and_end_activities(open_recogniser, person):
    """A label that starts also ends, at the latest when its person leaves."""
    recogniser = open_recogniser(enter_threshold=0.3, exit_threshold=0.2, min_hold_sec=0.0)
    activities = [a for (a,) in run(recogniser, person, 0, 200)]
    recogniser.remove("p1")
    events = recogniser.take_events()
    assert events[0].type is EventType.PERSON_ENTERED
    assert events[-1].type is EventType.PERSON_LEFT
    edges = events[1:-1]
    assert len(edges) >= 4  # the swinging person is not always the same
    assert [e.type for e in edges] == [EventType.STARTED, EventType.ENDED] * (len(edges) // 2)
    for start, end in zip(edges[::2], edges[1::2]):
        assert start.label == end.label and start.stream_id == "p1"
        assert end.duration_ns == end.stamp_ns - start.stamp_ns
        shown = [a for a in activities if a.label_since_ns == start.stamp_ns]
        assert {a.label for a in shown} == {start.label}
    assert recogniser.take_events() == []


def test_the_label_follows_the_scores_when_nothing_is_held(open_recogniser, person):
    recogniser = open_recogniser(enter_threshold=0.0, exit_threshold=0.0, min_hold_sec=0.0)
    labels = set()
    for (activity,) in run(recogniser, person, 7, 100)[8:]:
        assert activity.label == activity.scores[0].label
        assert activity.confidence == activity.scores[0].score
        labels.add(activity.label)
    assert len(labels) > 1


def test_nobody_is_sure_means_unknown(open_recogniser, person):
    recogniser = open_recogniser(enter_threshold=1.0, exit_threshold=1.0)
    (activity,) = run(recogniser, person, 0, 60)[-1]
    assert activity.usable and activity.label == UNKNOWN and activity.class_id == CLASS_NONE
    assert activity.confidence == activity.scores[0].score


@pytest.mark.parametrize("layout", ["mediapipe33", "coco17", "openpose18", "hri18"])
def test_other_layouts_are_converted(open_recogniser, person, layout):
    recogniser, reference = open_recogniser(), open_recogniser()
    for i in range(20):
        skeleton = person(1, stamp(i))
        points = to_layout(skeleton.points, "common13", layout, has_visibility=True)
        other = Skeleton(layout, points, skeleton.image_size, 0.9, track_state=TrackState.OK)
        ours = recogniser.update(stamp(i), {"p1": other})
        assert ours == reference.update(stamp(i), {"p1": skeleton})
    assert ours[0].usable


def test_a_wrong_skeleton_is_refused_by_name_and_changes_nothing(open_recogniser, person):
    recogniser, reference = open_recogniser(), open_recogniser()
    good = person(1, stamp(30))
    run(recogniser, person, 0, 30)
    run(reference, person, 0, 30)
    wrong = [
        (ConfigError, "mediapipe33.*'blob'", {"layout": "blob"}),
        (ShapeError, r"'coco17': expected points \(17, 3\).*'common13'", {"layout": "coco17"}),
        (ShapeError, r"points \(13, 3\), got \(13, 2\)", {"points": good.points[:, :2]}),
        (ShapeError, "image size above 0, got 0 x 480", {"image_size": (0, 480)}),
    ]
    for error, message, fields in wrong:
        bad = Skeleton(**{**vars(good), **fields})
        with pytest.raises(error, match=message):
            recogniser.update(stamp(30), {"p2": person(2, stamp(30)), "p1": bad})
    assert run(recogniser, person, 30, 40) == run(reference, person, 30, 40)


def test_reset_starts_one_or_all_anew_and_says_so(open_recogniser, person):
    recogniser = open_recogniser()
    ids = ("p1", "p2")
    run(recogniser, person, 0, 30, ids=ids)
    assert recogniser.reset("nobody") == 0
    assert recogniser.reset("p2") == 1
    first, second = run(recogniser, person, 30, 31, ids=ids)[0]
    assert first.validity is Validity.VALID and first.reason is Reason.NONE
    assert second.validity is Validity.WARMING_UP and second.reason is Reason.RESET_SERVICE
    assert second.state_steps == 1
    assert recogniser.reset(reason=Reason.RESET_MODEL) == 2
    later = run(recogniser, person, 31, 40, ids=ids)
    assert {a.reason for a in later[0]} == {Reason.RESET_MODEL}
    assert all(a.usable for a in later[-1])
    assert {a.reason for a in later[-1]} == {Reason.NONE}


def test_reset_with_nobody_and_nothing_seen_is_no_error(open_recogniser):
    recogniser = open_recogniser()
    assert recogniser.reset() == 0
    recogniser.remove("p1")
    assert recogniser.update(START, {}) == []
    assert recogniser.step_rate == 0.0


def test_an_empty_id_is_refused(open_recogniser, person):
    with pytest.raises(StreamError, match="track the skeletons first"):
        open_recogniser().update(START, {"": person(1, START)})


def test_one_thread_owns_the_recogniser(open_recogniser, person):
    recogniser = open_recogniser()
    failures = []

    def foreign() -> None:
        for call in (recogniser.reset, recogniser.take_events, recogniser.close):
            try:
                call()
            except StreamError as error:
                failures.append(str(error))

    recogniser.update(START, {})
    thread = threading.Thread(target=foreign, name="callback")
    thread.start()
    thread.join(10)
    assert len(failures) == 3
    assert all("'MainThread' owns it, 'callback' called" in text for text in failures)


def test_a_closed_recogniser_says_so(open_recogniser):
    recogniser = open_recogniser()
    recogniser.close()
    recogniser.close()
    with pytest.raises(StreamError, match="closed"):
        recogniser.update(START, {})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"grace_sec": -1.0}, "'grace_sec': expected a number in 0.1..60, got -1.0"),
        ({"top_k": 2.0}, "'top_k': expected a whole number"),
        ({"threads": True}, "'threads': expected a whole number"),
        ({"min_visibility": float("nan")}, "'min_visibility'"),
        ({"max_interpolation_sec": 2.0}, "'max_interpolation_sec': expected at most max_gap_sec"),
        ({"enter_threshold": 0.2}, r"'exit_threshold': expected at most enter_threshold \(0.2\)"),
        ({"min_joints": 14}, "'min_joints': expected at most 13"),
    ],
)
def test_wrong_parameters_are_refused_by_name(open_recogniser, config, message):
    with pytest.raises(ConfigError, match=message):
        open_recogniser(**config)
