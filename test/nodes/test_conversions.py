# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Between messages and the package's own types."""

import time

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("co_perception.msg")

from std_msgs.msg import Header

from co_perception.engine.activity import Activity, ActivityScore, EventType, Reason, Validity
from co_perception.errors import CoPerceptionError
from co_perception.msg import ActivityEvent as ActivityEventMsg
from co_perception.msg import PersonActivity, SkeletonArray
from co_perception.msg import Skeleton as SkeletonMsg
from co_perception.nodes.conversions import (
    compressed_message,
    duration_message,
    image_from_message,
    image_message,
    stamp_ns,
    time_message,
)
from co_perception.nodes.results import fill_skeletons, person_message, skeletons_from_message
from co_perception.skeleton.types import Skeleton, TrackState

FAST_SEC = 0.02
"""An element-wise copy of a VGA image takes 0.3 s, the right way 0.0001 s."""


@pytest.fixture
def image():
    return np.random.default_rng(4).integers(0, 256, (48, 64, 3), np.uint8)


@pytest.mark.parametrize("nanoseconds", [0, 1, 999_999_999, 10**9, 1_795_408_190_261_584_021])
def test_time_survives_the_way_there_and_back(nanoseconds):
    assert stamp_ns(time_message(nanoseconds)) == nanoseconds


def test_negative_durations_keep_nanoseconds_positive():
    message = duration_message(-500_000_000)
    assert (message.sec, message.nanosec) == (-1, 500_000_000)


def test_image_survives_the_way_there_and_back(image):
    message = image_message(image, Header(frame_id="eye"))
    assert (message.width, message.height, message.step, message.encoding) == (64, 48, 192, "bgr8")
    np.testing.assert_array_equal(image_from_message(message), image)


def test_image_of_a_view_is_sent_as_it_looks(image):
    view = image[::2, ::-1]
    np.testing.assert_array_equal(image_from_message(image_message(view, Header())), view)


def test_image_message_is_filled_in_one_piece():
    picture = np.zeros((480, 640, 3), np.uint8)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        image_message(picture, Header())
        times.append(time.perf_counter() - start)
    assert min(times) < FAST_SEC


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"encoding": "hologram8"}, "hologram8", id="encoding"),
        pytest.param({"height": 49}, "bytes", id="too-few-bytes"),
        pytest.param({"step": 10}, "step 10", id="step"),
        pytest.param({"width": 0}, "0", id="no-width"),
    ],
)
def test_image_that_cannot_be_read_is_refused_with_a_reason(image, changes, said):
    message = image_message(image, Header())
    for name, value in changes.items():
        setattr(message, name, value)
    with pytest.raises(CoPerceptionError, match=said):
        image_from_message(message)


def test_compressed_image_is_a_jpeg(image):
    message = compressed_message(image, Header())
    assert bytes(message.data[:2]) == b"\xff\xd8"
    assert "jpeg" in message.format


def make_skeleton(**changes):
    points = np.random.default_rng(1).random((13, 3)).astype(np.float32)
    points[4] = (np.nan, np.nan, 0.0)
    points[5, 0] = 1.3
    fields = {"layout": "common13", "points": points, "image_size": (640, 480), "confidence": 0.75,
              "body_id": "b1", "track_state": TrackState.OK}  # fmt: skip
    return Skeleton(**{**fields, **changes})


def test_skeletons_survive_the_way_there_and_back():
    world = np.random.default_rng(2).normal(size=(13, 3)).astype(np.float32)
    sent = [make_skeleton(), make_skeleton(body_id="b2", world=world)]
    message = SkeletonArray(joint_layout="common13")
    fill_skeletons(message, Header(frame_id="eye"), (640, 480), sent)
    received, mended = skeletons_from_message(message)
    assert mended == 0
    for a, b in zip(sent, received):
        np.testing.assert_array_equal(a.points, b.points)
        assert (a.body_id, a.track_state, a.confidence, a.image_size) == (
            b.body_id, b.track_state, b.confidence, b.image_size,
        )  # fmt: skip
    assert received[0].world is None
    np.testing.assert_array_equal(received[1].world, world)


def test_person_message_carries_activity_and_track():
    activity = Activity(
        "b1", Validity.HELD, Reason.NO_POSE, 0.5, 7, 10, 20, "wave", 6, 0.8, 15,
        (ActivityScore(6, "wave", 0.7), ActivityScore(0, "stand", 0.2)),
    )  # fmt: skip
    message = person_message(activity, make_skeleton(track_age_ns=2_500_000_000))
    assert (message.body_id, message.label, message.class_id) == ("b1", "wave", 6)
    assert (message.validity, message.reason) == (
        PersonActivity.VALIDITY_HELD, PersonActivity.REASON_NO_POSE,
    )  # fmt: skip
    assert (message.track_age.sec, message.track_age.nanosec) == (2, 500_000_000)
    assert [s.label for s in message.scores] == ["wave", "stand"]
    assert message.pose_confidence == 0.75
    assert message.x_max == 1.0  # clipped to the image
    assert [stamp_ns(t) for t in (message.evidence_start, message.evidence_end)] == [10, 20]
    assert not message.position_valid


def test_activity_of_the_whole_image_has_its_box_and_no_pose():
    message = person_message(Activity("scene", Validity.VALID), None)
    assert (message.x_min, message.y_min, message.x_max, message.y_max) == (0, 0, 1, 1)
    assert message.pose_confidence == -1.0


@pytest.mark.parametrize(
    ("enum", "kind", "prefix"),
    [
        pytest.param(Validity, PersonActivity, "VALIDITY_", id="validity"),
        pytest.param(Reason, PersonActivity, "REASON_", id="reason"),
        pytest.param(TrackState, PersonActivity, "TRACK_", id="track"),
        pytest.param(TrackState, SkeletonMsg, "TRACK_", id="skeleton-track"),
        pytest.param(EventType, ActivityEventMsg, "", id="event"),
    ],
)
def test_enumerations_are_the_messages_own(enum, kind, prefix):
    for member in enum:
        assert getattr(kind, prefix + member.name) == member.value
