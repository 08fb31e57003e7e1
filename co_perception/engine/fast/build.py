# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The step graphs of a model: one ONNX graph per phase of its time stride."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

# These register their operators.
from co_perception.engine.fast import lower_conv as _lower_conv
from co_perception.engine.fast import lower_local as _lower_local
from co_perception.engine.fast import lower_pool as _lower_pool
from co_perception.engine.fast import lower_skeleton as _lower_skeleton
from co_perception.engine.fast.fuse import fuse
from co_perception.engine.fast.graph import GraphWriter
from co_perception.engine.fast.lower import Frames, Lowering, UnsupportedError
from co_perception.engine.fast.plan import METADATA_KEY, Ring, StepPlan, Window
from co_perception.models import ContinualModel

__all__ = ["UnsupportedError", "build_step_graphs"]

del _lower_conv, _lower_local, _lower_pool, _lower_skeleton


@dataclass(frozen=True)
class _Phase:
    """What one walk over the network gave."""

    writer: GraphWriter
    rings: list[Ring]
    windows: list[Window]
    answers: bool


@torch.no_grad()
def build_step_graphs(model: ContinualModel) -> list[Any]:
    """Return the step of a model as onnx.ModelProto, one per phase, with its plan as metadata.

    Inputs: frame (rows, *step_shape) and what the plan's rings and windows name; outputs: logits
    (rows, K) in phases that answer, and the rings' new frames. The row axis is open.

    Args:
        model: In eval mode.

    Raises:
        UnsupportedError: If an operator, or an option of one, has no form in a step graph.
        ConfigError: In training mode.
        DependencyError: If onnx is not installed.
    """
    network = fuse(model.network)
    spec = model.spec
    phases = [_lower(model, network, phase) for phase in range(spec.time_stride)]
    rings = {ring.name: ring for phase in phases for ring in phase.rings}
    graphs = []
    for number, phase in enumerate(phases):
        plan = StepPlan(
            step_shape=tuple(spec.step_shape),
            classes=model.num_classes,
            receptive_field=spec.receptive_field,
            delay=spec.delay,
            period=spec.time_stride,
            phase=number,
            answers=phase.answers,
            rings=tuple(rings.values()),
            windows=tuple(phase.windows),
        )
        graphs.append(phase.writer.to_model({METADATA_KEY: plan.to_json()}))
    return graphs


def _lower(model: ContinualModel, network: Any, phase: int) -> _Phase:
    writer, shape = GraphWriter(), tuple(model.spec.step_shape)
    context = Lowering(writer, phase, model.spec.time_stride)
    frame = Frames(writer.input("frame", ("rows", *shape)), shape, matrix=len(shape) == 1)
    logits = context.lower(network, frame, "")
    if logits is not None:
        writer.output("logits", context.to_matrix(logits).name, ("rows", model.num_classes))
    elif not context.rings:
        raise UnsupportedError(f"nothing is to do in phase {phase} of {model.spec.time_stride}")
    return _Phase(writer, context.rings, context.windows, logits is not None)
