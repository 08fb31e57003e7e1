# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Opening a model folder on a backend that was chosen."""

from __future__ import annotations

from co_perception.engine.backends.base import StepBackend
from co_perception.engine.backends.target import Target
from co_perception.engine.model_folder import ModelFolder

__all__ = ["open_backend"]


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
        backend: "native", "onnxruntime", "openvino" or "torch"; see `open_chosen` for "auto".
        device: One of `DEVICES`; "cuda:1" and "tensorrt:1" are the second GPU.
        precision: One of `PRECISIONS`: what the network computes in. Frames and logits are
            float32 whatever it is.
        threads: Threads of one step, where the backend has its own.

    Raises:
        ConfigError: If backend, device or precision is unknown, they do not go together, or this
            machine has no arithmetic of that precision.
        DependencyError: If the backend's library, or its part for the device, is not installed.
        WeightsError: If the folder's files do not fit each other.
    """
    target = Target(backend, device, precision)
    target.check()
    if backend == "onnxruntime":
        from co_perception.engine.backends.ort import open_onnxruntime

        return open_onnxruntime(folder, rows, threads=threads, target=target)
    if backend == "native":
        from co_perception.engine.backends.native import open_native

        return open_native(folder, rows, precision=precision)
    if backend == "openvino":
        from co_perception.engine.backends.openvino import open_openvino

        return open_openvino(folder, rows, threads=threads, precision=precision)
    from co_perception.engine.backends.torch_reference import TorchBackend

    return TorchBackend(folder, rows, device=device, precision=precision)
