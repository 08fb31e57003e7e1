# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Declare parameters on a node from plain data, and refuse wrong ones with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from co_perception.errors import ConfigError
from co_perception.nodes.parameters import Change, ParameterSpec, Value

__all__ = ["declare_parameters", "describe", "read_parameters"]


def describe(spec: ParameterSpec) -> ParameterDescriptor:
    """Return the descriptor that `ros2 param describe` prints."""
    descriptor = ParameterDescriptor(
        description=f"{spec.sentence}; may change {spec.change.value}",
        additional_constraints=spec.limits if spec.choices else "",
        read_only=spec.change is Change.NEVER,
    )
    if spec.minimum is not None and spec.maximum is not None:
        low, high = spec.minimum, spec.maximum
        if isinstance(spec.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(low), to_value=float(high))
            ]
        else:
            descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
    return descriptor


def declare_parameters(
    node: Node, specs: Mapping[str, ParameterSpec], may_configure: Callable[[], bool]
) -> None:
    """Declare all parameters of a node and watch over later changes.

    Args:
        node: The node; values given on the command line or in files apply.
        specs: Parameters by name.
        may_configure: Whether parameters that act at configure may change now.
    Raises:
        ConfigError: If a given value is refused; nothing is declared halfway: the node must end.
    """
    for spec in specs.values():
        value = spec.check(_given_value(node, spec))
        node.declare_parameter(spec.name, value, describe(spec), ignore_override=True)

    def on_set(parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            reason = _refuse_change(specs.get(parameter.name), parameter, may_configure)
            if reason:
                return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(on_set)


def read_parameters(node: Node, specs: Mapping[str, ParameterSpec]) -> dict[str, Value]:
    """Return the current values by name."""
    return {name: spec.check(node.get_parameter(name).value) for name, spec in specs.items()}


def _given_value(node: Node, spec: ParameterSpec) -> object:
    """Look at the value as it was given: `rate:=30` is an integer to ROS, but means 30.0."""
    loose = ParameterDescriptor(dynamic_typing=True)
    value = node.declare_parameter(spec.name, spec.default, loose).value
    node.undeclare_parameter(spec.name)
    return value


def _refuse_change(
    spec: ParameterSpec | None, parameter: Parameter, may_configure: Callable[[], bool]
) -> str:
    if spec is None:
        return ""
    try:
        spec.check(parameter.value)
    except ConfigError as error:
        return str(error)
    if spec.change is Change.CONFIGURE and not may_configure():
        return (
            f"Parameter '{spec.name}' acts at configure: run the lifecycle transitions deactivate "
            "and cleanup first, then set it and configure again."
        )
    return ""
