# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The messages are the contract of the package: exactly these fields, each with a comment."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TRACK = ["uint8 TRACK_NEW=0", "uint8 TRACK_OK=1", "uint8 TRACK_LOST=2", "uint8 TRACK_REMOVED=3"]
BOX = ["float32 x_min", "float32 y_min", "float32 x_max", "float32 y_max"]
HEADER = "std_msgs/Header header"
INTERFACES = {
    "msg/ActivityArray.msg": [
        HEADER,
        "uint64 sequence",
        "uint32 image_width",
        "uint32 image_height",
        "uint32 dropped_images",
        "builtin_interfaces/Duration latency",
        "builtin_interfaces/Duration compute",
        "float32 step_rate",
        "string model_id",
        "co_perception/PersonActivity[] persons",
    ],
    "msg/PersonActivity.msg": [
        *TRACK,
        "uint8 VALIDITY_INVALID=0",
        "uint8 VALIDITY_WARMING_UP=1",
        "uint8 VALIDITY_STALE=2",
        "uint8 VALIDITY_HELD=3",
        "uint8 VALIDITY_VALID=4",
        "uint8 REASON_NONE=0",
        "uint8 REASON_NO_POSE=1",
        "uint8 REASON_FEW_JOINTS=2",
        "uint8 REASON_LOST=3",
        "uint8 REASON_OVER_LIMIT=4",
        "uint8 REASON_RESET_SERVICE=5",
        "uint8 REASON_RESET_TIME_JUMP=6",
        "uint8 REASON_RESET_GAP=7",
        "uint8 REASON_RESET_MODEL=8",
        "uint16 CLASS_NONE=65535",
        "string body_id",
        "uint8 track_state",
        "builtin_interfaces/Duration track_age",
        *BOX,
        "geometry_msgs/Point position",
        "bool position_valid",
        "float32 pose_confidence",
        "uint8 validity",
        "uint8 reason",
        "float32 warmup",
        "uint32 state_steps",
        "builtin_interfaces/Time evidence_start",
        "builtin_interfaces/Time evidence_end",
        "string label",
        "uint16 class_id",
        "float32 confidence",
        "builtin_interfaces/Time label_since",
        "co_perception/ActivityScore[] scores",
    ],
    "msg/ActivityScore.msg": ["uint16 class_id", "string label", "float32 score"],
    "msg/ActivityEvent.msg": [
        "uint8 STARTED=0",
        "uint8 ENDED=1",
        "uint8 PERSON_ENTERED=2",
        "uint8 PERSON_LEFT=3",
        HEADER,
        "string body_id",
        "uint8 type",
        "string label",
        "uint16 class_id",
        "string model_id",
        "float32 confidence",
        "builtin_interfaces/Duration duration",
    ],
    "msg/ModelInfo.msg": [
        HEADER,
        "string model_id",
        "string architecture",
        "string weights_sha256",
        "string license",
        "string device",
        "string precision",
        "string backend",
        "string[] labels",
        "string joint_layout",
        "string[] joint_names",
        "float32 expected_rate",
        "uint32 receptive_field",
        "uint32 delay",
        "float32 enter_threshold",
        "float32 exit_threshold",
        "builtin_interfaces/Duration min_hold",
    ],
    "msg/SkeletonArray.msg": [
        HEADER,
        "uint64 sequence",
        "uint32 image_width",
        "uint32 image_height",
        "uint32 dropped_images",
        "builtin_interfaces/Duration compute",
        "string estimator",
        "string joint_layout",
        "co_perception/Skeleton[] skeletons",
    ],
    "msg/Skeleton.msg": [
        *TRACK,
        "string body_id",
        "uint8 track_state",
        "float32 confidence",
        *BOX,
        "float32[] image_points",
        "float32[] world_points",
    ],
    "srv/LoadModel.srv": ["string path", "---", "bool success", "string message"],
    "srv/ResetState.srv": [
        "string body_id",
        "---",
        "bool success",
        "string message",
        "uint32 cleared",
    ],
}


def definition_lines(name: str) -> list[str]:
    """Return the lines of an interface file that define something, comments cut off."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.partition("#")[0].strip()]


@pytest.mark.parametrize("name", sorted(INTERFACES))
def test_interface_has_exactly_the_promised_fields(name):
    fields = [line.partition("#")[0].strip() for line in definition_lines(name)]
    assert fields == INTERFACES[name]


@pytest.mark.parametrize("name", sorted(INTERFACES))
def test_every_field_says_what_it_is(name):
    lines = [line for line in definition_lines(name) if line != "---"]
    assert [line for line in lines if not re.search(r"# \S.{5}", line)] == []


def test_no_interface_is_left_out():
    present = {f"{path.parent.name}/{path.name}" for path in ROOT.glob("[ms][sr][gv]/*.*")}
    assert present == set(INTERFACES)
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert set(re.findall(r'"((?:msg|srv)/\w+\.\w+)"', cmake)) == set(INTERFACES)


def test_constants_agree_with_the_library():
    pytest.importorskip("co_perception.msg")
    from co_perception.engine.activity import CLASS_NONE, EventType, Reason, Validity
    from co_perception.msg import ActivityEvent, PersonActivity, Skeleton
    from co_perception.skeleton.types import TrackState

    assert CLASS_NONE == PersonActivity.CLASS_NONE
    for prefix, values in {"VALIDITY_": Validity, "REASON_": Reason, "TRACK_": TrackState}.items():
        for value in values:
            assert getattr(PersonActivity, prefix + value.name) == value
    for state in TrackState:
        assert getattr(Skeleton, "TRACK_" + state.name) == state
    for event in EventType:
        assert getattr(ActivityEvent, event.name) == event
