# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs on OpenVINO's CPU plugin: buffers are shared with it, a request per turn."""

from __future__ import annotations

from typing import Any

from co_perception.engine.fast.lane import Executor
from co_perception.engine.fast.openvino_library import require_openvino
from co_perception.engine.fast.plan import read_plan
from co_perception.engine.fast.rings import Views
from co_perception.errors import ConfigError, WeightsError

__all__ = ["OpenVinoExecutor"]

_HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
_CAPABILITIES = {"fp32": "FP32", "bf16": "BF16", "fp16": "FP16"}


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
        self._openvino = require_openvino()
        self._core = self._openvino.Core()
        self._check_precision(precision)
        self.plan = read_plan(content, where)
        self._options = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
        }
        self._content, self._where = content, where
        self._compiled: dict[int, Any] = {}

    def _check_precision(self, precision: str) -> None:
        """Raise unless the CPU has the arithmetic: OpenVINO would compute in fp32 unasked."""
        able = set(self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        known = [p for p, capability in _CAPABILITIES.items() if capability in able]
        if precision not in known:
            cpu = self._core.get_property("CPU", "FULL_DEVICE_NAME")
            raise ConfigError(
                f"Backend 'openvino': expected a precision that this CPU ({cpu}) has arithmetic "
                f"for, one of {', '.join(sorted(known))}; got {precision!r}. Use "
                "precision='fp32', or a CPU with avx512_bf16 or amx_bf16 for bf16, avx512_fp16 "
                "or amx_fp16 for fp16."
            )

    def bind(self, inputs: Views, outputs: Views) -> Any:
        """Return a request of its own per turn: to set a hundred tensors takes a millisecond."""
        model = self._compile_for(inputs)
        request, views = model.create_infer_request(), {**outputs, **inputs}
        for port in (*model.inputs, *model.outputs):
            view = views[port.get_any_name()]
            request.set_tensor(port, self._openvino.Tensor(view, shared_memory=True))
        return request

    def _compile_for(self, inputs: Views) -> Any:
        """Return the graph compiled for so many rows: twice as fast as for an open number."""
        rows = len(inputs["frame"])
        if rows not in self._compiled:
            try:
                model = self._core.read_model(self._content, b"")
                names = [port.get_any_name() for port in model.inputs]
                model.reshape({name: list(inputs[name].shape) for name in names})
                self._compiled[rows] = self._core.compile_model(model, "CPU", self._options)
            except RuntimeError as error:
                raise WeightsError(f"{self._where}: OpenVINO cannot load it; {error}") from error
        return self._compiled[rows]

    def run(self, binding: Any) -> None:
        binding.infer()
