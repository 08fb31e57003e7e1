# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Loading checkpoints into models, strictly and all or nothing; saving them as safetensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from co_perception.errors import WeightsError
from co_perception.models.formats import FORMATS, OWN, Format, recognise
from co_perception.models.load_report import LoadReport
from co_perception.models.weight_files import WeightFile, no_safetensors, read_weight_file

__all__ = [
    "LoadReport",
    "find_options",
    "inspect_checkpoint",
    "load_checkpoint",
    "match_tensors",
    "save_weights",
]

_Tensors = Mapping[str, Tensor]
_COUNT = ".num_batches_tracked"
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
    return match_tensors(model, read_weight_file(path))[0]


def match_tensors(model: nn.Module, file: WeightFile) -> tuple[LoadReport, dict[str, Tensor]]:
    """Find a file's tensor for every tensor of a model.

    Args:
        model: The model; only names and shapes are looked at, so one on the meta device will do.
        file: What was read.

    Returns:
        The report, with missing, extra and mis-shaped tensors where there are any; the tensors by
        the model's names, of the model's shapes.

    Raises:
        WeightsError: If the file is a checkpoint of another network.
    """
    known = recognise(file.tensors.keys())
    _check_network(model, file, known)
    names, ignored, unknown = _rename(file.tensors, known)
    found: dict[str, Tensor] = {ours: file.tensors[theirs] for theirs, ours in names.items()}
    if known is not None:
        found = dict(known.adapt(found))
    expected = model.state_dict()
    supplied = _supply(found, expected, known) if known else {}
    reshaped = _drop_ones(found, expected) if known else {}
    return LoadReport(
        path=str(file.path),
        format=known.name if known else OWN,
        tensors=len(expected),
        wrapper=file.wrapper,
        prefix=file.prefix,
        beside=file.beside,
        renamed={theirs: ours for theirs, ours in names.items() if theirs != ours},
        ignored=ignored,
        supplied=supplied,
        reshaped=reshaped,
        missing=tuple(sorted(expected.keys() - found.keys())),
        extra=tuple(sorted([*unknown, *(found.keys() - expected.keys())])),
        mis_shaped=_mis_shaped(found, expected),
    ), found


def find_options(file: WeightFile) -> dict[str, Any]:
    """Return the options for `create_model` that a file tells, by its tensors or its metadata."""
    known = recognise(file.tensors.keys())
    if known is not None:
        return known.options(file.tensors)
    options = json.loads(file.metadata.get(_ARGUMENTS, "{}"))
    return options if isinstance(options, dict) else {}


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


def _check_network(model: nn.Module, file: WeightFile, known: Format | None) -> None:
    """Raise if the file is recognised as a checkpoint of another network."""
    name = getattr(model, _ARCHITECTURE, type(model).__name__)
    if known is not None and name not in known.models:
        raise WeightsError(
            f"{file.path}: this is a checkpoint of {known.name}, which '{name}' cannot take; "
            f"models that can: {', '.join(sorted(known.models))}"
        )
    written = file.metadata.get(_ARCHITECTURE, name)
    if known is None and written != name and _family(written) != _family(name):
        raise WeightsError(
            f"{file.path}: these are weights of a '{written}', which '{name}' cannot take; make "
            f"the model with create_model('{written}', ...)"
        )


def _family(name: str) -> str:
    """Return a model's name without what marks it as continual: their weights are the same."""
    return name.removeprefix("co_").removeprefix("co")


def _rename(
    tensors: _Tensors, known: Format | None
) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Return our name by theirs; reasons by name for what is ignored; names without meaning."""
    if known is None:
        return {name: name for name in tensors}, {}, []
    names: dict[str, str] = {}
    ignored: dict[str, str] = {}
    unknown: list[str] = []
    taken: set[str] = set()
    for theirs in tensors:
        reason = known.ignored(theirs)
        ours = known.rename(theirs) if reason is None else None
        if reason is not None:
            ignored[theirs] = reason
        elif ours is None or ours in taken:
            unknown.append(theirs)
        else:
            names[theirs] = ours
            taken.add(ours)
    return names, ignored, unknown


def _supply(found: dict[str, Tensor], expected: _Tensors, known: Format) -> dict[str, str]:
    """Put in what files of a format may lack; return the reasons by name."""
    supplied: dict[str, str] = {}

    def supply(name: str, number: float, reason: str) -> None:
        found[name] = torch.full(expected[name].shape, number, dtype=expected[name].dtype)
        supplied[name] = reason

    for name in sorted(expected.keys() - found.keys()):
        if (value := known.absent(name)) is not None:
            supply(name, *value)
    for name in sorted(expected.keys() - found.keys()):
        if name.endswith(_COUNT) and f"{name.removesuffix(_COUNT)}.running_mean" in found:
            supply(name, 0, "a count of training batches, which nothing uses")
    return supplied


def _drop_ones(found: dict[str, Tensor], expected: _Tensors) -> dict[str, str]:
    """Add or take away trailing axes of length 1, as point-wise convolutions have them."""
    reshaped: dict[str, str] = {}
    for name in sorted(found.keys() & expected.keys()):
        theirs, ours = tuple(found[name].shape), tuple(expected[name].shape)
        if theirs != ours and _without_ones(theirs) == _without_ones(ours):
            found[name] = found[name].reshape(ours)
            reshaped[name] = f"{theirs} to {ours}"
    return reshaped


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _mis_shaped(found: _Tensors, expected: _Tensors) -> dict[str, str]:
    faults: dict[str, str] = {}
    for name in sorted(found.keys() & expected.keys()):
        theirs, ours = found[name], expected[name]
        if theirs.shape != ours.shape:
            faults[name] = f"expected {tuple(ours.shape)}, got {tuple(theirs.shape)}"
        elif theirs.is_floating_point() != ours.is_floating_point() or theirs.is_complex():
            faults[name] = f"expected {ours.dtype}, got {theirs.dtype}"
    return faults


def _explain(model: nn.Module, file: WeightFile, report: LoadReport) -> str:
    """Say what does not fit, and what would."""
    where = f"{file.path}: the weights do not fit the model"
    if report.format == OWN and len(report.missing) == report.tensors:
        formats = ", ".join(sorted(known.name for known in FORMATS))
        some = ", ".join(sorted(file.tensors)[:3])
        return (
            f"{where}: none of its {len(file.tensors)} names ({some}, ...) is known. Known "
            f"formats: {OWN}, {formats}"
        )
    given = getattr(model, _ARGUMENTS, {})
    options = {k: v for k, v in find_options(file).items() if k in given and given[k] != v}
    if not options and (classes := _classes_in_file(model, report)):
        options = {"num_classes": classes}
    advice = "Make the model with the options that the weights were trained with"
    if options:
        said = ", ".join(f"{key}={value!r}" for key, value in sorted(options.items()))
        has = ", ".join(f"{key}={given.get(key)!r}" for key in sorted(options))
        advice += f": the file is of {said}, the model of {has}"
    return f"{where} ({len(report.faults)} faults): {report.list_faults()}. {advice}"


def _classes_in_file(model: nn.Module, report: LoadReport) -> int | None:
    """Return the file's number of classes if that is all that differs."""
    ours = getattr(model, "num_classes", None)
    counts = set()
    for fault in report.mis_shaped.values():
        expected, _, got = fault.removeprefix("expected (").partition("), got (")
        if not got or expected.split(",")[0] != str(ours) or report.missing or report.extra:
            return None
        counts.add(int(got.split(",")[0].rstrip(")")))
    return counts.pop() if len(counts) == 1 else None
