# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The whole way, in three processes and in one: demo camera, files, recordings, ends."""

import signal

import pytest
from sensor_msgs.msg import Image

from co_perception.camera import open_source
from co_perception.msg import ActivityArray, ModelInfo, PersonActivity, SkeletonArray
from co_perception.nodes.conversions import stamp_ns
from co_perception.nodes.qos import ACTIVITY_MODEL, IMAGE
from co_perception.pose.asset import find_pose_asset

QUEUE = 200


@pytest.fixture(scope="module", autouse=True)
def _needs_the_pose_asset():
    pytest.importorskip("mediapipe")
    find_pose_asset()


def stamps_of(messages):
    return [stamp_ns(message.header.stamp) for message in messages]


def run_to_its_end(ros, parameters):
    """Run a fused node whose topics are known before its first image; return it, ended."""
    node = ros.start("perception_node", {**parameters, "autostart": False})
    assert ros.change("perception_node", "configure")
    ros.until(lambda: ros.node.count_publishers("activity"), "the topic")
    ros.spin(1.0)  # that the node knows its subscribers, nobody tells
    assert ros.change("perception_node", "activate")
    ros.until(lambda: node.process.poll() is not None, "the end of the node")
    ros.spin(0.5)
    assert node.wait() == 0
    return node


def usable(answers):
    return [p for a in answers for p in a.persons if p.validity >= PersonActivity.VALIDITY_HELD]


def test_three_nodes_answer_once_for_each_processed_image(ros):
    skeletons = ros.listen(SkeletonArray, "skeletons", QUEUE)
    answers = ros.listen(ActivityArray, "activity", QUEUE)
    names = ("activity_node", "pose_node", "camera_node")
    parameters = {"camera_node": {"camera": "demo", "rate": 15.0}}
    nodes = [ros.start(name, parameters.get(name)) for name in names]
    ros.until(lambda: len(usable(answers)) > 20 and len(skeletons) > 20, "usable answers")
    ros.spin(0.5)
    codes = [node.stop() for node in reversed(nodes)]
    assert codes == [0, 0, 0]
    assert not any("Traceback" in node.output for node in nodes)
    # Both topics are reliable, but discovery takes up to seconds and either may come first.
    first = max(stamps_of(answers)[0], stamps_of(skeletons)[0])
    heard = {stamp for stamp in stamps_of(answers) if stamp >= first}
    assert len(heard) > 5
    # A publisher keeps five: a starved machine may lose a few.
    assert len(heard - set(stamps_of(skeletons))) <= 10
    assert len(set(stamps_of(answers))) == len(answers)
    sequence = [a.sequence for a in answers]
    assert sequence == list(range(sequence[0], sequence[0] + len(answers)))
    assert {a.header.frame_id for a in answers} == {"camera_optical_frame"}
    assert all(0 < a.latency.sec * 1e9 + a.latency.nanosec < 20e9 for a in answers)
    assert len({p.body_id for a in answers[-20:] for p in a.persons}) == 1


def test_fused_node_leaves_video_and_timeline_and_ends_by_itself(ros, tmp_path):
    answers = ros.listen(ActivityArray, "activity", QUEUE)
    skeletons = ros.listen(SkeletonArray, "skeletons", QUEUE)
    models = ros.listen(ModelInfo, "activity_model", ACTIVITY_MODEL)
    node = run_to_its_end(
        ros,
        {
            "camera": "demo", "rate": 15.0, "duration_sec": 6.0,
            "record": str(tmp_path / "demo.mp4"), "timeline": str(tmp_path / "timeline.png"),
        },
    )  # fmt: skip
    assert "Traceback" not in node.output
    assert models and usable(answers)
    assert stamps_of(answers) == stamps_of(skeletons)
    with open_source(str(tmp_path / "demo.mp4"), real_time=False) as video:
        frames = sum(1 for _ in video)
    assert frames == pytest.approx(6 * 15, abs=12)
    assert (tmp_path / "timeline.png").stat().st_size > 5000


def test_fused_node_reads_a_file_without_losing_a_frame(ros, clip):
    """An empty scene: still one answer for each image."""
    answers = ros.listen(ActivityArray, "activity", QUEUE)
    run_to_its_end(ros, {"camera": str(clip), "real_time": False})
    assert len(answers) == 60
    assert {a.dropped_images for a in answers} == {0}
    assert all(a.persons == [] for a in answers)
    steps = [b - a for a, b in zip(stamps_of(answers), stamps_of(answers)[1:])]
    assert steps == pytest.approx([50e6] * 59, rel=0.01)


def test_fused_node_at_a_pose_rate_answers_every_image_and_looks_at_half(ros, clip):
    answers = ros.listen(ActivityArray, "activity", QUEUE)
    skeletons = ros.listen(SkeletonArray, "skeletons", QUEUE)
    run_to_its_end(ros, {"camera": str(clip), "real_time": False, "pose_rate": 10.0})
    assert len(answers) == 60
    assert {a.dropped_images for a in answers} == {s.dropped_images for s in skeletons} == {0}
    assert [s.sequence for s in skeletons] == list(range(30))
    assert stamps_of(skeletons) == stamps_of(answers)[::2]


def test_fused_node_on_a_real_clip_finds_one_person_and_loses_nothing(ros, clips_dir):
    answers = ros.listen(ActivityArray, "activity", QUEUE)
    clip = clips_dir / "tfjs_pose_squats.mp4"
    run_to_its_end(ros, {"camera": str(clip), "real_time": False})
    assert len(answers) == 65
    assert sum(len(a.persons) == 1 for a in answers) >= 60
    assert (answers[0].image_width, answers[0].image_height) == (720, 1280)
    assert usable(answers)


def test_fused_images_cross_only_for_subscribers_and_never_in_privacy(ros):
    answers = ros.listen(ActivityArray, "activity", QUEUE)
    ros.start("perception_node", {"rate": 10.0})
    ros.until(lambda: len(answers) > 2, "answers")
    topics = dict(ros.node.get_topic_names_and_types())
    assert "/image" in topics and "/overlay" in topics
    images = ros.listen(Image, "image", IMAGE)
    pictures = ros.listen(Image, "overlay", 1)
    ros.until(lambda: images, "an image")
    known = set(stamps_of(answers))
    ros.spin(0.3)
    assert images[0].header.frame_id == "camera_optical_frame"
    assert set(stamps_of(images)) & (known | set(stamps_of(answers)))
    assert not pictures or pictures[0].width == 640


def test_privacy_means_that_no_image_topic_exists(ros):
    answers = ros.listen(ActivityArray, "activity", QUEUE)
    ros.start("perception_node", {"privacy": True, "rate": 10.0})
    ros.until(lambda: len(answers) > 2, "answers")
    topics = dict(ros.node.get_topic_names_and_types())
    assert "/activity" in topics
    assert "sensor_msgs/msg/Image" not in {kind for kinds in topics.values() for kind in kinds}


def test_fused_node_goes_through_its_states_several_times(ros):
    answers = ros.listen(ActivityArray, "activity", QUEUE)
    node = ros.start("perception_node", {"autostart": False, "rate": 10.0})
    for _ in range(3):
        assert ros.change("perception_node", "configure")
        answers.clear()
        assert ros.change("perception_node", "activate")
        ros.until(lambda: len(answers) > 2, "answers")
        assert not ros.change("perception_node", "cleanup")
        assert ros.change("perception_node", "deactivate")
        ros.spin(0.3)
        count = len(answers)
        ros.spin(0.5)
        assert len(answers) == count
        assert ros.change("perception_node", "cleanup")
    assert node.stop(signal.SIGTERM, signal.SIGINT) == 0
    assert "Traceback" not in node.output


def test_interrupt_while_recording_leaves_a_video_that_plays(ros, tmp_path):
    answers = ros.listen(ActivityArray, "activity", QUEUE)
    path = tmp_path / "cut.mp4"
    node = ros.start("perception_node", {"record": str(path), "rate": 10.0})
    ros.until(lambda: len(answers) > 10, "answers")
    assert node.stop(signal.SIGINT, signal.SIGINT) == 0
    with open_source(str(path), real_time=False) as video:
        assert sum(1 for _ in video) >= 8


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        pytest.param({"camera": "/nowhere.mp4"}, "no such file", id="camera"),
        pytest.param({"record": "/nowhere/x.mp4"}, "its folder does not exist", id="record"),
        pytest.param({"timeline": "/nowhere/x.png"}, "does not exist", id="timeline"),
        pytest.param({"estimator": "crystal_ball"}, "crystal_ball", id="estimator"),
    ],
)
def test_what_cannot_start_ends_with_a_reason(ros, parameters, said):
    node = ros.start("perception_node", parameters)
    assert node.wait() == 1
    assert said in node.output
    assert "Traceback" not in node.output
