# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The choice among backends: by what is installed and, where several can run, by measurement."""

from __future__ import annotations

import json
import logging
import platform
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from statistics import median

import numpy as np

from co_perception.engine.backends.base import StepBackend
from co_perception.engine.backends.open import OPENABLE, open_backend
from co_perception.engine.backends.step_graph import has_step_graph
from co_perception.engine.cache import cache_path, read_cached, write_cached
from co_perception.engine.model_folder import STEP, ModelFolder
from co_perception.errors import ConfigError, CoPerceptionError, DependencyError

__all__ = ["BACKENDS", "choose_backend", "open_chosen"]

BACKENDS = ("auto", *OPENABLE)

_log = logging.getLogger(__name__)
_STEPS, _ROUNDS = 5, 7


def open_chosen(
    folder: ModelFolder, rows: int, *, backend: str = "auto", device: str = "cpu", threads: int = 1
) -> tuple[StepBackend, str]:
    """Open a model folder on a backend; return also why on this one.

    With "auto", a backend that cannot run gives way to the next one, with a warning that says why.

    Args:
        folder: The model folder.
        rows: Rows of the state.
        backend: One of `BACKENDS`.
        device: One of `DEVICES`.
        threads: Threads of one step.

    Raises:
        ConfigError: If backend or device is unknown.
        DependencyError: If no backend can run here.
        WeightsError: If the folder's files do not fit each other.
    """
    name, why = choose_backend(folder, backend, threads=threads)
    others = [n for n in _list_runnable(folder)[0] if n != name] if backend == "auto" else []
    while True:
        try:
            opened = open_backend(folder, rows, backend=name, device=device, threads=threads)
        except ConfigError:
            raise
        except CoPerceptionError as error:
            if not others:
                raise
            why = f"auto: {name} cannot run ({error})"
            name = others.pop(0)
            _log.warning("model %s: %s; %s instead", folder.name, why, name)
        else:
            _log.info("model %s runs on %s: %s", folder.name, name, why)
            return opened, why


def choose_backend(
    folder: ModelFolder, backend: str = "auto", *, threads: int = 1
) -> tuple[str, str]:
    """Return the backend to use, and why, in words.

    Where both onnxruntime and OpenVINO can run the model, the faster one: measured once, then
    remembered for these weights, versions and machine.

    Args:
        folder: The model folder.
        backend: One of `BACKENDS`.
        threads: Threads of one step.

    Raises:
        ConfigError: If the backend is unknown.
        DependencyError: If none can run here.
    """
    if backend not in BACKENDS:
        raise ConfigError(f"'backend': expected one of {', '.join(BACKENDS)}; got {backend!r}.")
    if backend != "auto":
        return backend, "asked for"
    names, lack = _list_runnable(folder)
    if not names:
        raise DependencyError(
            f"No backend can run model '{folder.name}': {lack}, and torch with safetensors is not "
            "installed either. Install one: pip install onnxruntime, or: pip install torch "
            "safetensors"
        )
    if names[0] == "torch":
        return "torch", f"auto: {lack}; torch is"
    if "openvino" in names:
        return _choose_faster(folder, names[:2], threads)
    return "onnxruntime", f"auto: onnxruntime is installed and the model folder has {STEP}"


def _list_runnable(folder: ModelFolder) -> tuple[list[str], str]:
    """Return the backends that can run here, the usual order first, and what onnxruntime lacks."""
    names, lack = [], ""
    if not _installed("onnxruntime"):
        lack = "onnxruntime is not installed"
    elif folder.step_path is None:
        lack = f"the model folder has no {STEP}"
    else:
        names.append("onnxruntime")
        if _installed("openvino") and has_step_graph(folder):
            names.append("openvino")
    if _installed("torch") and _installed("safetensors"):
        names.append("torch")
    return names, lack


def _choose_faster(folder: ModelFolder, names: Sequence[str], threads: int) -> tuple[str, str]:
    """Return the fastest of some backends for one row, from the cache or by measurement."""
    path = cache_path(
        "choices",
        folder.files[STEP],
        str(threads),
        platform.machine(),
        platform.processor() or platform.node(),
        *(f"{name} {_version(name)}" for name in names),
    )
    times = _read_times(read_cached(path), names)
    remembered = times is not None
    if times is None:
        times = _measure(folder, names, threads)
        write_cached(path, json.dumps(times).encode())
    best = min(times, key=lambda name: times[name])
    figures = ", ".join(f"{name} {1e3 * sec:.2f} ms" for name, sec in sorted(times.items()))
    return best, f"auto: {'remembered' if remembered else 'measured'} {figures} per step"


def _read_times(content: bytes | None, names: Sequence[str]) -> dict[str, float] | None:
    try:
        times = json.loads(content or b"")
        return {name: float(times[name]) for name in times if name in names} or None
    except (ValueError, TypeError):
        return None


def _measure(folder: ModelFolder, names: Sequence[str], threads: int) -> dict[str, float]:
    """Return the seconds of a step of one row, by backend: medians of rounds that take turns."""
    opened: dict[str, StepBackend] = {}
    for name in names:
        try:
            opened[name] = open_backend(folder, 1, backend=name, threads=threads)
            _time_steps(opened[name])  # the first ones allocate
        except CoPerceptionError as error:
            opened.pop(name, None)
            _log.warning("model %s: %s cannot run: %s", folder.name, name, error)
    rounds: dict[str, list[float]] = {name: [] for name in opened}
    for _ in range(_ROUNDS):
        for name, backend in opened.items():
            rounds[name].append(_time_steps(backend))
    for backend in opened.values():
        backend.close()
    return {name: median(times) for name, times in rounds.items()} or {names[0]: 0.0}


def _time_steps(backend: StepBackend) -> float:
    frame, update = np.zeros((1, *backend.step_shape), np.float32), np.ones(1, np.bool_)
    start = time.perf_counter()
    for _ in range(_STEPS):
        backend.step(frame, update)
    return (time.perf_counter() - start) / _STEPS


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # blocked, or half imported
        return False


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # built by the machine's maker, under another name
        return "unknown"
