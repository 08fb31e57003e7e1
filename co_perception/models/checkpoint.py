# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Loading checkpoints into models, strictly and all or nothing; saving them as safetensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from co_perception.errors import WeightsError
from co_perception.models.formats import FORMATS, OWN, recognise
from co_perception.models.load_report import LoadReport
from co_perception.models.matching import match_tensors
from co_perception.models.weight_files import WeightFile, no_safetensors, read_weight_file

__all__ = [
    "LoadReport",
    "check_network",
    "find_architecture",
    "find_options",
    "inspect_checkpoint",
    "load_checkpoint",
    "save_weights",
]

_ARCHITECTURE, _ARGUMENTS = "architecture", "arguments"


def load_checkpoint(model: nn.Module, path: Path | str) -> LoadReport:
    """Load a checkpoint of a known format into a model; the format is found by its names.

    Args:
        model: A model of `create_model`; on an error it stays as it was.
        path: A safetensors or torch file; no code of it runs.

    Returns:
        What was loaded, renamed and left out.

    Raises:
        WeightsError: If the file cannot be read, is of another network, or if tensors are missing,
            extra or mis-shaped; the message lists them.
        DependencyError: If it is a safetensors file and that library is missing.
    """
    file = read_weight_file(path)
    check_network(getattr(model, _ARCHITECTURE, type(model).__name__), file)
    report, tensors = match_tensors(model, file)
    if report.faults:
        raise WeightsError(_explain(model, file, report))
    model.load_state_dict(tensors, strict=True)
    return report


def inspect_checkpoint(model: nn.Module, path: Path | str) -> LoadReport:
    """Return what `load_checkpoint` would say, faults included, and load nothing.

    Raises:
        WeightsError: If the file cannot be read, or is of another network.
    """
    file = read_weight_file(path)
    check_network(getattr(model, _ARCHITECTURE, type(model).__name__), file)
    return match_tensors(model, file)[0]


def find_options(file: WeightFile) -> dict[str, Any]:
    """Return the options for `create_model` that a file tells, by its tensors or its metadata."""
    known = recognise(file.tensors.keys())
    if known is not None:
        return known.options(file.tensors)
    try:
        options = json.loads(file.metadata.get(_ARGUMENTS, "{}"))
    except (ValueError, RecursionError):
        return {}
    return options if isinstance(options, dict) else {}


def find_architecture(file: WeightFile) -> str | None:
    """Return the name of the model whose weights this package saved; None in all other files."""
    return file.metadata.get(_ARCHITECTURE)


def save_weights(model: nn.Module, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a model's tensors to a safetensors file, with what makes the model again.

    Raises:
        DependencyError: If the safetensors library is missing.
    """
    try:
        from safetensors.torch import save_file
    except ImportError as error:
        raise no_safetensors(path) from error
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    about = dict(metadata or {})
    if hasattr(model, _ARCHITECTURE):
        about = {
            _ARCHITECTURE: str(model.architecture),
            _ARGUMENTS: json.dumps(model.arguments, sort_keys=True),
            **about,
        }
    save_file(tensors, str(path), metadata=about)


def check_network(name: str, file: WeightFile) -> None:
    """Raise a WeightsError if a file is known to be of another network than the one of a name."""
    known = recognise(file.tensors.keys())
    if known is not None and name not in known.models:
        raise WeightsError(
            f"{file.path}: this is a checkpoint of {known.name}, which '{name}' cannot take; "
            f"models that can: {', '.join(sorted(known.models))}"
        )


def _explain(model: nn.Module, file: WeightFile, report: LoadReport) -> str:
    """Say what does not fit, and what would."""
    where = f"{file.path}: the weights do not fit the model"
    written = find_architecture(file)
    if report.format == OWN and len(report.missing) == report.tensors and not written:
        formats = ", ".join(sorted(known.name for known in FORMATS))
        some = ", ".join(sorted(file.tensors)[:3])
        return (
            f"{where}: none of its {len(file.tensors)} names ({some}, ...) is known. Known "
            f"formats: {OWN}, {formats}"
        )
    advice = "Make the model with the name and options that the weights were trained with"
    given = getattr(model, _ARGUMENTS, {})
    options = find_options(file) or _find_classes(model, file, report)
    differ = sorted(key for key in options if key in given and given[key] != options[key])
    if written not in (None, getattr(model, _ARCHITECTURE, None)):
        advice += f": they are of a '{written}'"
    elif differ:
        said = ", ".join(f"{key}={options[key]!r}" for key in differ)
        has = ", ".join(f"{key}={given[key]!r}" for key in differ)
        advice += f": the file is of {said}, the model of {has}"
    return f"{where} ({len(report.faults)} faults): {report.list_faults()}. {advice}"


def _find_classes(model: nn.Module, file: WeightFile, report: LoadReport) -> dict[str, Any]:
    """Return the file's number of classes where nothing else differs; {} otherwise."""
    own = model.state_dict()
    pairs = {
        (own[name].shape[:1], file.tensors[name].shape[:1])
        for name in report.mis_shaped
        if name in own and name in file.tensors
    }
    if report.missing or report.extra or len(pairs) != 1:
        return {}
    (ours, theirs) = pairs.pop()
    is_head = ours == (getattr(model, "num_classes", None),)
    return {"num_classes": theirs[0]} if is_head and theirs else {}
