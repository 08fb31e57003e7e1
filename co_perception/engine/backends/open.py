# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Opening a model folder on a backend that was chosen."""

from __future__ import annotations

from co_perception.engine.backends.base import StepBackend
from co_perception.engine.model_folder import ModelFolder
from co_perception.errors import ConfigError

__all__ = ["DEVICES", "OPENABLE", "open_backend"]

OPENABLE = ("onnxruntime", "openvino", "torch")
DEVICES = ("cpu",)


def open_backend(
    folder: ModelFolder,
    rows: int,
    *,
    backend: str,
    device: str = "cpu",
    precision: str = "fp32",
    threads: int = 1,
) -> StepBackend:
    """Open a model folder on a backend, with a cold state.

    Args:
        folder: The model folder.
        rows: Rows of the state.
        backend: "onnxruntime", "openvino" or "torch"; see `open_chosen` for "auto".
        device: One of `DEVICES`.
        precision: "fp32"; with OpenVINO also "bf16" or "fp16", where the CPU has that arithmetic.
        threads: Threads of one step, where the backend has its own.

    Raises:
        ConfigError: If backend, device or precision is unknown or not to be had.
        DependencyError: If the backend's library is not installed.
        WeightsError: If the folder's files do not fit each other.
    """
    if backend not in OPENABLE:
        raise ConfigError(f"'backend': expected one of {', '.join(OPENABLE)}; got {backend!r}.")
    if device not in DEVICES:
        raise ConfigError(f"'device': expected one of {', '.join(DEVICES)}; got {device!r}.")
    if precision != "fp32" and backend != "openvino":
        raise ConfigError(f"'precision': {backend} steps in fp32 only; got {precision!r}.")
    if backend == "onnxruntime":
        from co_perception.engine.backends.ort import open_onnxruntime

        return open_onnxruntime(folder, rows, threads=threads)
    if backend == "openvino":
        from co_perception.engine.backends.openvino import open_openvino

        return open_openvino(folder, rows, threads=threads, precision=precision)
    from co_perception.engine.backends.torch_reference import TorchBackend

    return TorchBackend(folder, rows, threads=threads)
