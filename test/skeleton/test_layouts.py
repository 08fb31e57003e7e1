# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Joint layouts and the conversion between them."""

import numpy as np
import pytest

from co_perception.errors import ConfigError, ShapeError
from co_perception.skeleton import Skeleton, convert_skeleton, get_layout, list_layouts, to_layout

JOINT_COUNTS = {
    "coco17": 17,
    "common13": 13,
    "hri18": 18,
    "jhmdb15": 15,
    "kinect20": 20,
    "mediapipe33": 33,
    "ntu25": 25,
    "openpose18": 18,
}


def numbered(name: str) -> np.ndarray:
    """Points whose x and y are the joint's own index: a conversion shows where each came from."""
    index = np.arange(len(get_layout(name)), dtype=np.float32)
    return np.stack([index, index, np.ones_like(index)], axis=-1)


def test_layouts_are_the_promised_ones():
    assert {name: len(get_layout(name)) for name in list_layouts()} == JOINT_COUNTS


@pytest.mark.parametrize("name", sorted(JOINT_COUNTS))
def test_layout_is_consistent(name):
    layout = get_layout(name)
    assert len(set(layout.joints)) == len(layout.joints)
    assert all(a in layout.joints and b in layout.joints for a, b in layout.edges)
    np.testing.assert_array_equal(layout.mirror[layout.mirror], np.arange(len(layout)))
    connected = {joint for edge in layout.edges for joint in edge}
    faces = ("eye", "mouth", "ear")
    assert {j for j in layout.joints if j not in connected} <= {
        j for j in layout.joints if any(part in j for part in faces)
    }


def test_unknown_layout_lists_the_known_ones():
    with pytest.raises(ConfigError, match="common13.*got 'coco18'"):
        get_layout("coco18")
    with pytest.raises(ConfigError, match="left_shoulder.*got 'tail'"):
        get_layout("common13").index("tail")


@pytest.mark.parametrize(
    ("source", "joint", "index"),
    [
        pytest.param("mediapipe33", "left_wrist", 15, id="mediapipe-left-wrist"),
        pytest.param("mediapipe33", "right_ankle", 28, id="mediapipe-right-ankle"),
        pytest.param("coco17", "right_hip", 12, id="coco-right-hip"),
        pytest.param("openpose18", "right_shoulder", 2, id="openpose-right-shoulder"),
        pytest.param("openpose18", "left_ankle", 13, id="openpose-left-ankle"),
        pytest.param("ntu25", "left_shoulder", 4, id="ntu-left-shoulder"),
        pytest.param("ntu25", "right_knee", 17, id="ntu-right-knee"),
        pytest.param("kinect20", "right_wrist", 10, id="kinect-right-wrist"),
        pytest.param("jhmdb15", "left_wrist", 12, id="jhmdb-left-wrist"),
        pytest.param("hri18", "left_elbow", 6, id="hri-left-elbow"),
    ],
)
def test_conversion_takes_the_joint_of_the_same_name(source, joint, index):
    converted = to_layout(numbered(source), source, "common13", has_visibility=True)
    assert converted[get_layout("common13").index(joint), 0] == index


def test_hri_eyes_and_ears_do_not_swap():
    """hri_msgs numbers the left eye and ear first, OpenPose the right ones."""
    converted = to_layout(numbered("hri18"), "hri18", "openpose18")
    order = get_layout("openpose18")
    places = {j: converted[order.index(j), 0] for j in ("right_eye", "left_eye", "left_ear")}
    assert places == {"right_eye": 15.0, "left_eye": 14.0, "left_ear": 16.0}


@pytest.mark.parametrize("name", sorted(JOINT_COUNTS))
def test_conversion_to_itself_changes_nothing(name):
    np.testing.assert_array_equal(to_layout(numbered(name), name, name), numbered(name))


@pytest.mark.parametrize("name", sorted(JOINT_COUNTS))
def test_every_layout_fills_the_common_one(name):
    assert np.isfinite(to_layout(numbered(name), name, "common13")).all()


def test_missing_joints_are_missing_not_zero():
    converted = to_layout(numbered("common13"), "common13", "coco17", has_visibility=True)
    ear = converted[get_layout("coco17").index("left_ear")]
    assert np.isnan(ear[:2]).all() and ear[2] == 0.0
    plain = to_layout(numbered("common13"), "common13", "coco17")
    assert np.isnan(plain[get_layout("coco17").index("left_ear")]).all()


def test_made_joint_is_as_visible_as_its_least_visible_source():
    points = numbered("coco17")
    points[get_layout("coco17").index("left_shoulder"), 2] = 0.25
    neck = to_layout(points, "coco17", "openpose18", has_visibility=True)[1]
    np.testing.assert_allclose(neck, [5.5, 5.5, 0.25])
    points[get_layout("coco17").index("left_shoulder"), :2] = np.nan
    neck = to_layout(points, "coco17", "openpose18", has_visibility=True)[1]
    assert np.isnan(neck[0]) and neck[2] == 0.0


def test_wrong_joint_count_names_both():
    with pytest.raises(ShapeError, match=r"17.*'coco17'.*\(13, 3\)"):
        to_layout(numbered("common13"), "coco17", "common13")


def test_convert_skeleton_keeps_everything_else():
    world = np.zeros((33, 3), np.float32)
    skeleton = Skeleton("mediapipe33", numbered("mediapipe33"), (640, 480), 0.8, world, "p1")
    converted = convert_skeleton(skeleton, "coco17")
    assert (converted.body_id, converted.confidence) == ("p1", 0.8)
    assert converted.points.shape == (17, 3) and converted.world.shape == (17, 3)
    assert convert_skeleton(skeleton, "mediapipe33") is skeleton
