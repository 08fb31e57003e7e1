# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs of video networks on the package's own kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.fast.graph import require_onnx
from co_perception.engine.fast.lane import Executor
from co_perception.engine.fast.memory import allocate_side_by_side
from co_perception.engine.fast.native_library import NativeKernels
from co_perception.engine.fast.native_program import make_program
from co_perception.engine.fast.plan import read_plan
from co_perception.engine.fast.rings import Views
from co_perception.errors import WeightsError

__all__ = ["NativeExecutor"]

_MAX_BUFFERS = 4096


class NativeExecutor(Executor):
    """A step graph as a program of native kernels; one thread.

    Args:
        content: The ONNX file.
        where: The file, for messages.
        precision: "fp32" or "bf16".
        instructions: For tests: of `NativeKernels`.

    Attributes:
        operations: The program, (n, FIELDS).
        instructions: That are used.
        nanoseconds: None; an array (n,) gets each operation's time added, for profiles.

    Raises:
        DependencyError: If the library was not built, or onnx is not installed.
        UnsupportedError: If the graph has something that the kernels do not know.
        WeightsError: If the file is no step graph, or damaged.
    """

    def __init__(
        self,
        content: bytes,
        where: str,
        *,
        precision: str = "fp32",
        instructions: str | None = None,
    ) -> None:
        self._kernels, onnx = NativeKernels(precision, instructions), require_onnx()
        self.instructions = self._kernels.instructions
        self.nanoseconds: NDArray[np.int64] | None = None
        plan = read_plan(content, where)
        try:
            model = onnx.load_from_string(content)
            onnx.checker.check_model(model)
        except Exception as error:  # protobuf and onnx raise classes of their own
            raise WeightsError(f"{where}: onnx cannot load it; {error}") from error
        lanes = self._kernels.lanes
        program = make_program(model, plan, where, precision=precision, lanes=lanes)
        self.plan, self.operations = program.plan, program.operations
        buffers = program.buffers
        if len(buffers) > _MAX_BUFFERS:
            raise WeightsError(f"{where}: expected at most {_MAX_BUFFERS} values; {len(buffers)}")
        self._externals, self._sizes, self._where = buffers.externals, buffers.sizes, where
        arrays = list(buffers.constants.values())
        sizes = [*(array.nbytes for array in arrays), *buffers.pieces]
        self._memory = allocate_side_by_side(sizes)
        for memory, array in zip(self._memory, arrays):
            memory.view(array.dtype)[:] = array.reshape(-1)
        addresses = [memory.ctypes.data for memory in self._memory]
        self._pointers = np.zeros(len(buffers), np.uintp)
        self._pointers[list(buffers.constants)] = addresses[: len(arrays)]
        for number, piece in buffers.memory.items():
            self._pointers[number] = addresses[len(arrays) + piece]

    def bind(self, inputs: Views, outputs: Views) -> Any:
        pointers, steps = self._pointers.copy(), np.zeros(len(self._pointers), np.int64)
        views = {**outputs, **inputs}
        for name, number in self._externals.items():
            view = views[name]
            if view[0].nbytes != self._sizes[name] or not view.flags.c_contiguous:
                raise WeightsError(
                    f"{self._where}: '{name}': expected {self._sizes[name]} bytes per row, as "
                    f"its graph says; its plan says {view[0].nbytes}. Export it again."
                )
            pointers[number], steps[number] = view.ctypes.data, view.strides[0]
        return pointers, steps, len(inputs["frame"])

    def run(self, binding: Any) -> None:
        pointers, steps, rows = binding
        self._kernels.run(self.operations, pointers, steps, rows, self.nanoseconds)
