# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The log of answers: spans, matching with the truth, scores, and a picture with colours."""

import cv2
import numpy as np
import pytest

from co_perception.camera.source import PersonTruth
from co_perception.engine.activity import Activity, Validity
from co_perception.errors import ConfigError
from co_perception.palette import label_rgb
from co_perception.skeleton.types import Skeleton, TrackState
from co_perception.timeline import NOT_USABLE, WARMING_UP, AnswerLog

RATE = 10
SIZE = (640, 480)
SIZE_TOLERANCE_SEC = 0.11


def joints_at(x):
    rng = np.random.default_rng(1)
    return np.column_stack([rng.uniform(x, x + 60, 13), rng.uniform(100, 400, 13)]).astype("f4")


def person_at(x, body_id="p_1", state=TrackState.OK):
    points = np.column_stack([joints_at(x) / SIZE, np.ones(13)]).astype(np.float32)
    return Skeleton("common13", points, SIZE, 0.9, body_id=body_id, track_state=state)


def truth_at(x, label, since_sec=0.0, name="Ada"):
    return PersonTruth(name, label, round(since_sec * 1e9), joints_at(x), np.ones(13, bool))


def says(label, body_id="p_1"):
    return Activity(body_id, Validity.VALID, label=label, confidence=0.9)


def stamp(index):
    return round(index * 1e9 / RATE)


def test_equal_answers_are_one_span():
    log = AnswerLog()
    for index in range(60):
        if index < 10:
            answer = Activity("p_1", Validity.WARMING_UP)
        elif index < 40:
            answer = says("walk")
        else:
            answer = Activity("p_1", Validity.STALE, label="walk")
        log.add(stamp(index), [person_at(100)], [answer])
    spans = log.spans()["p_1"]
    assert [span.text for span in spans] == [WARMING_UP, "walk", NOT_USABLE]
    ends = [span.end_sec for span in spans]
    np.testing.assert_allclose(ends, [1.0, 4.0, 5.9], atol=SIZE_TOLERANCE_SEC)
    assert log.score() is None


def test_a_gap_splits_a_span_and_a_loop_goes_on():
    log = AnswerLog(gap_sec=0.5)
    for at_ns in (0, stamp(1), stamp(2), stamp(40), stamp(41), stamp(0), stamp(1)):
        log.add(at_ns, [person_at(100)], [says("run")])
    first, second = log.spans()["p_1"]
    assert first.end_sec == pytest.approx(0.2)
    assert second.start_sec == pytest.approx(3.5)
    assert second.end_sec == pytest.approx(4.2)


def test_the_score_counts_settled_frames_per_activity():
    log = AnswerLog(settle_sec=1.0)
    for index in range(40):
        label = "walk" if index < 20 else "jump"
        since = 0.0 if index < 20 else 2.0
        answer = {True: says("walk"), False: says("unknown")}[index < 30]
        log.add(stamp(index), [person_at(100)], [answer], [truth_at(105, label, since)])
    score = log.score()
    assert score.counted == {"walk": 10, "jump": 10}
    assert score.right == {"walk": 10}
    assert score.unknown == 10
    assert score.balanced == pytest.approx(0.5)


def test_unanswered_frames_count_against_the_score():
    log = AnswerLog()
    log.add(0, [], [], [truth_at(100, "walk")])
    log.add(
        stamp(1), [person_at(100)], [Activity("p_1", Validity.INVALID)], [truth_at(100, "walk")]
    )
    log.add(stamp(2), [person_at(500)], [says("walk")], [truth_at(100, "walk")])
    score = log.score()
    assert score.counted == {"walk": 3}
    assert score.unanswered == 3
    assert score.balanced == 0.0


def test_two_people_are_told_apart_by_place():
    log = AnswerLog()
    people = [person_at(100, "p_1"), person_at(450, "p_2")]
    answers = [says("walk", "p_1"), says("wave", "p_2")]
    truth = [truth_at(455, "wave", name="Bob"), truth_at(95, "walk", name="Ada")]
    log.add(0, people, answers, truth)
    log.add(stamp(1), people, answers, truth)
    assert log.score().right == {"wave": 2, "walk": 2}
    assert set(log.spans()) == {"Ada", "Bob"}


def test_removed_people_are_left_out():
    log = AnswerLog()
    log.add(0, [person_at(100, state=TrackState.REMOVED)], [says("walk")])
    assert log.spans() == {}


def test_the_picture_shows_truth_and_answer_in_the_activity_s_colour(tmp_path):
    path = tmp_path / "timeline.png"
    log = AnswerLog()
    for index in range(50):
        answer = says("walk") if index < 25 else says("unknown")
        log.add(stamp(index), [person_at(100)], [answer], [truth_at(100, "walk")])
    log.save(path, "a title")
    picture = cv2.imread(str(path))
    walk = np.abs(picture.astype(int) - label_rgb("walk")[::-1]).max(axis=2) <= 3
    # The truth's bar spans the picture, the answer's half of it; the legend adds little.
    rows = walk.sum(axis=1)
    assert rows.max() > 0.6 * picture.shape[1]
    half = (rows > 0.3 * rows.max()) & (rows < 0.7 * rows.max())
    assert half.sum() > 10


def test_an_empty_log_makes_a_picture_too(tmp_path):
    path = tmp_path / "timeline.png"
    AnswerLog().save(path)
    assert cv2.imread(str(path)) is not None


def test_an_unwritable_picture_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        AnswerLog().save(tmp_path / "no" / "folder.png")
