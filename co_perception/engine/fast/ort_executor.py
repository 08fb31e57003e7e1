# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs in onnxruntime sessions: pointers are bound once per turn of the rings.

The rings lie in the host's memory. On the CPU a step reads and writes them where they are; a GPU's
provider copies them to the GPU and back at every step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from co_perception.engine.fast.lane import Executor
from co_perception.engine.fast.ort_providers import CPU, Provider, require_onnxruntime
from co_perception.engine.fast.plan import METADATA_KEY, StepPlan
from co_perception.engine.fast.rings import Views
from co_perception.errors import DependencyError, WeightsError

__all__ = ["OrtExecutor", "open_session", "read_metadata"]


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


def open_session(model: bytes, *, threads: int, where: str, provider: Provider = CPU) -> Any:
    """Open an ONNX model.

    Args:
        model: The file's content.
        threads: Threads of one run.
        where: The file, for messages.
        provider: What runs it.

    Raises:
        DependencyError: If onnxruntime or the provider is not installed, or does not start.
        WeightsError: If onnxruntime cannot load the model.
    """
    onnxruntime = require_onnxruntime()
    provider.require()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A step is short and comes 15 times per second: threads that spin in between burn a core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(model, options, providers=provider.in_order())
    except Exception as error:  # onnxruntime raises classes of its own for every kind of damage
        raise WeightsError(f"{where}: onnxruntime cannot load it; {error}") from error
    # Without its libraries a provider is left out, and the CPU takes over without a word.
    if provider.name not in session.get_providers():
        raise DependencyError(provider.describe_lack("it does not start here"))
    return session


def read_metadata(session: Any) -> Mapping[str, str]:
    """Return the metadata of a session's model."""
    metadata: dict[str, str] = session.get_modelmeta().custom_metadata_map
    return metadata
