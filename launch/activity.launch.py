# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Camera -> pose -> activity; arguments and nodes are data in co_perception/nodes/launch_plan.py.

ros2 launch co_perception activity.launch.py                     # a rendered person, no camera
ros2 launch co_perception activity.launch.py camera:=0           # the first USB camera
ros2 launch co_perception activity.launch.py camera:=none image_topic:=/camera/color/image_raw
"""

from launch import LaunchContext, LaunchDescription  # isort: skip
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import LifecycleNode

from co_perception.nodes.launch_plan import ARGUMENTS, NodePlan, plan_nodes


def generate_launch_description() -> LaunchDescription:
    """Declare every argument at top level, so that --show-args lists it."""
    arguments = [
        DeclareLaunchArgument(
            argument.name,
            default_value=argument.default,
            description=argument.description,
            choices=list(argument.choices) or None,
        )
        for argument in ARGUMENTS
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=_start_nodes)])


def _start_nodes(context: LaunchContext) -> list[LifecycleNode]:
    values = {
        argument.name: context.launch_configurations[argument.name] for argument in ARGUMENTS
    }
    return [_to_node(plan, values) for plan in plan_nodes(values)]


def _to_node(plan: NodePlan, values: dict[str, str]) -> LifecycleNode:
    files = [values["params_file"]] if values["params_file"] else []
    return LifecycleNode(
        package="co_perception",
        executable=plan.executable,
        name=plan.executable,
        namespace=values["namespace"],
        parameters=[*files, dict(plan.parameters)],
        remappings=list(plan.remappings),
        ros_arguments=["--log-level", values["log_level"]],
        output="screen",
        emulate_tty=True,
    )
