# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The stages together, with real MediaPipe and the real model on the demo person."""

from dataclasses import replace

import numpy as np
import pytest

from co_perception.camera import open_source
from co_perception.engine.activity import EventType, Reason, Validity
from co_perception.errors import ShapeError
from co_perception.pipeline import Pipeline, PipelineConfig, PoseConfig, PoseStage
from co_perception.skeleton.types import TrackState

pytestmark = pytest.mark.usefixtures("real_parts")

RATE = 15
COUNT = 45
FOUND_SHARE = 0.9
"""Of the demo's frames, at least, have the person's skeleton."""


@pytest.fixture(scope="module")
def frames():
    with open_source("demo", rate=RATE, seed=3, real_time=False) as source:
        return [source.read() for _ in range(COUNT)]


@pytest.fixture
def pipeline():
    with Pipeline(PipelineConfig.from_flat({"max_people": 1})) as pipeline:
        yield pipeline


def ids(result):
    return [s.body_id for s in result.skeletons if s.track_state != TrackState.REMOVED]


def removed(skeletons):
    return [s.body_id for s in skeletons if s.track_state == TrackState.REMOVED]


def test_one_person_is_followed_and_the_answer_warms_up(pipeline, frames):
    results = [pipeline.process(frame) for frame in frames]
    for result in results:
        assert [s.body_id for s in result.skeletons] == [a.stream_id for a in result.activities]
        assert set(result.timings) == {"pose", "activity"}
        assert all(seconds >= 0 for seconds in result.timings.values())
    assert np.mean([bool(ids(result)) for result in results]) >= FOUND_SHARE
    assert len({body_id for result in results for body_id in ids(result)}) == 1
    warmups = [a.warmup for result in results for a in result.activities]
    assert warmups[0] < 0.2
    assert warmups[-1] == pytest.approx(1.0)
    assert results[0].activities[0].validity < Validity.HELD
    assert results[-1].activities[0].usable
    entered = [e for r in results for e in r.events if e.type == EventType.PERSON_ENTERED]
    assert [event.stream_id for event in entered] == [ids(results[0])[0]]


def test_skeletons_lie_on_the_person(pipeline, frames):
    for frame in frames[:10]:
        result = pipeline.process(frame)
    (truth,), (skeleton,) = frame.truth, result.skeletons
    low, high = truth.joints_px.min(axis=0), truth.joints_px.max(axis=0)
    x_min, y_min, x_max, y_max = np.array(skeleton.box) * (640, 480, 640, 480)
    height = high[1] - low[1]
    assert abs((x_min + x_max) / 2 - (low[0] + high[0]) / 2) < 0.15 * height
    assert abs((y_min + y_max) / 2 - (low[1] + high[1]) / 2) < 0.15 * height


def test_a_loop_starts_all_stages_anew(pipeline, frames):
    for frame in frames[:20]:
        last = pipeline.process(frame)
    first = pipeline.process(replace(frames[0], loop=1))
    assert removed(first.skeletons) == ids(last)
    gone = next(a for a in first.activities if a.stream_id == ids(last)[0])
    assert (gone.validity, gone.reason) == (Validity.INVALID, Reason.LOST)
    (new_id,) = ids(first)
    assert new_id not in ids(last)
    new = next(a for a in first.activities if a.stream_id == new_id)
    assert new.warmup < 0.2


def test_a_jump_back_in_time_starts_anew_without_a_loop_being_said(pipeline, frames):
    for frame in frames[:20]:
        last = pipeline.process(frame)
    back = pipeline.process(frames[2])
    assert removed(back.skeletons) == ids(last)
    assert back.activities[0].warmup < 0.2


def test_repeated_and_slightly_late_stamps_keep_the_person(pipeline, frames):
    for frame in frames[:5]:
        before = pipeline.process(frame)
    again = pipeline.process(frames[4])
    late = pipeline.process(replace(frames[5], stamp_ns=frames[4].stamp_ns - 20_000_000))
    after = pipeline.process(frames[6])
    assert ids(before) == ids(again) == ids(late) == ids(after)


def test_an_image_that_changes_size_mid_stream_starts_tracks_anew(pipeline, frames):
    for frame in frames[:5]:
        before = pipeline.process(frame)
    wide = np.zeros((480, 800, 3), np.uint8)
    wide[:, 80:720] = frames[5].image
    changed = pipeline.process(replace(frames[5], image=wide))
    assert removed(changed.skeletons) == ids(before)
    assert all(s.image_size == (800, 480) for s in changed.skeletons if s.body_id in ids(changed))
    for frame in frames[6:10]:
        image = np.ascontiguousarray(np.pad(frame.image, ((0, 0), (80, 80), (0, 0))))
        result = pipeline.process(replace(frame, image=image))
    assert len(ids(result)) == 1


def test_an_empty_scene_has_no_people_and_ages_the_track(pipeline, frames):
    for frame in frames[:5]:
        before = pipeline.process(frame)
    empty = np.full_like(frames[0].image, 90)
    states = []
    for frame in frames[5:30]:
        result = pipeline.process(replace(frame, image=empty))
        states += [s.track_state for s in result.skeletons]
    assert set(states[:-1]) == {TrackState.LOST}
    assert states[-1] == TrackState.REMOVED
    assert not result.skeletons
    assert before.skeletons


def test_reset_reports_people_as_removed_at_the_next_image(frames):
    stage = PoseStage(PoseConfig())
    before = stage.process(frames[0].image, 0)
    stage.reset()
    after = stage.process(frames[1].image, 10_000_000)
    assert removed(after) == [before[0].body_id]
    stage.close()
    stage.close()


def test_smoothing_can_be_left_out(frames):
    smooth, raw = PoseStage(PoseConfig()), PoseStage(PoseConfig(smooth=False))
    for frame in frames[:6]:
        (a,), (b,) = (stage.process(frame.image, frame.stamp_ns) for stage in (smooth, raw))
    assert not np.allclose(a.points, b.points, atol=1e-6)
    assert np.nanmax(np.abs(a.points[:, :2] - b.points[:, :2])) < 0.05
    assert smooth.layout == raw.layout == "mediapipe33"


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 3), np.float32)],
    ids=["grey", "empty", "float"],
)
def test_an_image_of_another_kind_is_refused(pipeline, image):
    with pytest.raises(ShapeError, match=r"expected a BGR image \(H, W, 3\) of uint8, got shape"):
        pipeline.pose.process(image, 0)
