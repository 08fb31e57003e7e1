# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The choice among backends: by what is installed and, where several can run, by measurement."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from statistics import median

import numpy as np

from co_perception.engine.backends.base import StepBackend
from co_perception.engine.backends.open import open_backend
from co_perception.engine.backends.step_graph import has_step_graph
from co_perception.engine.backends.target import OPENABLE, Target, check_place
from co_perception.engine.cache import cache_path, read_cached, write_cached
from co_perception.engine.fast.graph import UnsupportedError
from co_perception.engine.fast.native_library import find_native_library
from co_perception.engine.model_folder import STEP, ModelFolder
from co_perception.errors import ConfigError, CoPerceptionError, DependencyError

__all__ = ["BACKENDS", "choose_backend", "open_chosen"]

BACKENDS = ("auto", *OPENABLE)

_log = logging.getLogger(__name__)
_STEPS, _ROUNDS = 5, 7
_REFERENCE = ("torch", "cpu")  # several times slower than the others, in any precision


def open_chosen(
    folder: ModelFolder,
    rows: int,
    *,
    backend: str = "auto",
    device: str = "cpu",
    precision: str = "fp32",
    threads: int = 1,
) -> tuple[StepBackend, str]:
    """Open a model folder on a backend and try a step; return also why on this one.

    With "auto", what cannot run gives way, with a warning that says why: first to another backend,
    then the precision to fp32, then the device to the CPU. A precision below fp32 is used only
    where it is asked for.

    Args:
        folder: The model folder.
        rows: Rows of the state, which is cold.
        backend: One of `BACKENDS`.
        device: One of `DEVICES`, with a number where there are several GPUs.
        precision: One of `PRECISIONS`.
        threads: Threads of one step.

    Raises:
        ConfigError: If backend, device or precision is unknown, or the backend that was asked for
            does not have them.
        DependencyError: If no backend can run here.
        WeightsError: If the folder's files do not fit each other.
        StepError: If no backend gets through a step.
    """
    targets, why = _choose(folder, backend, device, precision, threads)
    for target, following in zip(targets, [*targets[1:], None]):
        try:
            opened = _open_and_try(folder, rows, target, threads)
        except CoPerceptionError as error:
            if following is None:
                raise
            why = f"auto: {target} cannot run ({error})"
            _log.warning("model %s: %s; %s instead", folder.name, why, following)
        else:
            _log.info("model %s runs on %s: %s; %s", folder.name, target, why, opened.batching)
            return opened, why
    raise AssertionError("there is always a target, and the last one returns or raises")


def choose_backend(
    folder: ModelFolder,
    backend: str = "auto",
    *,
    device: str = "cpu",
    precision: str = "fp32",
    threads: int = 1,
) -> tuple[str, str]:
    """Return the backend to use, and why, in words.

    Where several compute on this device in this precision, the fastest: measured once, then
    remembered for these weights, versions and machine. (Torch on the CPU is the reference; it
    steps only where no other can.)

    Args:
        folder: The model folder.
        backend: One of `BACKENDS`.
        device: As for `open_chosen`.
        precision: As for `open_chosen`.
        threads: Threads of one step.

    Raises:
        ConfigError: If one of them is unknown, or the backend does not have the others.
        DependencyError: If none can run here.
    """
    targets, why = _choose(folder, backend, device, precision, threads)
    return targets[0].backend, why


def _choose(
    folder: ModelFolder, backend: str, device: str, precision: str, threads: int
) -> tuple[list[Target], str]:
    """Return what to try, first to last, and why the first."""
    if backend not in BACKENDS:
        raise ConfigError(
            f"'backend': expected one of {', '.join(sorted(BACKENDS))}; got {backend!r}."
        )
    if backend != "auto":
        target = Target(backend, device, precision)
        target.check()
        return [target], "asked for"
    check_place(device, precision)
    names, lack = _list_runnable(folder)
    if not names:
        raise DependencyError(
            f"No backend can run model '{folder.name}': {lack}, and torch with safetensors is not "
            "installed either. Install one: pip install onnxruntime, or: pip install torch "
            "safetensors"
        )
    targets = _list_targets(names, device, precision)
    equals = [target for target in targets if target[1:] == (device, precision)]
    if not equals:
        why = _describe_lack(names, Target("auto", device, precision))
        _log.warning("model %s: %s; %s instead", folder.name, why, targets[0])
        return targets, why
    rivals = [target for target in equals if target[:2] != _REFERENCE]
    if len(rivals) > 1:
        best, why = _choose_faster(folder, rivals, threads)
        return sorted(targets, key=lambda target: target != best), why
    if equals[0].backend == "onnxruntime":
        return targets, f"auto: onnxruntime is installed and the model folder has {STEP}"
    return targets, f"auto: {lack}; torch is" if lack else "auto: the only one that can"


def _list_runnable(folder: ModelFolder) -> tuple[list[str], str]:
    """Return the backends that can run here, the usual order first, and what onnxruntime lacks."""
    names, lack = [], ""
    if not _installed("onnxruntime"):
        lack = "onnxruntime is not installed"
    elif folder.step_path is None:
        lack = f"the model folder has no {STEP}"
    else:
        names.append("onnxruntime")
        if has_step_graph(folder):
            names += ["openvino"] if _installed("openvino") else []
            names += ["native"] if _has_native(folder) else []
    if _installed("torch") and _installed("safetensors"):
        names.append("torch")
    return names, lack


def _has_native(folder: ModelFolder) -> bool:
    """Whether the native kernels are here, and may know a model's network."""
    images = len(folder.input.step_shape) == 3
    return images and find_native_library() is not None and _installed("onnx")


def _list_targets(names: Sequence[str], device: str, precision: str) -> list[Target]:
    """Return what backends can do, what was asked for first."""
    devices = dict.fromkeys((device, device.replace("tensorrt", "cuda"), "cpu"))
    places = dict.fromkeys((place, p) for place in devices for p in (precision, "fp32"))
    able = [Target(name, *place) for place in places for name in names]
    able = [target for target in able if target.fits]
    fast = [target for target in able if target[:2] != _REFERENCE]
    return fast + [target for target in able if target == (*_REFERENCE, "fp32")]


def _describe_lack(names: Sequence[str], asked: Target) -> str:
    able = [name for name in OPENABLE if asked._replace(backend=name).fits]
    return (
        f"auto: {asked.precision} on {asked.device} is computed by {', '.join(able)}, of which "
        f"none can run this model folder here ({', '.join(names)} can)"
    )


def _choose_faster(
    folder: ModelFolder, targets: Sequence[Target], threads: int
) -> tuple[Target, str]:
    """Return the fastest of some targets for one row, from the cache or by measurement."""
    names = [target.backend for target in targets]
    path = cache_path(
        "choices",
        folder.files[STEP],
        str(threads),
        *targets[0][1:],
        *(f"{name} {_version(name)}" for name in names),
    )
    times = _read_times(read_cached(path), names)
    remembered = times is not None
    if times is None:
        times = _measure(folder, targets, threads)
        if not times:
            return targets[0], "auto: none could be measured"
        write_cached(path, json.dumps(times).encode())
    best = min(times, key=lambda name: times[name])
    figures = ", ".join(f"{name} {1e3 * sec:.2f} ms" for name, sec in sorted(times.items()))
    why = f"auto: {'remembered' if remembered else 'measured'} {figures} per step"
    return targets[names.index(best)], why


def _read_times(content: bytes | None, names: Sequence[str]) -> dict[str, float] | None:
    try:
        times = json.loads(content or b"")
        return {name: float(times[name]) for name in times if name in names} or None
    except (ValueError, TypeError):
        return None


def _measure(folder: ModelFolder, targets: Sequence[Target], threads: int) -> dict[str, float]:
    """Return the seconds of a step of one row, by backend: medians of rounds that take turns."""
    opened: dict[str, StepBackend] = {}
    for target in targets:
        try:
            opened[target.backend] = _open_and_try(folder, 1, target, threads)
        except UnsupportedError as error:
            _log.info("model %s: %s: %s", folder.name, target, error)
        except CoPerceptionError as error:
            _log.warning("model %s: %s cannot run: %s", folder.name, target, error)
    rounds: dict[str, list[float]] = {name: [] for name in opened}
    for _ in range(_ROUNDS):
        for name, backend in opened.items():
            rounds[name].append(_time_steps(backend, _STEPS))
    for backend in opened.values():
        backend.close()
    return {name: median(times) for name, times in rounds.items()}


def _open_and_try(folder: ModelFolder, rows: int, target: Target, threads: int) -> StepBackend:
    """Open a backend whose first steps, which allocate and may fail for it, are done.

    A step of each phase: a start should not take longer than it must.
    """
    backend, device, precision = target
    opened = open_backend(
        folder, rows, backend=backend, device=device, precision=precision, threads=threads
    )
    try:
        _time_steps(opened, folder.time_stride)
        opened.reset(range(rows))
    except CoPerceptionError:
        opened.close()
        raise
    return opened


def _time_steps(backend: StepBackend, steps: int) -> float:
    """Return the mean seconds of a step of one row."""
    frame, update = np.zeros((1, *backend.step_shape), np.float32), np.ones(1, np.bool_)
    start = time.perf_counter()
    for _ in range(steps):
        backend.step(frame, update)
    return (time.perf_counter() - start) / steps


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
