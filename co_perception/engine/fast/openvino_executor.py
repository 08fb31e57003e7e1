# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs on OpenVINO's CPU plugin: buffers are shared with it, and set anew at every turn."""

from __future__ import annotations

from typing import Any

from co_perception.engine.fast.lane import Executor
from co_perception.engine.fast.plan import read_plan
from co_perception.engine.fast.rings import Views
from co_perception.errors import ConfigError, DependencyError, WeightsError

__all__ = ["OpenVinoExecutor"]

_HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
_CAPABILITIES = {"bf16": "BF16", "fp16": "FP16"}


class OpenVinoExecutor(Executor):
    """A step graph compiled by OpenVINO.

    Past frames are inputs and newest ones outputs, as on any runtime: OpenVINO's own stateful form
    gave wrong numbers where a frame passes through several states.

    Args:
        content: The ONNX file.
        where: The file, for messages.
        threads: Threads of one run.
        precision: Of the arithmetic: "fp32", "bf16" or "fp16".

    Raises:
        DependencyError: If openvino is not installed.
        ConfigError: If this CPU has no arithmetic of that precision.
        WeightsError: If OpenVINO cannot load the graph.
    """

    def __init__(
        self, content: bytes, where: str, *, threads: int = 1, precision: str = "fp32"
    ) -> None:
        try:
            import openvino
        except ImportError as error:
            raise DependencyError(
                "Backend 'openvino' needs openvino; install it with: pip install openvino"
            ) from error
        self.plan = read_plan(content, where)
        self._openvino, core = openvino, openvino.Core()
        able = set(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        if precision not in _HINTS or _CAPABILITIES.get(precision, "FP32") not in able:
            known = sorted(p for p in _HINTS if _CAPABILITIES.get(p, "FP32") in able)
            raise ConfigError(
                f"Backend 'openvino': expected a precision that this CPU has, one of "
                f"{', '.join(known)}; got {precision!r}."
            )
        self._options = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
        }
        self._content, self._core, self._where = content, core, where
        self._requests: dict[int, Any] = {}

    def bind(self, inputs: Views, outputs: Views) -> Any:
        request = self._request_for(inputs)
        model = request.get_compiled_model()
        names = {port.get_any_name() for port in (*model.inputs, *model.outputs)}
        views = {**outputs, **inputs}
        tensors = [
            (name, self._openvino.Tensor(views[name], shared_memory=True)) for name in names
        ]
        return request, tensors

    def _request_for(self, inputs: Views) -> Any:
        """Return the graph compiled for so many rows: twice as fast as for an open number."""
        rows = len(inputs["frame"])
        if rows not in self._requests:
            try:
                model = self._core.read_model(self._content, b"")
                names = [port.get_any_name() for port in model.inputs]
                model.reshape({name: list(inputs[name].shape) for name in names})
                compiled = self._core.compile_model(model, "CPU", self._options)
            except RuntimeError as error:
                raise WeightsError(f"{self._where}: OpenVINO cannot load it; {error}") from error
            self._requests[rows] = compiled.create_infer_request()
        return self._requests[rows]

    def run(self, binding: Any) -> None:
        request, tensors = binding
        for name, tensor in tensors:
            request.set_tensor(name, tensor)
        request.infer()
