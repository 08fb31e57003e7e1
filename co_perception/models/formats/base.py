# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a foreign checkpoint format is: how to know it, and what its names mean here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from torch import Tensor

__all__ = ["Format", "classes_of", "count_of"]


def _nothing(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    return {}


def _as_it_is(tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    return tensors


@dataclasses.dataclass(frozen=True)
class Format:
    """One way in which other software names and shapes the tensors of a network.

    Attributes:
        name: As said in reports.
        models: Names of the models here that take it.
        detect: Tells from a file's names whether it is of this format.
        rename: Gives this package's name for one of theirs; None: the format has no such name.
        ignored: Their names that are left out on purpose, with the reason; asked before `rename`.
        options: Reads options for `create_model` off the tensors, by their names.
        adapt: Changes the tensors, by this package's names, where more than the name differs.
        absent: This package's names that such files may lack, with the value to use instead and
            the reason; asked with the shape that the model has.
    """

    name: str
    models: tuple[str, ...]
    detect: Callable[[Set[str]], bool]
    rename: Callable[[str], str | None]
    ignored: Callable[[str], str | None] = lambda name: None
    options: Callable[[Mapping[str, Tensor]], dict[str, Any]] = _nothing
    adapt: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] = _as_it_is
    absent: Callable[[str], tuple[float, str] | None] = lambda name: None


def classes_of(tensors: Mapping[str, Tensor], name: str) -> dict[str, Any]:
    """Return the option `num_classes` from the bias of a classifier; {} where it is not there."""
    return {"num_classes": len(tensors[name])} if name in tensors else {}


def count_of(names: Iterable[str], before: str, after: str) -> int:
    """Count the different texts between two texts in a list of names: `s2.res0.`, `s2.res1.`..."""
    found = (name[len(before) :].split(after)[0] for name in names if name.startswith(before))
    return len(set(found))
