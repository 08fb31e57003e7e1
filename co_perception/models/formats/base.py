# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a foreign checkpoint format is: how to know it, and what its names mean here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, TypeAlias

from torch import Tensor

from co_perception.errors import WeightsError

__all__ = ["Format", "Rename", "Tensors", "classes_of", "each_of_ours", "each_of_theirs"]

Tensors: TypeAlias = Mapping[str, Tensor]
Rename: TypeAlias = Callable[[Iterable[str], Iterable[str]], Mapping[str, str]]
"""From the names in a file and those of a model to the model's name by the file's."""


@dataclasses.dataclass(frozen=True)
class Format:
    """One way in which other software names and shapes the tensors of a network.

    Attributes:
        name: As said in reports.
        models: Names of the models here that take it.
        detect: Tells from a file's names whether it is of this format.
        rename: Gives the model's name by the file's; names left out mean nothing to the format.
        options: Reads options for `create_model` off the file's tensors.
        constants: Gives the name of a model's buffer by a file's name, for tensors that are not
            loaded but must say the same as the model's buffer does.
        other_constant: What it means if they say something else.
        absent: Gives, by a model's name, the value to use where such files have no such tensor,
            and the reason.
        adapt: Changes tensors in place, by the model's names, to fit the model's, where more than
            name and trailing axes of 1 differ; returns what it did by name.
        note: What else a report should say.
    """

    name: str
    models: tuple[str, ...]
    detect: Callable[[Set[str]], bool]
    rename: Rename
    options: Callable[[Tensors], dict[str, Any]] = lambda tensors: {}
    constants: Callable[[str], str | None] = lambda name: None
    other_constant: str = ""
    absent: Callable[[str], tuple[float, str] | None] = lambda name: None
    adapt: Callable[[dict[str, Tensor], Tensors], dict[str, str]] = lambda found, expected: {}
    note: str = ""


def each_of_theirs(rename: Callable[[str], str | None]) -> Rename:
    """Return a renaming from a function that gives a model's name for a file's, or None."""

    def rename_all(theirs: Iterable[str], ours: Iterable[str]) -> dict[str, str]:
        pairs = ((name, rename(name)) for name in theirs)
        return {name: new for name, new in pairs if new is not None}

    return rename_all


def each_of_ours(
    rename: Callable[[str], str], plain: Callable[[str], str] = lambda name: name
) -> Rename:
    """Return a renaming from a function that gives a file's name for a model's.

    Args:
        rename: Raises a WeightsError where the format has no such tensor.
        plain: Applied to the file's names first.
    """

    def rename_all(theirs: Iterable[str], ours: Iterable[str]) -> dict[str, str]:
        known = {}
        for name in ours:
            try:
                known[rename(name)] = name
            except WeightsError:
                continue
        return {name: known[plain(name)] for name in theirs if plain(name) in known}

    return rename_all


def classes_of(tensors: Tensors, name: str) -> dict[str, Any]:
    """Return the option `num_classes` from the bias of a classifier; {} where it is not there."""
    return {"num_classes": len(tensors[name])} if name in tensors else {}
