# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`pose_rate`: fewer images are looked at, every image is answered, and nothing is invented."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from co_perception.camera.demo.source import DemoSource
from co_perception.engine.activity import Reason, Validity
from co_perception.errors import ConfigError
from co_perception.pipeline import ActivityStage, Pipeline, PipelineConfig, PoseConfig
from co_perception.pose.pace import LookPace
from co_perception.skeleton.types import TrackState

MS = 1_000_000


def choose(pace, stamps_ns):
    """Return which of the images are looked at."""
    chosen = []
    for number, stamp_ns in enumerate(stamps_ns):
        if pace.is_due(stamp_ns):
            pace.looked(stamp_ns)
            chosen.append(number)
    return chosen


@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(-8, 8), min_size=20, max_size=20), st.integers(0, 10**18))
def test_half_of_the_images_of_a_camera_that_jitters(jitter, start_ns):
    stamps = [start_ns + round(k * 1e9 / 30) + j * MS for k, j in enumerate([0, *jitter])]
    assert choose(LookPace(15.0), stamps) == list(range(0, 21, 2))


@pytest.mark.parametrize("camera", [10.0, 14.0, 20.0, 25.0, 31.0, 60.0])
def test_no_more_than_the_rate_and_no_less_than_there_is(camera):
    stamps = [round(k * 1e9 / camera) for k in range(round(10 * camera))]
    assert len(choose(LookPace(15.0), stamps)) == pytest.approx(10 * min(camera, 15.0), abs=1)
    assert len(choose(LookPace(0.0), stamps)) == len(stamps)


def test_slots_are_laid_anew_after_a_long_gap_and_only_then():
    pace = LookPace(15.0)
    assert choose(pace, [0, 33 * MS, 67 * MS]) == [0, 2]
    assert choose(pace, [567 * MS, 600 * MS]) == [0, 1]  # a short one: 600 ms is a slot's start
    assert choose(pace, [2_033 * MS, 2_066 * MS, 2_100 * MS]) == [0, 2]


@pytest.fixture(scope="module")
def frames():
    source = DemoSource(seed=3, real_time=False)
    return [source.read() for _ in range(70)]


def run(frames, **given):
    """Return the results of a pipeline, and how many images its estimator saw."""
    with Pipeline(PipelineConfig.from_flat(given)) as pipeline:
        estimator, seen = pipeline.pose._estimator, []
        estimate = estimator.estimate
        estimator.estimate = lambda image, stamp: (seen.append(stamp), estimate(image, stamp))[1]
        return [pipeline.process(frame) for frame in frames], len(seen)


@pytest.fixture(scope="module")
def slow(real_parts, frames):
    return run(frames, pose_rate=15.0)


def told(activities):
    """Return what is said without the names, which are of a session."""
    return [replace(activity, stream_id="") for activity in activities]


def test_every_image_is_answered_and_half_are_looked_at(slow, frames):
    results, seen = slow
    assert (len(results), seen) == (70, 35)
    assert [result.looked for result in results] == [k % 2 == 0 for k in range(70)]
    assert all(len(result.activities) == 1 for result in results)
    assert len({result.activities[0].stream_id for result in results}) == 1


def test_answers_are_those_of_a_camera_at_the_rate(slow, frames):
    """To the bit: what is left out adds nothing and takes nothing away."""
    alone, seen = run(frames[::2])
    assert seen == 35
    for ours, theirs in zip(slow[0][::2], alone, strict=True):
        assert np.array_equal(ours.skeletons[0].points, theirs.skeletons[0].points)
        assert told(ours.activities) == told(theirs.activities)
    assert slow[0][68].activities[0].validity is Validity.VALID


def test_images_left_out_hold_what_was_known(slow):
    for before, left_out in zip(slow[0][::2], slow[0][1::2], strict=True):
        (was,), (now,) = before.activities, left_out.activities
        assert now.validity is min(was.validity, Validity.HELD)
        assert (now.reason, now.label) == (Reason.NONE, was.label)
        assert (now.state_steps, now.evidence_end_ns) == (was.state_steps, was.evidence_end_ns)
        assert not left_out.events
        (skeleton,) = left_out.skeletons
        assert skeleton.track_state is TrackState.OK
        assert skeleton.track_age_ns == left_out.frame.stamp_ns
        assert np.array_equal(skeleton.points, before.skeletons[0].points)


def test_who_is_lost_stays_lost_and_is_removed_once(real_parts, frames):
    gone = [replace(f, image=np.full_like(f.image, 90)) for f in frames[10:60]]
    results, _ = run([*frames[:10], *gone], pose_rate=15.0)
    states = [[s.track_state for s in result.skeletons] for result in results[10:]]
    (last,) = [k for k, one in enumerate(states) if one == [TrackState.REMOVED]]
    assert results[10 + last].looked
    assert states[:last] == [[TrackState.LOST]] * last
    assert not any(states[last + 1 :])
    assert {r.activities[0].reason for r in results[10 : 10 + last]} == {Reason.LOST}


def test_another_image_size_is_looked_at_at_once(real_parts, frames):
    small = replace(frames[1], image=np.ascontiguousarray(frames[1].image[::2, ::2]))
    results, seen = run([frames[0], small], pose_rate=15.0)
    assert (seen, results[1].looked) == (2, True)


def test_a_reset_is_told_on_images_left_out_too(real_parts, slow):
    skeletons = slow[0][0].skeletons
    with_stage = ActivityStage()
    with_stage.process(skeletons, 0)
    with_stage.reset()
    (activity,) = with_stage.process(skeletons, 33 * MS, looked=False)
    with_stage.close()
    assert (activity.reason, activity.state_steps) == (Reason.RESET_SERVICE, 0)


@pytest.mark.parametrize("rate", [0.5, 4.9, -1.0, float("nan"), 1e6])
def test_rates_without_evidence_are_refused(rate):
    with pytest.raises(ConfigError, match="pose_rate.*expected 0"):
        PoseConfig(pose_rate=rate)
