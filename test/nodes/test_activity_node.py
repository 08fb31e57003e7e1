# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""activity_node as its own process, fed with skeletons of generated motion."""

import math
from array import array
from dataclasses import fields

import numpy as np
import pytest
from std_msgs.msg import Header
from std_srvs.srv import SetBool

from co_perception.engine.stream_table import Counters
from co_perception.motion import generate_clip, project, sample_view
from co_perception.msg import (
    ActivityArray,
    ActivityEvent,
    ModelInfo,
    PersonActivity,
    Skeleton,
    SkeletonArray,
)
from co_perception.nodes.conversions import stamp_ns, time_message
from co_perception.nodes.qos import ACTIVITY_EVENTS, ACTIVITY_MODEL, SKELETONS
from co_perception.srv import LoadModel, ResetState

WIDTH, HEIGHT, RATE = 640, 480, 15.0
START_NS = 1_000_000_000_000


@pytest.fixture(scope="module")
def motion():
    """(T, 13, 3): ten seconds of waving in image shares, all joints visible."""
    view = sample_view(seed=5, split="judge", width=WIDTH, height=HEIGHT)
    pixels = project(generate_clip("wave", 10.0, RATE, seed=3, split="judge"), view)
    shares = pixels / (WIDTH, HEIGHT)
    return np.concatenate([shares, np.ones((*shares.shape[:2], 1))], axis=2)


class Feed:
    """Publishes skeletons of the motion as an estimator would."""

    def __init__(self, ros, motion):
        self.ros, self.motion, self.sequence = ros, motion, 0
        self.publisher = ros.node.create_publisher(SkeletonArray, "skeletons", SKELETONS)
        self.sent = []

    def connect(self):
        self.ros.until(lambda: self.publisher.get_subscription_count() > 0, "the subscription")

    def message(self, k, people=1, body_id="p{}", dropped=0):
        stamp = START_NS + round(k / RATE * 1e9)
        message = SkeletonArray(
            header=Header(stamp=time_message(stamp), frame_id="eye"),
            sequence=self.sequence, image_width=WIDTH, image_height=HEIGHT,
            dropped_images=dropped, estimator="test", joint_layout="common13",
        )  # fmt: skip
        points = self.motion[k % len(self.motion)]
        for person in range(people):
            skeleton = Skeleton(
                body_id=body_id.format(person), track_state=Skeleton.TRACK_OK, confidence=0.9
            )
            skeleton.image_points = array("f", (points + (0.2 * person, 0, 0)).ravel().tolist())
            message.skeletons.append(skeleton)
        return message

    def send(self, message):
        self.sequence = message.sequence + 1
        self.sent.append(message)
        self.publisher.publish(message)

    def exchange(self, message, answers):
        """Send one message and wait for its answer."""
        before = len(answers)
        self.send(message)
        self.ros.until(lambda: len(answers) > before, "an answer")
        return answers[-1]


@pytest.fixture
def feed(ros, motion):
    return Feed(ros, motion)


def test_one_answer_for_each_image_with_its_header_and_honest_validity(ros, feed):
    answers = ros.listen(ActivityArray, "activity")
    models = ros.listen(ModelInfo, "activity_model", ACTIVITY_MODEL)
    node = ros.start("activity_node")
    feed.connect()
    for k in range(60):
        feed.exchange(feed.message(k, people=0 if k < 5 else 2), answers)
    assert node.stop() == 0
    assert "Traceback" not in node.output
    assert [a.header for a in answers] == [m.header for m in feed.sent]
    assert [a.sequence for a in answers] == list(range(60))
    assert [len(a.persons) for a in answers] == [0] * 5 + [2] * 55
    assert {a.dropped_images for a in answers} == {0}
    assert all((a.image_width, a.image_height) == (WIDTH, HEIGHT) for a in answers)
    first, last = answers[5].persons[0], answers[-1].persons[0]
    assert first.validity == PersonActivity.VALIDITY_WARMING_UP
    assert (first.label, first.class_id) == ("", PersonActivity.CLASS_NONE)
    assert last.validity == PersonActivity.VALIDITY_VALID
    assert last.label and last.warmup == 1.0
    assert sum(score.score for score in last.scores) <= 1.001
    assert stamp_ns(last.evidence_end) <= stamp_ns(answers[-1].header.stamp)
    assert last.track_age.sec + last.track_age.nanosec / 1e9 == pytest.approx(54 / RATE, abs=1e-3)
    assert answers[-1].step_rate == pytest.approx(models[0].expected_rate, rel=0.1)
    assert answers[-1].model_id == models[0].model_id
    assert answers[-1].compute.sec == 0 and answers[-1].compute.nanosec > 0


def test_model_info_reaches_those_who_come_late(ros, feed):
    ros.start("activity_node")
    feed.connect()
    models = ros.listen(ModelInfo, "activity_model", ACTIVITY_MODEL)
    ros.until(lambda: models, "the model's card")
    card = models[0]
    assert card.joint_layout == "common13" and len(card.joint_names) == 13
    assert len(card.labels) >= 10 and card.backend and len(card.weights_sha256) == 64


def test_every_image_is_answered_or_counted_as_dropped(ros, feed):
    answers = ros.listen(ActivityArray, "activity", 100)
    ros.start("activity_node")
    feed.connect()
    feed.exchange(feed.message(0), answers)
    for k in range(1, 200):  # faster than anybody can follow
        feed.send(feed.message(k, people=8))
    ros.until(lambda: answers[-1].header == feed.sent[-1].header, "the last answer")
    assert sum(a.dropped_images + 1 for a in answers) == 200
    assert len(answers) < 200
    assert [a.sequence for a in answers] == list(range(len(answers)))


def test_what_the_stage_before_dropped_is_passed_on(ros, feed):
    answers = ros.listen(ActivityArray, "activity")
    ros.start("activity_node")
    feed.connect()
    dropped = [0, 0, 3, 0, 1]
    for k, number in enumerate(dropped):
        feed.exchange(feed.message(k, dropped=number), answers)
    assert [a.dropped_images for a in answers] == dropped


def test_bad_messages_are_dropped_counted_and_explained(ros, feed):
    answers = ros.listen(ActivityArray, "activity")
    diagnostics = ros.diagnostics()
    node = ros.start("activity_node")
    feed.connect()
    feed.exchange(feed.message(0), answers)
    unknown, short, empty = (feed.message(k) for k in (1, 2, 3))
    unknown.joint_layout = "octopus8"
    short.skeletons[0].image_points = array("f", [0.5] * 12)
    empty.image_width = 0
    for bad in (unknown, short, empty):
        bad.sequence = feed.sequence
        feed.send(bad)
        ros.spin(0.2)
    answer = feed.exchange(feed.message(4), answers)
    assert len(answers) == 2
    assert answer.dropped_images == 3
    assert "octopus8" in node.output and "mediapipe33" in node.output
    assert "expected 39 numbers" in node.output
    ros.until(
        lambda: diagnostics.get("activity_node", {}).get("bad: ShapeError") == "2",
        "the count in the diagnostics",
    )
    assert diagnostics["activity_node"]["bad: ConfigError"] == "1"


def test_what_the_engine_counts_is_in_the_diagnostics(ros, feed):
    answers = ros.listen(ActivityArray, "activity")
    diagnostics = ros.diagnostics()
    ros.start("activity_node", {"max_streams": 1})
    feed.connect()
    for k in (0, 1, 2, 2):
        persons = feed.exchange(feed.message(k, people=2), answers).persons
        assert persons[1].reason == PersonActivity.REASON_OVER_LIMIT

    def told():
        values = diagnostics.get("activity_node", {})
        return {k[8:]: n for k, n in values.items() if k.startswith("engine: ")}

    ros.until(lambda: told().get("images") == "4", "the count in the diagnostics")
    counted = told()
    assert counted.keys() == {field.name.replace("_", " ") for field in fields(Counters)}
    assert (counted["over limit"], counted["duplicates"]) == ("4", "1")
    assert counted["failed steps"] == counted["over budget"] == counted["shed"] == "0"


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_joints_that_are_no_numbers_are_taken_as_missing(ros, feed, number):
    answers = ros.listen(ActivityArray, "activity")
    node = ros.start("activity_node")
    feed.connect()
    for k in range(40):
        message = feed.message(k)
        points = message.skeletons[0].image_points
        points[0:3] = array("f", [number, number, 1.0])  # visible, they say
        answer = feed.exchange(message, answers)
    person = answer.persons[0]
    assert person.validity == PersonActivity.VALIDITY_VALID
    assert all(math.isfinite(score.score) for score in person.scores)
    assert math.isfinite(person.x_min)
    ros.until(lambda: "taken as missing" in node.output, "the line in the log")


def test_time_that_goes_back_resets_and_says_so(ros, feed):
    answers = ros.listen(ActivityArray, "activity")
    node = ros.start("activity_node")
    feed.connect()
    for k in range(200, 240):
        feed.exchange(feed.message(k), answers)
    person = feed.exchange(feed.message(10), answers).persons[0]
    assert person.reason == PersonActivity.REASON_RESET_TIME_JUMP
    assert person.validity < PersonActivity.VALIDITY_HELD
    assert person.label == ""
    assert "went back by" in node.output


def test_gap_in_time_resets_and_says_so(ros, feed):
    answers = ros.listen(ActivityArray, "activity")
    ros.start("activity_node")
    feed.connect()
    for k in range(40):
        feed.exchange(feed.message(k), answers)
    person = feed.exchange(feed.message(40 + round(3 * RATE)), answers).persons[0]
    assert person.reason == PersonActivity.REASON_RESET_GAP


def test_skeletons_without_ids_are_tracked_here(ros, feed):
    answers = ros.listen(ActivityArray, "activity")
    events = ros.listen(ActivityEvent, "activity_events", ACTIVITY_EVENTS)
    ros.start("activity_node", {"grace_sec": 0.3})
    feed.connect()
    for k in range(20):
        feed.exchange(feed.message(k, people=2, body_id=""), answers)
    ids = {person.body_id for answer in answers for person in answer.persons}
    assert len(ids) == 2 and all(name[0].isalpha() for name in ids)
    for k in range(20, 30):
        feed.exchange(feed.message(k, people=0, body_id=""), answers)
    states = [p.track_state for a in answers[20:] for p in a.persons]
    assert states.count(PersonActivity.TRACK_REMOVED) == 2
    assert answers[-1].persons == []
    left = [e.body_id for e in events if e.type == ActivityEvent.PERSON_LEFT]
    assert sorted(left) == sorted(ids)
    assert {e.header.frame_id for e in events} == {"eye"}


def test_reset_service_makes_people_cold(ros, feed):
    answers = ros.listen(ActivityArray, "activity")
    ros.start("activity_node")
    feed.connect()
    for k in range(40):
        feed.exchange(feed.message(k, people=2), answers)
    one = ros.call(ResetState, "activity_node/reset", ResetState.Request(body_id="p1"))
    assert (one.success, one.cleared) == (True, 1)
    persons = {p.body_id: p for p in feed.exchange(feed.message(40, 2), answers).persons}
    assert persons["p1"].reason == PersonActivity.REASON_RESET_SERVICE
    assert persons["p0"].validity >= PersonActivity.VALIDITY_HELD
    nobody = ros.call(ResetState, "activity_node/reset", ResetState.Request(body_id="zed"))
    assert not nobody.success and "p0, p1" in nobody.message
    everybody = ros.call(ResetState, "activity_node/reset", ResetState.Request())
    assert (everybody.success, everybody.cleared) == (True, 2)


def test_load_model_refuses_what_does_not_fit_and_keeps_the_old_one(ros, feed, tmp_path):
    answers = ros.listen(ActivityArray, "activity")
    models = ros.listen(ModelInfo, "activity_model", ACTIVITY_MODEL)
    node = ros.start("activity_node")
    feed.connect()
    before = feed.exchange(feed.message(0), answers)
    (tmp_path / "model.yaml").write_text("format_version: 99\n")
    for path in (str(tmp_path), "/nowhere"):
        answer = ros.call(LoadModel, "activity_node/load_model", LoadModel.Request(path=path))
        assert not answer.success and answer.message
    assert feed.exchange(feed.message(1), answers).model_id == before.model_id
    good = ros.call(LoadModel, "activity_node/load_model", LoadModel.Request(path="starter"))
    assert (good.success, good.message) == (True, before.model_id)
    ros.until(lambda: len(models) == 2, "the new model's card")
    after = feed.exchange(feed.message(2), answers)
    assert after.persons[0].reason == PersonActivity.REASON_RESET_MODEL
    ros.until(lambda: node.output.count(f"{before.model_id} on ") == 2, "what runs, once each")


def test_enable_pauses_the_work_without_counting_it_as_loss(ros, feed):
    answers = ros.listen(ActivityArray, "activity")
    ros.start("activity_node")
    feed.connect()
    feed.exchange(feed.message(0), answers)
    assert ros.call(SetBool, "activity_node/enable", SetBool.Request(data=False)).success
    for k in range(1, 5):
        feed.send(feed.message(k))
    ros.spin(0.5)
    assert len(answers) == 1
    assert ros.call(SetBool, "activity_node/enable", SetBool.Request(data=True)).success
    answer = feed.exchange(feed.message(5), answers)
    assert (answer.sequence, answer.dropped_images) == (1, 0)


def test_services_of_an_inactive_node_say_what_to_do(ros):
    ros.start("activity_node", {"autostart": False})
    assert ros.change("activity_node", "configure")
    answer = ros.call(ResetState, "activity_node/reset", ResetState.Request())
    assert not answer.success and "activate it first" in answer.message


def test_activation_starts_a_new_count_with_everybody_cold(ros, feed):
    answers = ros.listen(ActivityArray, "activity")
    node = ros.start("activity_node")
    feed.connect()
    for _ in range(3):
        for k in range(3):
            answer = feed.exchange(feed.message(k), answers)
            assert answer.sequence == k
            assert answer.dropped_images == 0
        assert answer.persons[0].state_steps <= 3
        assert ros.change("activity_node", "deactivate")
        assert ros.change("activity_node", "activate")
        feed.connect()
    assert node.stop() == 0
    assert "Traceback" not in node.output
    assert node.output.count(f"{answer.model_id} on ") == 4  # what runs, at each activation


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        pytest.param({"model": "no_such_model"}, "Model 'no_such_model'", id="model"),
        pytest.param({"backend": "abacus"}, "abacus", id="backend"),
        pytest.param({"enter_threshold": 0.2, "exit_threshold": 0.9}, "exit_threshold", id="pair"),
    ],
)
def test_what_cannot_be_configured_ends_the_node_with_a_reason(ros, parameters, said):
    node = ros.start("activity_node", parameters)
    assert node.wait() == 1
    assert said in node.output
    assert "Traceback" not in node.output


def test_silence_is_explained_with_publishers_and_their_qos(ros):
    from rclpy.qos import QoSProfile, QoSReliabilityPolicy

    offered = QoSProfile(depth=5, reliability=QoSReliabilityPolicy.BEST_EFFORT)
    diagnostics = ros.diagnostics()
    ros.node.create_publisher(SkeletonArray, "skeletons", offered)
    node = ros.start("activity_node")
    ros.until(lambda: "CANNOT match" in node.output, "the watchdog's line")
    line = next(line for line in node.output.splitlines() if "CANNOT match" in line)
    assert "/skeletons" in line and "/observer offers BEST_EFFORT" in line
    ros.until(
        lambda: "CANNOT" in diagnostics.get("activity_node", {}).get("message", ""), "diagnostics"
    )
