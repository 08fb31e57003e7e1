# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The exported step on onnxruntime: the default, which needs no torch.

Two forms of step.onnx: step graphs, whose past lies in rings outside (see `engine.fast`), and
masked steps, which take and give the whole state. A masked step has two sets of buffers: it reads
one and writes the other, and the next step does the reverse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.backends.base import State, StepBackend, check_state
from co_perception.engine.backends.batching import choose_batching
from co_perception.engine.backends.step_graph import StepGraphBackend, read_step_graphs
from co_perception.engine.backends.target import Target
from co_perception.engine.fast.ort_executor import OrtExecutor, open_session
from co_perception.engine.fast.ort_prepare import prepare_executors
from co_perception.engine.fast.ort_providers import (
    CPU,
    Provider,
    cuda,
    require_onnxruntime,
    tensorrt,
)
from co_perception.engine.model_folder import STEP, ModelFolder
from co_perception.errors import WeightsError

__all__ = ["MaskedStepBackend", "open_onnxruntime"]

_DTYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}
_Buffers = dict[str, NDArray[Any]]


_CPU_TARGET = Target("onnxruntime")


def open_onnxruntime(
    folder: ModelFolder, rows: int, *, threads: int = 1, target: Target = _CPU_TARGET
) -> StepBackend:
    """Open a model folder's step on onnxruntime, with a cold state.

    Args:
        folder: The model folder.
        rows: Rows of the state.
        threads: Threads of one step.
        target: Device and precision, checked.

    Raises:
        DependencyError: If onnxruntime, or its provider for the device, is not installed or does
            not start.
        WeightsError: If the folder has no step.onnx, or one that does not fit its model.yaml.
    """
    graphs = read_step_graphs(folder, "onnxruntime")
    if graphs is None:
        return MaskedStepBackend(folder, rows, threads=threads, target=target)
    where = str(folder.step_path)
    contents, hashes = list(graphs.values()), [folder.files[name] for name in graphs]
    if target.kind == "cpu":
        executors = prepare_executors(contents, hashes, threads=threads, where=where)
    else:
        executors = []
        for content, sha256 in zip(contents, hashes):
            provider = _provider(target, content, sha256, rows)
            session = open_session(content, threads=threads, where=where, provider=provider)
            executors.append(OrtExecutor(session, where))
    key = ("onnxruntime", require_onnxruntime().__version__, str(target), str(threads), *hashes)
    backend = StepGraphBackend(
        "onnxruntime",
        executors,
        rows,
        folder=folder,
        precision=target.precision,
        batching=choose_batching(executors, rows, key),
    )
    backend.device = target.device
    return backend


def _provider(target: Target, content: bytes, sha256: str, rows: int) -> Provider:
    """Return the provider of a target for one graph."""
    if target.kind == "cpu":
        return CPU
    if target.kind == "cuda":
        return cuda(target.gpu)
    return tensorrt(target.gpu, target.precision, content, sha256, rows=rows)


class MaskedStepBackend(StepBackend):
    """Steps a `step.onnx` that takes and gives the whole state; arguments as above."""

    name = "onnxruntime"

    def __init__(
        self,
        folder: ModelFolder,
        rows: int,
        *,
        threads: int = 1,
        target: Target = _CPU_TARGET,
    ) -> None:
        self.device, self.precision = target.device, target.precision
        self.rows, self.step_shape = rows, folder.input.step_shape
        self.classes = len(folder.labels)
        path = folder.step_path
        assert path is not None
        content = path.read_bytes()
        provider = _provider(target, content, folder.files[STEP], rows)
        self._session = open_session(content, threads=threads, where=str(path), provider=provider)
        shape = (rows, *self.step_shape)
        self._frames: NDArray[np.float32] = np.zeros(shape, np.float32)
        self._update: NDArray[np.bool_] = np.zeros(rows, np.bool_)
        self._logits: NDArray[np.float32] = np.zeros((rows, self.classes), np.float32)
        self._valid: NDArray[np.bool_] = np.zeros(rows, np.bool_)
        shapes = _check_graph(self._session, folder)
        self._states: tuple[_Buffers, _Buffers] = (
            {name: np.zeros((rows, *shape), dtype) for name, (shape, dtype) in shapes.items()},
            {name: np.zeros((rows, *shape), dtype) for name, (shape, dtype) in shapes.items()},
        )
        self._current = 0
        self._warm: NDArray[np.bool_] = np.zeros(rows, np.bool_)
        self._bindings: dict[tuple[int, int], Any] = {}

    def _step(
        self, frames: NDArray[np.float32], update: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        n = len(frames)
        self._frames[:n], self._update[:n] = frames, update
        self._warm[:n] |= update
        self._carry_over(n)
        self._session.run_with_iobinding(self._binding(n))
        self._current = 1 - self._current
        return self._logits[:n], self._valid[:n]

    def _carry_over(self, n: int) -> None:
        """Copy the rows that this step leaves out, so that they are found after the swap."""
        rows: NDArray[np.intp] = n + np.flatnonzero(
            self._warm[n:]
        )  # cold rows are zero in both sets
        if len(rows) == 0:
            return
        now, then = self._states[self._current], self._states[1 - self._current]
        for name, buffer in now.items():
            then[name][rows] = buffer[rows]

    def _binding(self, n: int) -> Any:
        """Return the pointers for a step of n rows in the current direction; made once."""
        key = (n, self._current)
        if key not in self._bindings:
            self._bindings[key] = self._make_binding(n)
        return self._bindings[key]

    def _make_binding(self, n: int) -> Any:
        binding = self._session.io_binding()

        def bind(attach: Any, name: str, buffer: NDArray[Any]) -> None:
            # Axis 0 comes first in memory: the first n rows are one block.
            shape = (n, *buffer.shape[1:])
            attach(name, "cpu", 0, buffer.dtype.type, shape, buffer.ctypes.data)

        bind(binding.bind_input, "frame", self._frames)
        bind(binding.bind_input, "update", self._update)
        bind(binding.bind_output, "logits", self._logits)
        bind(binding.bind_output, "valid", self._valid)
        for name, buffer in self._states[self._current].items():
            bind(binding.bind_input, f"state_{name}", buffer)
        for name, buffer in self._states[1 - self._current].items():
            bind(binding.bind_output, f"next_{name}", buffer)
        return binding

    @property
    def state_bytes(self) -> int:
        return sum(buffer.nbytes for buffers in self._states for buffer in buffers.values())

    def reset(self, rows: Iterable[int]) -> None:
        chosen = list(rows)
        self._warm[chosen] = False
        for buffers in self._states:
            for buffer in buffers.values():
                buffer[chosen] = 0

    def save_state(self) -> dict[str, NDArray[np.generic]]:
        return {name: buffer.copy() for name, buffer in self._states[self._current].items()}

    def restore_state(self, state: State) -> None:
        own = self._states[self._current]
        check_state(state, own)
        for name, buffer in own.items():
            buffer[...] = state[name]
        self._warm[:] = True

    def close(self) -> None:
        self._bindings.clear()
        self._session = None


def _check_graph(
    session: Any, folder: ModelFolder
) -> dict[str, tuple[tuple[int, ...], type[np.generic]]]:
    """Check the graph against model.yaml; return shape and dtype of every state tensor's row."""
    path = folder.step_path
    assert path is not None
    inputs = {arg.name: arg for arg in session.get_inputs()}
    outputs = {arg.name: arg for arg in session.get_outputs()}
    states = [name[len("state_") :] for name in inputs if name.startswith("state_")]
    _check_names(path, "inputs", inputs, {"frame", "update", *(f"state_{s}" for s in states)})
    _check_names(path, "outputs", outputs, {"logits", "valid", *(f"next_{s}" for s in states)})
    _check_shape(path, inputs["frame"], folder.input.step_shape, f"input ({folder.input})")
    _check_shape(path, inputs["update"], (), "one flag per row")
    _check_shape(
        path, outputs["logits"], (len(folder.labels),), f"labels ({len(folder.labels)} classes)"
    )
    shapes = {}
    for name in states:
        before, after = inputs[f"state_{name}"], outputs[f"next_{name}"]
        shape = _row_shape(path, before)
        if (after.type, _row_shape(path, after)) != (before.type, shape):
            raise WeightsError(
                f"{path}: state '{name}': expected the same shape and type going in and out, got "
                f"{before.type} {shape} and {after.type} {_row_shape(path, after)}."
            )
        shapes[name] = (shape, _DTYPES[before.type])
    return shapes


def _check_names(path: Path, what: str, found: dict[str, Any], expected: set[str]) -> None:
    if set(found) != expected:
        raise WeightsError(
            f"{path}: expected the {what} {', '.join(sorted(expected))}; "
            f"got {', '.join(sorted(found))}. Export it again with engine.export.export_step."
        )


def _row_shape(path: Path, arg: Any) -> tuple[int, ...]:
    """Shape of one row; raises unless axis 0 is open and the others are fixed."""
    axes = tuple(arg.shape)
    fixed = all(isinstance(axis, int) and axis > 0 for axis in axes[1:])
    if not axes or isinstance(axes[0], int) or not fixed or arg.type not in _DTYPES:
        raise WeightsError(
            f"{path}: '{arg.name}': expected (rows, ...) with an open number of rows, of type "
            f"{', '.join(sorted(re.sub('[()]|tensor', '', t) for t in _DTYPES))}; "
            f"got {arg.type} {axes}."
        )
    return axes[1:]


def _check_shape(path: Path, arg: Any, expected: tuple[int, ...], key: str) -> None:
    found = _row_shape(path, arg)
    if found != expected:
        raise WeightsError(
            f"{path}: '{arg.name}' has (rows, *{found}), but model.yaml says {key}: expected "
            f"(rows, *{expected}); this step is of another model."
        )
