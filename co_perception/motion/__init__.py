# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Self-made human motion: bodies, activities in styles, scripts, and a camera (numpy only)."""

from co_perception.motion.body import COMMON13, JOINTS, Body, sample_body
from co_perception.motion.clips import generate_activity, generate_clip
from co_perception.motion.kinematics import SolvedPose, solve
from co_perception.motion.splits import SPLITS, create_rng
from co_perception.motion.styles import LABELS, STYLES, Style, list_styles
from co_perception.motion.timeline import Segment, Timeline, make_timeline
from co_perception.motion.view import View, look_at_origin, project, sample_view

__all__ = [
    "COMMON13",
    "JOINTS",
    "LABELS",
    "SPLITS",
    "STYLES",
    "Body",
    "Segment",
    "SolvedPose",
    "Style",
    "Timeline",
    "View",
    "create_rng",
    "generate_activity",
    "generate_clip",
    "list_styles",
    "look_at_origin",
    "make_timeline",
    "project",
    "sample_body",
    "sample_view",
    "solve",
]
