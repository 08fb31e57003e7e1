# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Torch's own export of a step: the whole state goes in and out, masks make the cold start.

Inputs: frame (B, ...) float32, update (B,) bool, state_<name> (B, ...). Outputs: logits (B, K),
valid (B,), next_<name> (B, ...). B is open, zeros as state are a stream's beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from co_perception import continual as co
from co_perception.engine.fast.ort_executor import open_session
from co_perception.models import ContinualModel

__all__ = ["build_masked_step", "open_masked_step"]


def build_masked_step(model: ContinualModel) -> bytes:
    """Return the ONNX file of a model's step.

    Raises:
        DependencyError: If onnx or onnxscript is not installed.
    """
    frame = torch.zeros(1, *model.spec.step_shape)
    return co.to_onnx(model, frame, model.init_state(), output="logits")


def open_masked_step(
    content: bytes, rows: int
) -> Callable[..., tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Return a function that steps a masked step on onnxruntime from the cold state on.

    Args:
        content: From `build_masked_step`.
        rows: Rows of the state.
    """
    session = open_session(content, threads=1, where="export_step")
    state: dict[str, NDArray[Any]] = {
        arg.name: np.zeros((rows, *arg.shape[1:]), _dtype(arg.type))
        for arg in session.get_inputs()
        if arg.name.startswith("state_")
    }
    names = [arg.name for arg in session.get_outputs()]

    def step(
        frame: NDArray[np.float32], update: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        values = session.run(names, {"frame": frame, "update": update, **state})
        outputs = dict(zip(names, values))
        for name in state:
            state[name] = outputs[f"next_{name.removeprefix('state_')}"]
        return outputs["logits"], outputs["valid"]

    return step


def _dtype(onnx_type: str) -> type[np.generic]:
    return np.float32 if onnx_type == "tensor(float)" else np.int64
