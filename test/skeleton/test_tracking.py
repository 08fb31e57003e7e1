# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Stable ids: births, absence, return, removal, crossing people, time that goes back."""

import numpy as np
import pytest

from co_perception.errors import ConfigError
from co_perception.skeleton import Skeleton, TrackState
from co_perception.skeleton.tracking import PersonTracker, TrackerConfig, joint_distance

PERIOD_NS = 33_333_333


def person(x: float, y: float = 0.5, *, height: float = 0.5, confidence: float = 0.9) -> Skeleton:
    points = np.ones((13, 3), np.float32)
    points[:, 0] = x + np.tile([-0.02, 0.02], 7)[:13]
    points[:, 1] = y + np.linspace(-height / 2, height / 2, 13)
    return Skeleton("common13", points, (640, 480), confidence)


def ids(skeletons: list[Skeleton]) -> list[str]:
    return [s.body_id for s in skeletons]


def test_one_person_keeps_the_id():
    tracker = PersonTracker()
    seen = [tracker.update([person(0.2 + 0.01 * t)], t * PERIOD_NS)[0] for t in range(50)]
    assert len(set(ids(seen))) == 1
    assert [s.track_state for s in seen[:3]] == [TrackState.NEW, TrackState.OK, TrackState.OK]
    assert seen[-1].track_age_ns == 49 * PERIOD_NS
    assert seen[0].body_id[0].isalpha()


@pytest.mark.parametrize("seed", range(5))
def test_ids_do_not_depend_on_the_order_of_the_estimator(seed):
    rng = np.random.default_rng(seed)
    tracker = PersonTracker()
    places = np.array([0.15, 0.5, 0.85])
    first = None
    for t in range(40):
        places = places + rng.normal(0, 0.004, 3)
        order = rng.permutation(3)
        answer = tracker.update([person(places[i]) for i in order], t * PERIOD_NS)
        by_place = {round(float(s.points[:, 0].mean()), 3): s.body_id for s in answer}
        names = [by_place[x] for x in sorted(by_place)]
        first = first or names
        assert names == first


def test_absent_person_is_lost_then_comes_back():
    tracker = PersonTracker(TrackerConfig(grace_sec=1.0))
    born = tracker.update([person(0.3)], 0)[0]
    for t in range(1, 20):
        (lost,) = tracker.update([], t * PERIOD_NS)
        assert (lost.body_id, lost.track_state) == (born.body_id, TrackState.LOST)
    (back,) = tracker.update([person(0.33)], 20 * PERIOD_NS)
    assert (back.body_id, back.track_state) == (born.body_id, TrackState.OK)


def test_person_is_removed_once_after_the_grace_time():
    tracker = PersonTracker(TrackerConfig(grace_sec=0.5))
    born = tracker.update([person(0.3)], 0)[0]
    (gone,) = tracker.update([], 600_000_000)
    assert (gone.body_id, gone.track_state) == (born.body_id, TrackState.REMOVED)
    assert tracker.update([], 700_000_000) == []
    (other,) = tracker.update([person(0.3)], 800_000_000)
    assert other.body_id != born.body_id


def test_ids_are_never_used_again():
    seen = set()
    for _ in range(5):
        tracker = PersonTracker()
        for t in range(4):
            seen.update(ids(tracker.update([person(0.3)], t)))
            tracker.reset()
    assert len(seen) == 20


def test_session_makes_ids_repeatable():
    runs = [ids(PersonTracker(session="a").update([person(0.3)], 0)) for _ in range(2)]
    assert runs[0] == runs[1] == ["pa_1"]


def test_a_far_skeleton_is_somebody_else():
    tracker = PersonTracker()
    born = tracker.update([person(0.1)], 0)[0]
    answer = tracker.update([person(0.9)], PERIOD_NS)
    assert [s.track_state for s in answer] == [TrackState.NEW, TrackState.LOST]
    assert answer[1].body_id == born.body_id


def test_time_going_back_ends_every_track():
    tracker = PersonTracker()
    born = tracker.update([person(0.3)], 10**9)[0]
    new, gone = tracker.update([person(0.3)], 0)
    assert (gone.body_id, gone.track_state) == (born.body_id, TrackState.REMOVED)
    assert new.body_id != born.body_id and new.track_state == TrackState.NEW


def test_repeated_stamp_keeps_the_id():
    tracker = PersonTracker()
    born = tracker.update([person(0.3)], 5)[0]
    assert ids(tracker.update([person(0.3)], 5)) == [born.body_id]


def test_one_person_seen_twice_is_one_person():
    tracker = PersonTracker()
    sure, unsure = person(0.3), person(0.305, confidence=0.6)
    (only,) = tracker.update([unsure, sure], 0)
    assert only.confidence == 0.9


def test_reset_tells_who_is_gone():
    tracker = PersonTracker(session="s")
    tracker.update([person(0.2), person(0.8)], 0)
    assert sorted(tracker.reset()) == ["ps_1", "ps_2"]
    assert tracker.update([], PERIOD_NS) == []


def test_distance_needs_common_joints_and_layouts():
    a, b = person(0.3), person(0.3)
    assert joint_distance(a, b) == 0.0
    b.points[:, 2] = 0.0
    assert joint_distance(a, b) == np.inf
    c = Skeleton("coco17", np.ones((17, 3), np.float32), (640, 480), 1.0)
    assert joint_distance(a, c) == np.inf


def test_skeleton_without_joints_is_tracked_without_error():
    tracker = PersonTracker()
    empty = Skeleton("common13", np.full((13, 3), np.nan, np.float32), (640, 480), 0.5)
    tracker.update([empty], 0)
    assert tracker.update([empty, person(0.5)], PERIOD_NS)


def test_bad_parameters_are_named():
    with pytest.raises(ConfigError, match="max_distance.*> 0.*-1"):
        TrackerConfig(max_distance=-1)
    with pytest.raises(ConfigError, match="grace_sec"):
        TrackerConfig(grace_sec=-0.1)
