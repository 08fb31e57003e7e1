# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Weights in files: safetensors, or torch files read without running code from them."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from co_perception.errors import DependencyError, WeightsError

__all__ = ["LoadReport", "load_tensors", "load_weights", "save_weights"]


@dataclasses.dataclass(frozen=True)
class LoadReport:
    """What was loaded.

    Attributes:
        path: The file.
        format: "co_perception": the only one so far.
        tensors: How many tensors were loaded; all of the model's.
    """

    path: str
    format: str
    tensors: int


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file by name; no code of the file runs.

    Raises:
        WeightsError: If the file is missing, damaged, or holds other things than tensors.
        DependencyError: If it is a safetensors file and that library is missing.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: expected a file of weights, found none; check the path")
    with path.open("rb") as file:
        is_torch = file.read(2) in (b"PK", b"\x80\x02")  # a zip archive or a pickle
    return _load_torch(path) if is_torch else _load_safetensors(path)


def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], *, where: str) -> LoadReport:
    """Copy tensors into a model, all or nothing.

    Args:
        model: The model.
        tensors: By the names of the model's `state_dict`.
        where: Names the source in messages.
    Raises:
        WeightsError: If tensors are missing, extra or mis-shaped; the message lists all of them.
    """
    expected = model.state_dict()
    faults = [f"missing {name}" for name in sorted(expected.keys() - tensors.keys())]
    faults += [f"extra {name}" for name in sorted(tensors.keys() - expected.keys())]
    faults += [
        f"{name}: expected {tuple(expected[name].shape)}, got {tuple(tensors[name].shape)}"
        for name in sorted(expected.keys() & tensors.keys())
        if expected[name].shape != tensors[name].shape
    ]
    if faults:
        raise WeightsError(
            f"{where}: the weights do not fit the model ({len(faults)} faults): "
            f"{'; '.join(faults)}. Make the model with the options that the weights were trained "
            "with"
        )
    model.load_state_dict(dict(tensors), strict=True)
    return LoadReport(path=where, format="co_perception", tensors=len(expected))


def save_weights(model: nn.Module, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a model's tensors to a safetensors file.

    Raises:
        DependencyError: If the safetensors library is missing.
    """
    try:
        from safetensors.torch import save_file
    except ImportError as error:
        raise _no_safetensors(path) from error
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    save_file(tensors, str(path), metadata=dict(metadata or {}))


def _load_torch(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise WeightsError(
            f"{path}: expected a torch file of tensors, but it is damaged or holds other Python "
            f"objects, which are never run: {error}"
        ) from error
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise WeightsError(f"{path}: expected a dict of tensors by name, got {_outline(content)}")
    return content


def _load_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        raise _no_safetensors(path) from error
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path}: expected a safetensors file (or one of torch.save), but it is damaged or "
            f"cut off: {error}"
        ) from error


def _no_safetensors(path: Path) -> DependencyError:
    return DependencyError(f"{path} needs the safetensors library: pip install safetensors")


def _outline(content: object) -> str:
    if isinstance(content, dict):
        return f"a dict of {sorted({type(v).__name__ for v in content.values()})}"
    return type(content).__name__
