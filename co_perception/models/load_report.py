# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What became of every tensor of a checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

__all__ = ["LoadReport"]

_MOST_LISTED = 20
"""Faults of one kind in a message; a report has them all."""


@dataclasses.dataclass(frozen=True)
class LoadReport:
    """What a checkpoint holds and where it went; `str` makes a few lines of it.

    A report of a load that succeeded has no missing, extra or mis-shaped tensors.

    Attributes:
        path: The file.
        format: Name of the format, "co_perception" for this package's own.
        tensors: How many tensors the model has, all of them loaded.
        wrapper: Where in the file they were, such as "model_state"; "" at the top.
        prefix: What stood before every name, such as "module.".
        beside: What else lies in the file and was not looked at, such as "epoch".
        renamed: This package's name by the file's, where they differ.
        ignored: Reasons by the file's names, for tensors that are left out on purpose.
        supplied: Reasons by this package's names, for tensors that such files do not have.
        adapted: What was changed, by this package's names, for tensors of another form.
        missing: This package's names that the file has nothing for.
        extra: The file's names that the model has no place for.
        mis_shaped: What was expected and what came, by this package's names.
        note: What else is to be known of such files.
    """

    path: str
    format: str
    tensors: int
    wrapper: str = ""
    prefix: str = ""
    beside: tuple[str, ...] = ()
    renamed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ignored: Mapping[str, str] = dataclasses.field(default_factory=dict)
    supplied: Mapping[str, str] = dataclasses.field(default_factory=dict)
    adapted: Mapping[str, str] = dataclasses.field(default_factory=dict)
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    mis_shaped: Mapping[str, str] = dataclasses.field(default_factory=dict)
    note: str = ""

    @property
    def faults(self) -> tuple[str, ...]:
        """What does not fit, one text per tensor; empty if all does."""
        return (
            *(f"missing {name}" for name in self.missing),
            *(f"extra {name}" for name in self.extra),
            *(f"{name}: {what}" for name, what in self.mis_shaped.items()),
        )

    def list_faults(self) -> str:
        """Return the faults as one text, at most 20 of each kind."""
        kinds = (
            [f"missing {name}" for name in self.missing],
            [f"extra {name}" for name in self.extra],
            [f"{name}: {what}" for name, what in self.mis_shaped.items()],
        )
        listed = []
        for faults in kinds:
            listed += faults[:_MOST_LISTED]
            if len(faults) > _MOST_LISTED:
                rest = len(faults) - _MOST_LISTED
                listed.append(f"... and {rest} more like that (models.inspect_checkpoint has all)")
        return "; ".join(listed)

    def __str__(self) -> str:
        """Return what a person wants to know, a line per thing."""
        place = f", under '{self.wrapper}'" if self.wrapper else ""
        lines = [f"{self.path}: {self.format}{place}, {self.tensors} tensors"]
        if self.prefix:
            lines.append(f"cut off every name: {self.prefix}")
        if self.renamed:
            lines.append(f"renamed: {len(self.renamed)}")
        if self.beside:
            lines.append(f"not looked at: {', '.join(self.beside)}")
        for title in ("ignored", "supplied", "adapted"):
            for reason, names in _by_reason(getattr(self, title)).items():
                lines.append(f"{title}: {len(names)} ({reason})")
        if self.note:
            lines.append(f"note: {self.note}")
        return "\n".join(lines + list(self.faults))


def _by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        grouped.setdefault(reason, []).append(name)
    return grouped
