# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Finding the tensor of a file for every tensor of a model; nothing is loaded here."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from co_perception.models.formats import OWN, Format, Tensors, recognise
from co_perception.models.load_report import LoadReport
from co_perception.models.weight_files import WeightFile

__all__ = ["match_tensors"]

_COUNT = ".num_batches_tracked"
_SAME = 1e-4
"""Largest difference between a constant in a file and the model's own."""

_OWN_FORMAT = Format(
    name=OWN,
    models=(),
    detect=lambda names: False,
    rename=lambda theirs, ours: {name: name for name in theirs},
)


def match_tensors(model: nn.Module, file: WeightFile) -> tuple[LoadReport, dict[str, Tensor]]:
    """Find a file's tensor for every tensor of a model.

    Args:
        model: The model; only names and shapes are looked at, so one on the meta device will do.
        file: What was read. If its format is not known it is taken for this package's own.

    Returns:
        The report, with missing, extra and mis-shaped tensors where there are any; the tensors by
        the model's names, of the model's shapes.
    """
    known = recognise(file.tensors.keys()) or _OWN_FORMAT
    expected = model.state_dict()
    names = _rename(file.tensors, expected, known)
    found = {ours: file.tensors[theirs] for theirs, ours in names.items()}
    rest = sorted(file.tensors.keys() - names.keys())
    constants = {name: ours for name in rest if (ours := known.constants(name)) is not None}
    adapted = known.adapt(found, expected)
    foreign = known is not _OWN_FORMAT
    supplied = _supply(found, expected, known) if foreign else {}
    reshaped = _drop_ones(found, expected) if foreign else {}
    extra = [name for name in rest if name not in constants]
    others = _other_constants(model, file, constants, known)
    report = LoadReport(
        path=str(file.path),
        format=known.name,
        tensors=len(expected),
        wrapper=file.wrapper,
        prefix=file.prefix,
        beside=file.beside,
        renamed={theirs: ours for theirs, ours in names.items() if theirs != ours},
        ignored=dict.fromkeys(constants.keys() - others.keys(), "the model has the same constant"),
        supplied=supplied,
        adapted={**reshaped, **adapted},
        missing=tuple(sorted(expected.keys() - found.keys())),
        extra=tuple(sorted([*extra, *(found.keys() - expected.keys())])),
        mis_shaped={**_mis_shaped(found, expected), **others},
        note=known.note,
    )
    return report, found


def _rename(theirs: Tensors, ours: Tensors, known: Format) -> dict[str, str]:
    """Return our name by theirs; of two that mean the same the first one counts."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name, new in known.rename(theirs, ours).items():
        if new not in taken:
            names[name] = new
            taken.add(new)
    return names


def _supply(found: dict[str, Tensor], expected: Tensors, known: Format) -> dict[str, str]:
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


def _drop_ones(found: dict[str, Tensor], expected: Tensors) -> dict[str, str]:
    """Add or take away trailing axes of length 1, as point-wise convolutions have them."""
    reshaped: dict[str, str] = {}
    for name in sorted(found.keys() & expected.keys()):
        theirs, ours = tuple(found[name].shape), tuple(expected[name].shape)
        if theirs != ours and _without_ones(theirs) == _without_ones(ours):
            found[name] = found[name].reshape(ours)
            reshaped[name] = "axes of length 1 at the end dropped or added"
    return reshaped


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _mis_shaped(found: Tensors, expected: Tensors) -> dict[str, str]:
    faults: dict[str, str] = {}
    for name in sorted(found.keys() & expected.keys()):
        theirs, ours = found[name], expected[name]
        if theirs.shape != ours.shape:
            faults[name] = f"expected {tuple(ours.shape)}, got {tuple(theirs.shape)}"
        elif theirs.is_floating_point() != ours.is_floating_point() or theirs.is_complex():
            faults[name] = f"expected {ours.dtype}, got {theirs.dtype}"
    return faults


def _other_constants(
    model: nn.Module, file: WeightFile, constants: Mapping[str, str], known: Format
) -> dict[str, str]:
    """Return a fault for every constant that is not the model's own."""
    buffers = dict(model.named_buffers())
    faults: dict[str, str] = {}
    for theirs, ours in constants.items():
        given, own = file.tensors[theirs], buffers.get(ours)
        if own is None or own.is_meta:
            continue
        if given.shape != own.shape:
            faults[theirs] = f"expected {tuple(own.shape)}, got {tuple(given.shape)}"
        elif not torch.allclose(given.to(own), own, rtol=0.0, atol=_SAME):
            faults[theirs] = f"expected the model's own, got other numbers: {known.other_constant}"
    return faults
