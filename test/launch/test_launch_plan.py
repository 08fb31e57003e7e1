# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Launch arguments and nodes as data; no launch package needed."""

import pytest

from co_perception.errors import ConfigError
from co_perception.nodes.launch_plan import ARGUMENTS, default_values, plan_nodes
from co_perception.nodes.parameter_tables import parameters_of


def plan(**changed):
    return {node.executable: node for node in plan_nodes({**default_values(), **changed})}


def test_arguments_are_described_and_their_defaults_allowed():
    names = [argument.name for argument in ARGUMENTS]
    assert len(set(names)) == len(names)
    for argument in ARGUMENTS:
        assert argument.description.endswith("."), argument.name
        assert not argument.choices or argument.default in argument.choices, argument.name


def test_arguments_cover_what_the_design_promises():
    wanted = "camera fused namespace params_file use_sim_time autostart log_level model device"
    assert set(wanted.split()) | {
        "backend",
        "precision",
        "overlay",
        "image_topic",
        "max_people",
    } <= {argument.name for argument in ARGUMENTS}


def test_default_is_three_nodes_with_nothing_overridden():
    nodes = plan()
    assert sorted(nodes) == ["activity_node", "camera_node", "pose_node"]
    assert all(not node.parameters and not node.remappings for node in nodes.values())


def test_fused_is_one_node():
    nodes = plan(fused="true", camera="0", max_people="3")
    assert sorted(nodes) == ["perception_node"]
    assert nodes["perception_node"].parameters == {"camera": "0", "max_people": 3}


def test_given_arguments_reach_the_nodes_that_have_them_in_their_types():
    nodes = plan(camera="clip.mp4", rate="15", loop="true", device="cuda", autostart="false")
    assert nodes["camera_node"].parameters == {
        "camera": "clip.mp4", "rate": 15.0, "loop": True, "autostart": False,
    }  # fmt: skip
    assert nodes["pose_node"].parameters == {"autostart": False}
    assert nodes["activity_node"].parameters == {"device": "cuda", "autostart": False}


def test_foreign_camera_is_listened_to_best_effort_on_its_topic():
    nodes = plan(camera="none", image_topic="/cam/image_raw", rotate="90")
    assert sorted(nodes) == ["activity_node", "pose_node"]
    assert nodes["pose_node"].remappings == (("image", "/cam/image_raw"),)
    assert nodes["pose_node"].parameters == {"image_reliability": "best_effort", "rotate": 90}


def test_own_camera_is_turned_once():
    nodes = plan(rotate="90")
    assert nodes["camera_node"].parameters == {"rotate": 90}
    assert nodes["pose_node"].parameters == {}


def test_a_model_of_whole_images_needs_no_pose_node(scene_folder):
    model = str(scene_folder)
    own = plan(model=model, rotate="90", image_reliability="reliable")
    assert sorted(own) == ["activity_node", "camera_node"]
    assert own["activity_node"].parameters == {"model": model, "image_reliability": "reliable"}
    foreign = plan(model=model, rotate="90", camera="none", image_topic="/cam")
    (activity,) = foreign.values()
    assert activity.executable == "activity_node"
    assert activity.remappings == (("image", "/cam"),)
    assert activity.parameters == {
        "model": model, "image_reliability": "best_effort", "rotate": 90,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["/**", "/**/activity_node", "/front/activity_node"])
def test_a_model_of_whole_images_may_stand_in_the_parameter_file(scene_folder, tmp_path, name):
    file = tmp_path / "parameters.yaml"
    file.write_text(f"{name}:\n  ros__parameters:\n    model: {scene_folder}\n")
    assert sorted(plan(params_file=str(file))) == ["activity_node", "camera_node"]
    assert "pose_node" in plan(params_file=str(file), model="no_such_model")


@pytest.mark.parametrize("text", ["", "[", "/**: 5", "/**:\n  ros__parameters: []", "- a"])
def test_a_strange_parameter_file_is_the_nodes_to_refuse(tmp_path, text):
    file = tmp_path / "parameters.yaml"
    file.write_text(text)
    assert "pose_node" in plan(params_file=str(file))


def test_a_model_that_cannot_be_read_is_its_nodes_to_explain():
    assert sorted(plan(model="no_such_model")) == ["activity_node", "camera_node", "pose_node"]


def test_simulated_time_reaches_every_node():
    assert all(
        node.parameters == {"use_sim_time": True} for node in plan(use_sim_time="true").values()
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"fused": "yes"}, r"'fused': expected one of false, true", id="choice"),
        pytest.param({"fused": "true", "camera": "none"}, "cannot go with", id="fused-foreign"),
        pytest.param({"image_topic": "/cam"}, "needs camera:=none", id="topic-own-camera"),
        pytest.param({"width": "wide"}, "'width': expected a value of type integer", id="type"),
        pytest.param({"width": "3"}, "'width': expected 16 to 16384", id="range"),
    ],
)
def test_plan_refuses_with_a_reason(changed, message):
    with pytest.raises(ConfigError, match=message):
        plan(**changed)


def test_every_passed_parameter_exists_on_its_node():
    given = {argument.name: argument.default for argument in ARGUMENTS}
    given.update(camera="x.mp4", width="320", model="m", overlay="false", max_people="2")
    for node in plan_nodes(given):
        assert set(node.parameters) <= set(parameters_of(node.executable))
