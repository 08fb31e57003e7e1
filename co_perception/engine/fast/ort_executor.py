# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs on onnxruntime's CPU provider: pointers are bound once per turn of the rings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from co_perception.engine.fast.lane import Executor
from co_perception.engine.fast.plan import METADATA_KEY, StepPlan
from co_perception.engine.fast.rings import Views
from co_perception.errors import DependencyError, WeightsError

__all__ = ["OrtExecutor", "open_session", "read_metadata", "require_onnxruntime"]


class OrtExecutor(Executor):
    """A step graph in an onnxruntime session.

    Args:
        session: onnxruntime.InferenceSession.
        where: The file, for messages.

    Raises:
        WeightsError: If the graph has no step plan that this release knows.
    """

    def __init__(self, session: Any, where: str) -> None:
        self._session = session
        self.plan = StepPlan.from_json(read_metadata(session).get(METADATA_KEY, ""), where)
        self._inputs = [arg.name for arg in session.get_inputs()]
        self._outputs = [arg.name for arg in session.get_outputs()]

    def bind(self, inputs: Views, outputs: Views) -> Any:
        binding = self._session.io_binding()
        self._attach(binding.bind_input, self._inputs, inputs)
        self._attach(binding.bind_output, self._outputs, outputs)
        return binding

    def _attach(self, attach: Any, names: Sequence[str], views: Views) -> None:
        for name in names:
            view = views[name]
            attach(name, "cpu", 0, np.float32, view.shape, view.ctypes.data)

    def run(self, binding: Any) -> None:
        self._session.run_with_iobinding(binding)


def require_onnxruntime() -> Any:
    """Return the onnxruntime package.

    Raises:
        DependencyError: If it is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise DependencyError(
            "Backend 'onnxruntime' needs onnxruntime; install it with: pip install onnxruntime"
        ) from error
    return onnxruntime


def open_session(model: bytes, *, threads: int, where: str) -> Any:
    """Open an ONNX model on the CPU.

    Args:
        model: The file's content.
        threads: Threads of one run.
        where: The file, for messages.

    Raises:
        DependencyError: If onnxruntime is not installed.
        WeightsError: If onnxruntime cannot load it.
    """
    onnxruntime = require_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A step is short and comes 15 times per second: threads that spin in between burn a core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own for every kind of damage
        raise WeightsError(f"{where}: onnxruntime cannot load it; {error}") from error


def read_metadata(session: Any) -> Mapping[str, str]:
    """Return the metadata of a session's model."""
    metadata: dict[str, str] = session.get_modelmeta().custom_metadata_map
    return metadata
