# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""activity_node and perception_node with a model of whole images, over DDS."""

import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from co_perception.msg import ActivityArray, ModelInfo, PersonActivity
from co_perception.nodes.conversions import image_message, stamp_ns, time_message
from co_perception.nodes.qos import ACTIVITY_MODEL, IMAGE
from co_perception.srv import LoadModel, ResetState

START_NS = 1_000_000_000_000
RATE = 15.0
WARM = 32
"""Images until the first output that the network's delay allows."""


class Feed:
    """Publishes images of noise as a camera would."""

    def __init__(self, ros):
        self.ros, self.count = ros, 0
        self.publisher = ros.node.create_publisher(Image, "image", IMAGE)
        self.answers = ros.listen(ActivityArray, "activity")

    def connect(self):
        self.ros.until(lambda: self.publisher.get_subscription_count() > 0, "the subscription")
        self.ros.spin(0.3)

    def message(self, size=(48, 64)):
        pixels = np.random.default_rng(self.count).integers(0, 256, (*size, 3), np.uint8)
        stamp = START_NS + round(self.count / RATE * 1e9)
        self.count += 1
        return image_message(pixels, Header(stamp=time_message(stamp), frame_id="eye"))

    def exchange(self, message):
        before = len(self.answers)
        self.publisher.publish(message)
        self.ros.until(lambda: len(self.answers) > before, "an answer")
        return self.answers[-1]


@pytest.fixture
def feed(ros):
    return Feed(ros)


def test_activity_node_answers_images_of_any_size_for_the_scene(ros, feed, scene_folder):
    models = ros.listen(ModelInfo, "activity_model", ACTIVITY_MODEL)
    node = ros.start("activity_node", {"model": str(scene_folder), "rotate": 90})
    feed.connect()
    sent = [feed.message(size=(48 + k, 64)) for k in range(WARM + 8)]
    for message in sent:
        feed.exchange(message)
    unknown = feed.message()
    unknown.encoding = "hologram8"
    feed.publisher.publish(unknown)
    ros.until(lambda: "hologram8" in node.output, "the line in the log")
    last = feed.exchange(feed.message())
    reset = ros.call(ResetState, "activity_node/reset", ResetState.Request(body_id="scene"))
    assert (reset.success, reset.cleared) == (True, 1)
    cold = feed.exchange(feed.message()).persons[0]
    other = LoadModel.Request(path="starter")
    refused = ros.call(LoadModel, "activity_node/load_model", other)
    same = ros.call(
        LoadModel, "activity_node/load_model", LoadModel.Request(path=str(scene_folder))
    )
    reloaded = feed.exchange(feed.message()).persons[0]
    assert node.stop() == 0
    assert "Traceback" not in node.output
    answers = feed.answers
    assert [a.header for a in answers[: len(sent)]] == [m.header for m in sent]
    assert [a.sequence for a in answers] == list(range(len(answers)))
    assert all(len(a.persons) == 1 for a in answers)
    assert (answers[1].image_width, answers[1].image_height) == (49, 64)  # turned
    first, warm = answers[0].persons[0], last.persons[0]
    assert first.validity == PersonActivity.VALIDITY_WARMING_UP and first.label == ""
    assert warm.validity == PersonActivity.VALIDITY_VALID and warm.label
    assert warm.body_id == "scene" and warm.pose_confidence == -1.0
    assert (warm.x_min, warm.y_min, warm.x_max, warm.y_max) == (0.0, 0.0, 1.0, 1.0)
    assert not warm.position_valid and warm.track_state == PersonActivity.TRACK_OK
    assert stamp_ns(warm.evidence_end) == stamp_ns(last.header.stamp)
    assert stamp_ns(warm.track_age) == stamp_ns(last.header.stamp) - START_NS
    assert last.dropped_images == 1
    assert (cold.reason, cold.state_steps) == (PersonActivity.REASON_RESET_SERVICE, 1)
    assert (models[0].joint_layout, list(models[0].joint_names)) == ("", [])
    assert not refused.success and "configured for whole images" in refused.message
    assert same.success and reloaded.reason == PersonActivity.REASON_RESET_MODEL


def test_a_best_effort_camera_is_heard_and_no_image_goes_uncounted(ros, scene_folder):
    from rclpy.qos import QoSProfile, QoSReliabilityPolicy

    feed = Feed(ros)
    offered = QoSProfile(depth=5, reliability=QoSReliabilityPolicy.BEST_EFFORT)
    feed.publisher = ros.node.create_publisher(Image, "image", offered)
    ros.start("activity_node", {"model": str(scene_folder), "image_reliability": "best_effort"})
    feed.connect()
    feed.exchange(feed.message())
    sent = [feed.message() for _ in range(4)]  # a queue of five loses none of them
    for message in sent:
        feed.publisher.publish(message)
    ros.until(lambda: feed.answers[-1].header == sent[-1].header, "the last answer")
    assert sum(a.dropped_images + 1 for a in feed.answers) == 5


def test_an_absent_camera_is_named(ros, scene_folder):
    node = ros.start("activity_node", {"model": str(scene_folder)})
    ros.until(lambda: "no publisher found" in node.output, "the watchdog's line")
    assert "'/image'" in node.output


def test_perception_node_needs_no_poses_for_the_scene(ros, clip, scene_folder, tmp_path):
    answers = ros.listen(ActivityArray, "activity", 100)
    ros.environment["PYTHONPATH"] = f"{_without_mediapipe(tmp_path)}:{_python_path(ros)}"
    node = ros.start(
        "perception_node",
        {"camera": str(clip), "real_time": False, "model": str(scene_folder),
         "record": str(tmp_path / "out.mp4"), "autostart": False},
    )  # fmt: skip
    assert ros.change("perception_node", "configure")
    refused = ros.call(LoadModel, "perception_node/load_model", LoadModel.Request(path="starter"))
    assert not refused.success and "configured for whole images" in refused.message
    assert ros.change("perception_node", "activate")
    assert node.wait() == 0
    ros.spin(0.5)
    assert "Traceback" not in node.output
    assert (tmp_path / "out.mp4").exists()
    topics = [name for name, _ in ros.node.get_topic_names_and_types()]
    assert "/skeletons" not in topics
    assert answers[-1].sequence == 59
    scene = answers[-1].persons[0]
    assert scene.body_id == "scene" and scene.validity >= PersonActivity.VALIDITY_HELD


def _python_path(ros) -> str:
    return ros.environment.get("PYTHONPATH", "")


def _without_mediapipe(folder):
    """A place whose mediapipe cannot be imported: a node that needed it would fail."""
    place = folder / "no_mediapipe"
    place.mkdir()
    (place / "mediapipe.py").write_text("raise ImportError('not wanted here')\n")
    return place
