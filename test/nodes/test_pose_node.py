# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""pose_node as its own process, fed with images of the rendered person."""

import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from co_perception.camera import open_source
from co_perception.msg import Skeleton, SkeletonArray
from co_perception.nodes.conversions import image_message, time_message
from co_perception.nodes.qos import IMAGE, image_subscription_qos
from co_perception.pose.asset import find_pose_asset

START_NS = 1_000_000_000_000
STEP_NS = 66_666_667


@pytest.fixture(scope="module", autouse=True)
def _needs_the_pose_asset():
    pytest.importorskip("mediapipe")
    find_pose_asset()


@pytest.fixture(scope="module")
def pictures():
    """Every other of 60 frames of the rendered person, 640 x 480."""
    with open_source("demo", rate=30.0, real_time=False) as source:
        return [source.read().image for _ in range(60)][::2]


class Feed:
    """Publishes images as a camera would."""

    def __init__(self, ros, qos=IMAGE):
        self.ros, self.count = ros, 0
        self.publisher = ros.node.create_publisher(Image, "image", qos)
        self.answers = ros.listen(SkeletonArray, "skeletons")

    def connect(self):
        self.ros.until(lambda: self.publisher.get_subscription_count() > 0, "the subscription")
        self.ros.spin(0.3)

    def message(self, picture, stamp_ns=None):
        if stamp_ns is None:
            stamp_ns = START_NS + self.count * STEP_NS
        self.count += 1
        return image_message(picture, Header(stamp=time_message(stamp_ns), frame_id="eye"))

    def exchange(self, message):
        before = len(self.answers)
        self.publisher.publish(message)
        self.ros.until(lambda: len(self.answers) > before, "skeletons")
        return self.answers[-1]


def test_one_message_for_each_image_with_its_header_and_one_id(ros, pictures):
    feed = Feed(ros)
    node = ros.start("pose_node")
    feed.connect()
    empty = np.full_like(pictures[0], 120)
    for picture in [empty, *pictures[:12]]:
        message = feed.message(picture)
        answer = feed.exchange(message)
        assert answer.header == message.header
    assert node.stop() == 0
    assert "Traceback" not in node.output
    assert [a.sequence for a in feed.answers] == list(range(13))
    assert feed.answers[0].skeletons == []
    found = [a.skeletons[0] for a in feed.answers[1:] if a.skeletons]
    assert len(found) >= 11
    assert len({s.body_id for s in found}) == 1
    assert found[0].body_id[0].isalpha()
    assert found[0].track_state == Skeleton.TRACK_NEW
    assert answer.joint_layout == "mediapipe33"
    assert answer.estimator.startswith("mediapipe")
    assert (answer.image_width, answer.image_height) == (640, 480)
    assert len(found[0].image_points) == 99


def test_images_that_cannot_be_read_are_dropped_counted_and_explained(ros, pictures):
    feed = Feed(ros)
    diagnostics = ros.diagnostics()
    node = ros.start("pose_node")
    feed.connect()
    feed.exchange(feed.message(pictures[0]))
    unknown, short = feed.message(pictures[1]), feed.message(pictures[2])
    unknown.encoding = "hologram8"
    short.data = short.data[:1000]
    for bad in (unknown, short):
        feed.publisher.publish(bad)
        ros.spin(0.5)
    answer = feed.exchange(feed.message(pictures[3]))
    assert (len(feed.answers), answer.dropped_images) == (2, 2)
    assert "got 'hologram8'" in node.output and "1000 bytes" in node.output
    ros.until(
        lambda: diagnostics.get("pose_node", {}).get("bad: StreamError") == "1", "diagnostics"
    )
    assert diagnostics["pose_node"]["bad: ConfigError"] == "1"
    assert node.stop() == 0


def test_an_image_of_another_size_and_stamps_that_go_back_are_borne(ros, pictures):
    feed = Feed(ros)
    node = ros.start("pose_node")
    feed.connect()
    for picture in pictures[:3]:
        feed.exchange(feed.message(picture))
    small = np.ascontiguousarray(pictures[3][::2, ::2])
    answer = feed.exchange(feed.message(small))
    assert (answer.image_width, answer.image_height) == (320, 240)
    answer = feed.exchange(feed.message(small, stamp_ns=START_NS - 10**9))
    assert answer.header.stamp == time_message(START_NS - 10**9)
    assert "Image size changed from (640, 480) to (320, 240)" in node.output
    assert "stamps went back by" in node.output
    assert node.stop() == 0


def test_images_between_two_looks_bring_no_message(ros, pictures):
    feed = Feed(ros)
    ros.start("pose_node", {"pose_rate": 15.0})
    feed.connect()
    looked = []
    for k in range(0, 6, 2):
        stamp_ns = START_NS + k * STEP_NS // 2
        looked.append(feed.exchange(feed.message(pictures[k], stamp_ns)))
        feed.publisher.publish(feed.message(pictures[k], stamp_ns + STEP_NS // 2))
        ros.spin(0.2)
    assert len(feed.answers) == len(looked)
    assert [s.sequence for s in looked] == [0, 1, 2]
    assert looked[-1].skeletons[0].track_state == Skeleton.TRACK_OK


def test_turned_images_are_turned_back(ros, pictures):
    feed = Feed(ros)
    ros.start("pose_node", {"rotate": 90})
    feed.connect()
    lying = np.ascontiguousarray(np.rot90(pictures[0], k=1))
    answers = [feed.exchange(feed.message(lying)) for _ in range(3)]
    assert (answers[-1].image_width, answers[-1].image_height) == (640, 480)
    person = answers[-1].skeletons[0]
    assert person.y_max - person.y_min > 1.2 * (person.x_max - person.x_min)


def test_deactivate_releases_the_estimator_and_activate_brings_it_back(ros, pictures):
    feed = Feed(ros)
    node = ros.start("pose_node")
    feed.connect()
    for _ in range(3):
        assert feed.exchange(feed.message(pictures[0])).sequence == 0
        assert ros.change("pose_node", "deactivate")
        assert not ros.change("pose_node", "deactivate")
        assert ros.change("pose_node", "activate")
        feed.connect()
    assert node.stop() == 0
    assert "Traceback" not in node.output


def test_images_faster_than_the_estimator_are_dropped_and_counted(ros, pictures):
    feed = Feed(ros, image_subscription_qos("reliable", depth=100))
    ros.start("pose_node")
    feed.connect()
    small = [np.ascontiguousarray(picture[::4, ::4]) for picture in pictures]
    feed.exchange(feed.message(small[0]))
    # At once; what DDS itself loses of them no message can tell of.
    for picture in small * 2:
        feed.publisher.publish(feed.message(picture))
    last = START_NS + (feed.count - 1) * STEP_NS
    ros.until(lambda: feed.answers[-1].header.stamp == time_message(last), "the last image")
    assert 0 < sum(a.dropped_images for a in feed.answers) <= 60
    assert [a.sequence for a in feed.answers] == list(range(len(feed.answers)))
