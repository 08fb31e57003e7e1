# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What an engine must know of a model to feed it."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

__all__ = ["InputKind", "ModelSpec"]

InputKind: TypeAlias = Literal["video", "skeleton", "features"]


@dataclasses.dataclass(frozen=True)
class ModelSpec:
    """A model's input and its timing.

    Attributes:
        input_kind: "video" (B, 3, H, W), "skeleton" (B, C, V) or "features" (B, D) per step.
        step_shape: Shape of one step's input without the row axis.
        expected_rate: Frames per second that the model is meant for, Hz.
        receptive_field: Frames that one output rests on.
        delay: Frames between a frame and the output that stands at its place.
        time_stride: Frames per output.
    """

    input_kind: InputKind
    step_shape: tuple[int, ...]
    expected_rate: float
    receptive_field: int
    delay: int
    time_stride: int
