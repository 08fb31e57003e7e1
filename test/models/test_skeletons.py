# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Graphs of joint layouts, and the layers around graph convolutions."""

import pytest
import torch

from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError, StreamError
from co_perception.models.skeleton_layers import (
    BoneVectors,
    JointMean,
    JointNorm,
    PersonsToJoints,
)
from co_perception.models.skeletons import find_skeleton_graph, list_skeleton_graphs
from co_perception.skeleton import get_layout, list_layouts

# Where the graphs that networks were trained on differ from how the layouts are drawn:
# published edge, edge of the layout.
PUBLISHED = {
    "ntu25": {
        ("left_hand_tip", "left_thumb"): ("left_hand_tip", "left_hand"),
        ("right_hand_tip", "right_thumb"): ("right_hand_tip", "right_hand"),
    },
    "openpose18": {
        ("left_hip", "left_shoulder"): ("left_hip", "neck"),
        ("right_hip", "right_shoulder"): ("right_hip", "neck"),
    },
}
# Joints at one height, which networks connect in both directions.
LEVEL = {
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
    ("left_mouth", "right_mouth"),
}
# 1-based (joint, neighbour) pairs of the NTU skeleton as published, and 0-based of OpenPose
NTU = (
    "1-2 2-21 3-21 4-3 5-21 6-5 7-6 8-7 9-21 10-9 11-10 12-11 13-1 14-13 15-14 16-15 17-1 18-17 "
    "19-18 20-19 22-23 23-8 24-25 25-12"
)
OPENPOSE = "4-3 3-2 7-6 6-5 13-12 12-11 10-9 9-8 11-5 8-2 5-1 2-1 0-1 15-0 14-0 17-15 16-14"
OPENPOSE_BONES = (
    "0-0 1-0 2-1 3-2 4-3 5-1 6-5 7-6 8-2 9-8 10-9 11-5 12-11 13-12 14-0 15-0 16-14 17-15"
)


def read_pairs(text, first):
    return {tuple(int(joint) - first for joint in pair.split("-")) for pair in text.split()}


def test_every_layout_has_a_graph():
    assert list_skeleton_graphs() == list_layouts()


@pytest.mark.parametrize("name", list_layouts())
def test_graph_has_the_joints_and_bones_of_its_layout(name):
    layout, graph = get_layout(name), find_skeleton_graph(name)
    assert graph.num_joints == len(layout)
    named = [tuple(layout.joints[joint] for joint in edge) for edge in graph.edges]
    drawn = {PUBLISHED.get(name, {}).get(edge, edge) for edge in named} - LEVEL
    assert drawn == set(layout.edges)
    assert len(named) == len(set(named))


@pytest.mark.parametrize("name", list_layouts())
def test_bones_lead_along_edges_to_a_root_or_a_level_pair(name):
    graph, joints = find_skeleton_graph(name), get_layout(name).joints
    connected = {frozenset(edge) for edge in graph.edges}
    for joint, parent in enumerate(graph.parents):
        assert joint == parent or frozenset((joint, parent)) in connected
        for _ in joints:
            parent = graph.parents[parent]
        other = graph.parents[parent]
        assert (
            other == parent
            or {(joints[parent], joints[other]), (joints[other], joints[parent])} & LEVEL
        )


def test_published_graphs_are_the_published_pairs():
    ntu, openpose = find_skeleton_graph("ntu25"), find_skeleton_graph("openpose18")
    assert set(ntu.edges) == read_pairs(NTU, 1)
    assert {(j, p) for j, p in enumerate(ntu.parents) if j != 20} == set(ntu.edges)
    assert ntu.parents[20] == 20
    assert set(openpose.edges) == read_pairs(OPENPOSE, 0)
    assert set(enumerate(openpose.parents)) == read_pairs(OPENPOSE_BONES, 0)


def test_edges_that_fit_no_skeleton_are_named():
    graph = find_skeleton_graph("mine", [[1, 0], [2, 1]], num_joints=5)
    assert (graph.num_joints, graph.parents) == (5, (0, 0, 1, 3, 4))
    with pytest.raises(ConfigError, match=r"'mine': no graph known; known layouts: \['coco17'"):
        find_skeleton_graph("mine")
    with pytest.raises(ConfigError, match=r"edges must be pairs of joints, got \[\]"):
        find_skeleton_graph("mine", [])
    with pytest.raises(ConfigError, match=r"edges \[\(3, 1\)\] name no joint of 0\.\.2"):
        find_skeleton_graph("mine", [[1, 0], [3, 1]], num_joints=3)


@pytest.mark.parametrize("order", ["channels", "joints"])
def test_joint_norm_is_batch_norm_of_every_joint_and_channel(order):
    torch.manual_seed(0)
    norm = JointNorm(3, 4, persons=2, order=order)
    clip = torch.randn(2, 3, 10, 8) + torch.randn(8)
    y = norm(clip)
    values = clip.unflatten(-1, (2, 4))
    mean = values.mean((0, 2, 3), keepdim=True)
    spread = values.var((0, 2, 3), keepdim=True, unbiased=False)
    expected = ((values - mean) / (spread + 1e-5).sqrt()).flatten(-2)
    assert testing.relative_difference(y, expected) <= testing.TOLERANCE
    means = 0.1 * mean.flatten(0, 3).reshape(3, 4)
    assert torch.allclose(
        norm.norm.running_mean, (means if order == "channels" else means.T).flatten(), atol=1e-6
    )
    with pytest.raises(StreamError, match="in training mode"):
        norm.forward_step(clip[:, :, 0], norm.init_state(clip[:, :, 0]))
    testing.check_clip(norm.eval(), clip)


def test_persons_stand_side_by_side():
    fold = PersonsToJoints(2)
    clip = torch.randn(3, 4, 6, 5, 2)
    assert torch.equal(fold(clip), torch.cat([clip[..., 0], clip[..., 1]], -1))
    testing.check_clip(fold, clip)
    assert fold.frame_shape((4, 5, 2)) == (4, 10)
    with pytest.raises(ShapeError, match=r"\(B, C, V, 2\) with the persons last, got \(B, 4, 5\)"):
        fold.init_state(torch.zeros(1, 4, 5))


def test_bone_vectors_start_at_the_parents_of_each_person():
    bones = BoneVectors((0, 0, 1), persons=2)
    x = torch.tensor([1.0, 3.0, 7.0, 10.0, 30.0, 70.0]).reshape(1, 1, 6)
    assert bones(x).flatten().tolist() == [0.0, 2.0, 4.0, 0.0, 20.0, 40.0]
    testing.check_clip(bones, torch.randn(2, 3, 4, 6))
    with pytest.raises(ShapeError, match=r"expected frames \(B, C, 6\), got \(B, 1, 3\)"):
        bones(x[..., :3])


def test_joint_mean_is_over_all_persons():
    mean = JointMean()
    clip = torch.randn(2, 3, 4, 6)
    assert torch.equal(mean(clip), clip.mean(-1))
    testing.check_clip(mean, clip)


def test_joint_norm_says_what_does_not_fit():
    with pytest.raises(ConfigError, match="order must be 'channels' or 'joints'"):
        JointNorm(3, 4, order="persons")
    with pytest.raises(ShapeError, match=r"\(B, 3, 8\) of channels and joints \(2 persons of 4\)"):
        JointNorm(3, 4, persons=2)(torch.zeros(1, 3, 5, 4))
