# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs on OpenVINO: optional, on the CPU, in fp32 or what else the CPU computes in."""

from __future__ import annotations

from co_perception.engine.backends.base import StepBackend
from co_perception.engine.backends.batching import choose_batching
from co_perception.engine.backends.step_graph import StepGraphBackend, require_step_graphs
from co_perception.engine.fast.openvino_executor import OpenVinoExecutor
from co_perception.engine.fast.openvino_library import require_openvino
from co_perception.engine.model_folder import ModelFolder

__all__ = ["open_openvino"]


def open_openvino(
    folder: ModelFolder, rows: int, *, threads: int = 1, precision: str = "fp32"
) -> StepBackend:
    """Open a model folder's step graph on OpenVINO, on the CPU, with a cold state.

    Args:
        folder: The model folder.
        rows: Rows of the state.
        threads: Threads of one step.
        precision: "fp32", "bf16" or "fp16".

    Raises:
        DependencyError: If openvino is not installed.
        ConfigError: If this CPU has no arithmetic of that precision.
        WeightsError: If the folder has no step graph, or one that does not fit its model.yaml.
    """
    graphs = require_step_graphs(folder, "openvino")
    phases = [
        OpenVinoExecutor(graph, str(folder.path / name), threads=threads, precision=precision)
        for name, graph in graphs.items()
    ]
    hashes = [folder.files[name] for name in graphs]
    key = ("openvino", require_openvino().__version__, precision, str(threads), *hashes)
    return StepGraphBackend(
        "openvino",
        phases,
        rows,
        folder=folder,
        precision=precision,
        batching=choose_batching(phases, rows, key),
    )
