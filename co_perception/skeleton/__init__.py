# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Skeletons: joint layouts and conversion by name, network input, smoothing, tracking (numpy)."""

from co_perception.skeleton.convert import convert_skeleton, to_layout
from co_perception.skeleton.layouts import JointLayout, get_layout, list_layouts
from co_perception.skeleton.types import Box, Skeleton, TrackState

__all__ = [
    "Box",
    "JointLayout",
    "Skeleton",
    "TrackState",
    "convert_skeleton",
    "get_layout",
    "list_layouts",
    "to_layout",
]
