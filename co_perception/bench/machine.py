# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a figure was measured on: without it a figure says nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path

__all__ = ["TELLING_FLAGS", "describe_machine"]

TELLING_FLAGS = (
    "avx2",
    "fma",
    "avx512f",
    "avx512_bf16",
    "avx_vnni",
    "avx512_vnni",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "asimdhp",
    "bf16",
    "i8mm",
    "sve",
)
"""CPU flags that decide which kernels the libraries take."""

_LIBRARIES = ("numpy", "onnxruntime", "openvino", "torch", "continual-inference", "mediapipe")
_JETSON_MODEL = "proc/device-tree/model"


def describe_machine(
    root: Path = Path("/"), libraries: Sequence[str] = _LIBRARIES
) -> dict[str, object]:
    """Return processor, flags that matter, memory, system and versions of libraries.

    Args:
        root: Where `proc` and `sys` are.
        libraries: Packages whose versions matter; those that are not installed are left out.
    """
    cpu = _read_cpuinfo(root / "proc/cpuinfo")
    flags = set(cpu.get("flags", cpu.get("Features", "")).split())
    return {
        "processor": _read(root / _JETSON_MODEL)
        or cpu.get("model name", cpu.get("Hardware", platform.machine())),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 1,
        "flags": [flag for flag in TELLING_FLAGS if flag in flags],
        "governor": _read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "memory_gib": _memory_gib(root / "proc/meminfo"),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": {name: version for name in libraries if (version := _version(name))},
    }


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip("\0\n ") or None
    except OSError:
        return None


def _read_cpuinfo(path: Path) -> dict[str, str]:
    """Return the first processor's lines by name; that of a name which comes again is kept."""
    found: dict[str, str] = {}
    for line in (_read(path) or "").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip(), value.strip())
    return found


def _memory_gib(path: Path) -> float | None:
    for line in (_read(path) or "").splitlines():
        if line.startswith("MemTotal:"):
            return round(int(line.split()[1]) / 2**20, 1)
    return None


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
