# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs on OpenVINO's CPU plugin: buffers are shared with it, a request per turn.

In bf16 the rings hold what its convolutions take, bfloat16 with the channels last: as float32 in
the plain layout each past frame would be converted on its way in, each newest one on its way out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from co_perception.engine.fast.lane import Executor
from co_perception.engine.fast.openvino_library import require_openvino
from co_perception.engine.fast.plan import Ring, StepPlan, read_plan, ring_name
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
        plan = read_plan(content, where)
        self.plan = _keep_bfloat16(plan) if precision == "bf16" else plan
        self._rings = {ring.name: ring for ring in self.plan.rings if ring.dtype == "bfloat16"}
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
            request.set_tensor(port, self._to_tensor(port.get_any_name(), views))
        return request

    def _to_tensor(self, name: str, views: Views) -> Any:
        """Return the memory of a view as a tensor."""
        ring, view = self._rings.get(ring_name(name)), views[name]
        if ring is None:
            return self._openvino.Tensor(view, shared_memory=True)
        shape = _tensor_shape(ring, len(view))
        return self._openvino.Tensor(view.reshape(shape), shape, self._openvino.Type.bf16)

    def _compile_for(self, inputs: Views) -> Any:
        """Return the graph compiled for so many rows: twice as fast as for an open number."""
        rows = len(inputs["frame"])
        if rows not in self._compiled:
            try:
                model = self._lay_out(self._core.read_model(self._content, b""))
                names = [port.get_any_name() for port in model.inputs]
                shapes = {n: list(self._to_tensor(n, inputs).shape) for n in names}
                model.reshape(shapes)
                self._compiled[rows] = self._core.compile_model(model, "CPU", self._options)
            except RuntimeError as error:
                raise WeightsError(f"{self._where}: OpenVINO cannot load it; {error}") from error
        return self._compiled[rows]

    def _lay_out(self, model: Any) -> Any:
        """Return a model whose past and newest frames are as the rings hold them."""
        if not self._rings:
            return model
        openvino = self._openvino
        steps = openvino.preprocess.PrePostProcessor(model)
        for ports, find in ((model.inputs, steps.input), (model.outputs, steps.output)):
            for name in (port.get_any_name() for port in ports):
                ring = self._rings.get(ring_name(name))
                if ring is None:
                    continue
                side = find(name)
                side.tensor().set_element_type(openvino.Type.bf16)
                if len(ring.shape) == 3:
                    side.tensor().set_layout(openvino.Layout("NHWC"))
                    side.model().set_layout(openvino.Layout("NCHW"))
        return steps.build()

    def run(self, binding: Any) -> None:
        binding.infer()


def _keep_bfloat16(plan: StepPlan) -> StepPlan:
    """Return a plan whose rings hold bfloat16, images with the channels last.

    That is one block of all channels. Camera frames come as they are, and sums over long times are
    made by the runner: both stay float32.
    """
    rings = [
        ring
        if ring.is_input or ring.kind == "total"
        else replace(ring, dtype="bfloat16", block=ring.shape[0] if len(ring.shape) == 3 else 1)
        for ring in plan.rings
    ]
    return replace(plan, rings=tuple(rings))


def _tensor_shape(ring: Ring, entries: int) -> tuple[int, ...]:
    """Return the shape of a ring's frames in memory."""
    return (entries, *ring.shape[1:], *ring.shape[:1])
