# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Which kind of input a model takes."""

from __future__ import annotations

from co_perception.engine.config import RecogniserConfig
from co_perception.engine.image_input import ImageIntake
from co_perception.engine.model_folder import ModelFolder
from co_perception.engine.pose_input import SkeletonIntake
from co_perception.engine.sample import Intake

__all__ = ["make_intake"]


def make_intake(model: ModelFolder, config: RecogniserConfig) -> Intake:
    """Return what takes a model's input; the model is one that `check_fits` has let through."""
    if model.input.kind == "video":
        return ImageIntake(model.input)
    return SkeletonIntake(
        model.joint_layout,
        rate=model.expected_rate,
        min_joints=config.min_joints,
        min_visibility=config.min_visibility,
    )
