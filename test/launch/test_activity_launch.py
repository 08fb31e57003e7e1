# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The launch file itself, where the launch packages are installed."""

import importlib.util
from pathlib import Path

import pytest

# The repository's own folder launch/ makes a bare `import launch` succeed.
pytest.importorskip("launch.actions", reason="the ROS package launch is not installed")
pytest.importorskip("launch_ros.actions", reason="the ROS package launch_ros is not installed")

from launch.actions import DeclareLaunchArgument

from co_perception.nodes.launch_plan import ARGUMENTS, default_values
from launch import LaunchContext

FILE = Path(__file__).resolve().parents[2] / "launch" / "activity.launch.py"


@pytest.fixture(scope="module")
def description():
    spec = importlib.util.spec_from_file_location("activity_launch", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def nodes(description, **changed):
    context = LaunchContext()
    context.launch_configurations.update({**default_values(), **changed})
    found = []
    for entity in description.entities:
        if not isinstance(entity, DeclareLaunchArgument):
            found += entity.execute(context)
    return found


def test_every_argument_is_declared_at_top_level_as_planned(description):
    declared = {a.name: a for a in description.entities if isinstance(a, DeclareLaunchArgument)}
    assert list(declared) == [argument.name for argument in ARGUMENTS]
    for argument in ARGUMENTS:
        assert declared[argument.name].description.startswith(argument.description)
        assert declared[argument.name].choices == (list(argument.choices) or None)
        assert declared[argument.name].default_value[0].text == argument.default


def test_launch_starts_the_planned_lifecycle_nodes(description):
    started = nodes(description)
    assert [node.node_package for node in started] == ["co_perception"] * 3
    assert [node.node_executable for node in started] == [
        "camera_node", "pose_node", "activity_node",
    ]  # fmt: skip
    assert [n.node_executable for n in nodes(description, fused="true")] == ["perception_node"]
