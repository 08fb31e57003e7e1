# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The launch file as plain data: its arguments, and the nodes that follow from their values.

No ROS here, so that it is tested where no launch is installed. An argument that is left at its
default is not passed on: what params_file or the node's own default says then stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from co_perception.engine import ModelFolder, find_model
from co_perception.errors import ConfigError, CoPerceptionError
from co_perception.nodes.parameter_tables import NODE_PARAMETERS, parameters_of
from co_perception.nodes.parameters import ParameterSpec, Value

__all__ = ["ARGUMENTS", "NO_CAMERA", "LaunchArgument", "NodePlan", "default_values", "plan_nodes",
           "takes_images"]  # fmt: skip

NO_CAMERA = "none"
"""Value of the argument camera where another package publishes the images."""

_BOOL = ("true", "false")


@dataclass(frozen=True)
class LaunchArgument:
    """An argument of the launch file.

    Attributes:
        name: As written on the command line, `name:=value`.
        default: Value where it is not given.
        description: One sentence; `--show-args` prints it.
        choices: All allowed values; empty: any.
        parameter: Whether the nodes have a parameter of this name that it sets.
    """

    name: str
    default: str
    description: str
    choices: tuple[str, ...] = ()
    parameter: bool = False


@dataclass(frozen=True)
class NodePlan:
    """A node to start.

    Attributes:
        executable: Name of the executable, also the node's name.
        parameters: Values that differ from the node's defaults.
        remappings: Pairs of topic names, from -> to.
    """

    executable: str
    parameters: Mapping[str, Value]
    remappings: tuple[tuple[str, str], ...] = ()


def _from_parameter(name: str, node: str = "perception_node") -> LaunchArgument:
    spec = parameters_of(node)[name]
    choices = tuple(_text(choice) for choice in spec.choices)
    if isinstance(spec.default, bool):
        choices = _BOOL
    return LaunchArgument(name, _text(spec.default), f"{spec.sentence}.", choices, True)


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


ARGUMENTS: tuple[LaunchArgument, ...] = (
    LaunchArgument(
        "camera",
        "demo",
        "Where images come from: demo (a rendered person, needs nothing), a device index, "
        "/dev/videoN, a video file, a folder of images, rtsp:// or http://, gst:<pipeline>; "
        "none: another package publishes them on image_topic.",
        parameter=True,
    ),
    LaunchArgument(
        "fused",
        "false",
        "true: one process, perception_node; false: camera_node, pose_node (unless the model "
        "looks at whole images) and activity_node.",
        _BOOL,
    ),
    LaunchArgument("namespace", "", "Namespace of all nodes and topics."),
    LaunchArgument("params_file", "", "YAML file with parameters; empty: the nodes' defaults."),
    LaunchArgument("use_sim_time", "false", "Take the time from /clock.", _BOOL),
    _from_parameter("autostart"),
    LaunchArgument(
        "log_level",
        "info",
        "Least level of log lines.",
        ("debug", "info", "warn", "error", "fatal"),
    ),
    LaunchArgument(
        "image_topic", "image", "Topic of the images, where camera is none: your camera's."
    ),
    LaunchArgument(
        "image_reliability",
        "auto",
        "Reliability of the image subscription; auto: reliable for our camera, best_effort for "
        "others.",
        ("auto", "reliable", "best_effort"),
    ),
    *(
        _from_parameter(name)
        for name in ("width", "height", "rate", "rotate", "loop", "real_time", "persons", "seed")
    ),
    *(
        _from_parameter(name)
        for name in ("max_people", "model", "backend", "device", "precision", "overlay")
    ),
)


def default_values() -> dict[str, str]:
    """Return every argument at its default."""
    return {argument.name: argument.default for argument in ARGUMENTS}


def plan_nodes(values: Mapping[str, str]) -> list[NodePlan]:
    """Return the nodes to start.

    Args:
        values: Every argument's value as text.
    Raises:
        ConfigError: If a value is not allowed, or two do not go together.
    """
    for argument in ARGUMENTS:
        value = values[argument.name]
        if argument.choices and value not in argument.choices:
            raise ConfigError(
                f"Launch argument '{argument.name}': expected one of "
                f"{', '.join(sorted(argument.choices))}, got '{value}'."
            )
    foreign = values["camera"] == NO_CAMERA
    if values["fused"] == "true":
        if foreign:
            raise ConfigError(
                "Launch arguments: fused:=true reads the camera itself and cannot go with "
                "camera:=none. Give a camera, or use fused:=false."
            )
        return [NodePlan("perception_node", _parameters("perception_node", values))]
    if not foreign and values["image_topic"] != "image":
        raise ConfigError(
            "Launch arguments: image_topic names a foreign camera's topic and needs camera:=none."
        )
    if takes_images(_find_model_name(values)):
        nodes = [_image_listener("activity_node", values)]
    else:
        activity = _parameters("activity_node", values)
        activity.pop("rotate", None)  # of images, which it does not see
        nodes = [_image_listener("pose_node", values), NodePlan("activity_node", activity)]
    if foreign:
        return nodes
    return [NodePlan("camera_node", _parameters("camera_node", values)), *nodes]


def takes_images(model: str) -> bool:
    """Whether a model looks at whole images; what is wrong with one its node will say."""
    try:
        return ModelFolder.load(find_model(model)).input.kind == "video"
    except CoPerceptionError:
        return False


def _find_model_name(values: Mapping[str, str]) -> str:
    """Return the model that activity_node will be given: by the argument, else by params_file."""
    default = default_values()["model"]
    if values["model"] != default or not values["params_file"]:
        return values["model"]
    try:
        content = yaml.safe_load(Path(values["params_file"]).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return default  # the nodes are given the same file, and refuse it with the reason
    found = default
    for name, section in content.items() if isinstance(content, dict) else ():
        if str(name).rpartition("/")[2] in ("**", "activity_node") and isinstance(section, dict):
            parameters = section.get("ros__parameters")
            found = parameters.get("model", found) if isinstance(parameters, dict) else found
    return str(found)


def _image_listener(node: str, values: Mapping[str, str]) -> NodePlan:
    """Return the node that listens to the camera's images."""
    foreign = values["camera"] == NO_CAMERA
    parameters = _parameters(node, values)
    parameters.update(_image_reliability(values["image_reliability"], foreign))
    if not foreign:
        parameters.pop("rotate", None)  # camera_node has turned the image already
    topic = (("image", values["image_topic"]),) if foreign else ()
    return NodePlan(node, parameters, topic)


def _parameters(node: str, values: Mapping[str, str]) -> dict[str, Value]:
    """Return the given arguments that are parameters of the node, in their types."""
    known = {spec.name: spec for spec in NODE_PARAMETERS[node]}
    given = {
        argument.name: _typed(known[argument.name], values[argument.name])
        for argument in ARGUMENTS
        if argument.parameter
        and argument.name in known
        and values[argument.name] != argument.default
    }
    if values["use_sim_time"] == "true":
        given["use_sim_time"] = True
    return given


def _image_reliability(value: str, foreign: bool) -> dict[str, Value]:
    if value == "auto":
        return {"image_reliability": "best_effort"} if foreign else {}
    return {"image_reliability": value}


def _typed(spec: ParameterSpec, text: str) -> Value:
    """Return an argument's text as the parameter's type, checked.

    Raises:
        ConfigError: If it is not of that type, or not allowed.
    """
    kind = type(spec.default)
    if kind is bool:
        return spec.check(text == "true")
    try:
        return spec.check(kind(text))
    except ValueError as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(
            f"Launch argument '{spec.name}': expected a value of type {spec.type_name}, "
            f"got '{text}'."
        ) from error
