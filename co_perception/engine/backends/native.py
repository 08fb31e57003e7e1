# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs of video networks on the package's own kernels: optional, on the CPU."""

from __future__ import annotations

from co_perception.engine.backends.base import StepBackend
from co_perception.engine.backends.batching import Batching
from co_perception.engine.backends.step_graph import StepGraphBackend, require_step_graphs
from co_perception.engine.fast.native_executor import NativeExecutor
from co_perception.engine.model_folder import ModelFolder

__all__ = ["open_native"]


def open_native(folder: ModelFolder, rows: int, *, precision: str = "fp32") -> StepBackend:
    """Open a model folder's step graph on the native kernels, with a cold state; one thread.

    Args:
        folder: The model folder.
        rows: Rows of the state. They step one after the other: a batch would gain nothing.
        precision: "fp32" or "bf16".

    Raises:
        DependencyError: If the kernels were not built, or onnx is not installed.
        UnsupportedError: If the network has something that the kernels do not know.
        WeightsError: If the folder has no step graph, or one that does not fit its model.yaml.
    """
    graphs = require_step_graphs(folder, "native")
    phases = [
        NativeExecutor(graph, str(folder.path / name), precision=precision)
        for name, graph in graphs.items()
    ]
    reason = f"rows step one by one, as the native kernels do ({phases[0].instructions})"
    return StepGraphBackend(
        "native",
        phases,
        rows,
        folder=folder,
        precision=precision,
        batching=Batching(False, reason),
    )
