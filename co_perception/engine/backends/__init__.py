# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step backends behind one interface, and the choice among them."""

from __future__ import annotations

from importlib.util import find_spec

from co_perception.engine.backends.base import State, StepBackend
from co_perception.engine.model_folder import STEP, ModelFolder
from co_perception.errors import ConfigError, DependencyError

__all__ = ["BACKENDS", "DEVICES", "State", "StepBackend", "choose_backend", "open_backend"]

BACKENDS = ("auto", "onnxruntime", "torch")
DEVICES = ("cpu",)


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # blocked, or half imported
        return False


def choose_backend(folder: ModelFolder, backend: str = "auto") -> tuple[str, str]:
    """Return the backend to use, and why, in words.

    Args:
        folder: The model folder.
        backend: One of `BACKENDS`.

    Raises:
        ConfigError: If the backend is unknown.
        DependencyError: If none can run here.
    """
    if backend not in BACKENDS:
        raise ConfigError(f"'backend': expected one of {', '.join(BACKENDS)}; got {backend!r}.")
    if backend != "auto":
        return backend, "asked for"
    if not _installed("onnxruntime"):
        lack = "onnxruntime is not installed"
    elif folder.step_path is None:
        lack = f"the model folder has no {STEP}"
    else:
        return "onnxruntime", f"auto: onnxruntime is installed and the model folder has {STEP}"
    if _installed("torch") and _installed("safetensors"):
        return "torch", f"auto: {lack}; torch is"
    raise DependencyError(
        f"No backend can run model '{folder.name}': {lack}, and torch with safetensors is not "
        "installed either. Install one: pip install onnxruntime, or: pip install torch safetensors"
    )


def open_backend(
    folder: ModelFolder, rows: int, *, backend: str, device: str = "cpu", threads: int = 1
) -> StepBackend:
    """Open a model folder on a backend, with a cold state.

    Args:
        folder: The model folder.
        rows: Rows of the state.
        backend: "onnxruntime" or "torch"; see `choose_backend` for "auto".
        device: One of `DEVICES`.
        threads: Threads of one step, where the backend has its own.

    Raises:
        ConfigError: If backend or device is unknown.
        DependencyError: If the backend's library is not installed.
        WeightsError: If the folder's files do not fit each other.
    """
    if device not in DEVICES:
        raise ConfigError(f"'device': expected one of {', '.join(DEVICES)}; got {device!r}.")
    name, _ = choose_backend(folder, backend)
    if name == "onnxruntime":
        from co_perception.engine.backends.ort import open_onnxruntime

        return open_onnxruntime(folder, rows, threads=threads)
    from co_perception.engine.backends.torch_reference import TorchBackend

    return TorchBackend(folder, rows, threads=threads)
