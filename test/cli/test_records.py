# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""JSON lines carry what ActivityArray.msg carries, field by field."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from co_perception.camera.source import Frame
from co_perception.cli.records import activity_array
from co_perception.engine.activity import Activity, ActivityScore, Validity
from co_perception.pipeline import PipelineResult
from co_perception.skeleton.types import Skeleton, TrackState

MESSAGES = Path(__file__).parents[2] / "msg"
STAMP_NS = 12_345_678_901


def fields_of(name):
    """Names of a message's fields, constants left out."""
    lines = (MESSAGES / f"{name}.msg").read_text().splitlines()
    found = (re.match(r"\s*[\w/]+(?:\[\])?\s+([a-z]\w*)\s*(?:#|$)", line) for line in lines)
    return {match[1] for match in found if match}


@pytest.fixture
def record():
    points = np.column_stack([np.linspace(0.2, 0.6, 26).reshape(13, 2), np.ones(13)])
    skeleton = Skeleton("common13", points.astype(np.float32), (640, 480), 0.87, body_id="p_1",
                        track_state=TrackState.OK, track_age_ns=2_500_000_000)  # fmt: skip
    answer = Activity("p_1", Validity.VALID, label="walk", class_id=3, confidence=0.91234567,
                      scores=(ActivityScore(3, "walk", 0.91234567),))  # fmt: skip
    frame = Frame(np.zeros((480, 640, 3), np.uint8), STAMP_NS, 7)
    result = PipelineResult(frame, [skeleton], [answer], timings={"pose": 0.02, "activity": 0.005})
    return activity_array(
        result, sequence=5, dropped_images=2, step_rate=14.9, model_id="starter:0", live=False
    )


def test_the_fields_are_those_of_the_messages(record):
    assert set(record) == fields_of("ActivityArray")
    (person,) = record["persons"]
    assert set(person) == fields_of("PersonActivity")
    assert set(person["scores"][0]) == fields_of("ActivityScore")


def test_a_scene_is_the_whole_image_and_rests_on_no_pose():
    frame = Frame(np.zeros((480, 640, 3), np.uint8), STAMP_NS, 7)
    result = PipelineResult(frame, [], [Activity("scene", Validity.WARMING_UP)])
    record = activity_array(
        result, sequence=0, dropped_images=0, step_rate=5.0, model_id="x3d:0", live=False
    )
    (scene,) = record["persons"]
    assert set(scene) == fields_of("PersonActivity")
    assert scene["body_id"] == "scene"
    assert [scene[side] for side in ("x_min", "y_min", "x_max", "y_max")] == [0.0, 0.0, 1.0, 1.0]
    assert (scene["pose_confidence"], scene["position_valid"]) == (-1.0, False)


def test_the_values_are_those_of_the_result(record):
    assert json.loads(json.dumps(record)) == record
    assert record["header"]["stamp"] == {"sec": 12, "nanosec": 345_678_901}
    assert (record["image_width"], record["image_height"]) == (640, 480)
    assert (record["sequence"], record["dropped_images"]) == (5, 2)
    assert record["compute"] == record["latency"] == {"sec": 0, "nanosec": 25_000_000}
    (person,) = record["persons"]
    assert person["track_age"] == {"sec": 2, "nanosec": 500_000_000}
    assert (person["label"], person["validity"], person["class_id"]) == ("walk", 4, 3)
    assert (person["x_min"], person["y_max"]) == (0.2, 0.6)
