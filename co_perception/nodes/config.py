# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From ROS parameters to the pipeline's configuration: the keys are the same."""

from __future__ import annotations

from collections.abc import Mapping

from co_perception.nodes.parameter_tables import FROM_MODEL
from co_perception.nodes.parameters import Value
from co_perception.pipeline_config import PipelineConfig
from co_perception.skeleton.tracking import TrackerConfig

__all__ = ["pipeline_config", "tracker_config"]

_FROM_MODEL_KEYS = ("enter_threshold", "exit_threshold", "min_hold_sec")


def pipeline_config(parameters: Mapping[str, Value]) -> PipelineConfig:
    """Return the configuration of the pipeline; keys that a node lacks keep their defaults.

    Raises:
        ConfigError: If values do not go together.
    """
    known = PipelineConfig.keys()
    values: dict[str, Value | None] = {k: v for k, v in parameters.items() if k in known}
    for key in _FROM_MODEL_KEYS:
        if values.get(key) == FROM_MODEL:
            values[key] = None
    return PipelineConfig.from_flat(values, where="Parameters")


def tracker_config(parameters: Mapping[str, Value]) -> TrackerConfig:
    """Return the configuration of the tracker for skeletons that arrive without ids."""
    return TrackerConfig(grace_sec=float(parameters["grace_sec"]))
