# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What goes from module to module at a step: a frame or a window of tokens; and whether it fits.

Retroactive attention gives at each step all n tokens of its window anew, (B, C, n). That is a
frame with one more axis, so operators that work frame by frame take it as it is. A convolution
over time would take it too, as a frame of n places, and compute something that nobody meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, TypeAlias

from co_perception.errors import ConfigError

__all__ = ["Kind", "check_branch_kinds", "common_kind", "fit_kinds"]

Kind: TypeAlias = Literal["frame", "window"]
"""A frame (B, C, ...), or a window (B, C, n) of tokens that are all new, oldest first."""


class HasKinds(Protocol):
    """What the functions here ask of a module."""

    @property
    def input_kind(self) -> Kind | None:
        """What a step takes; None: either."""

    @property
    def output_kind(self) -> Kind | None:
        """What a step gives; None: what it takes."""


def fit_kinds(
    children: Sequence[tuple[str, HasKinds]], where: str
) -> tuple[Kind | None, Kind | None]:
    """Return what modules in a row take and give.

    Raises:
        ConfigError: If one gives what a later one cannot take.
    """
    takes: Kind | None = None
    gives: Kind | None = None
    giver = "input"
    for name, child in children:
        wanted = child.input_kind
        if wanted and gives and wanted != gives:
            raise ConfigError(
                f"{where}: '{name}' ({type(child).__name__}) takes a {wanted}, but {giver} gives "
                f"a {gives}; windows come from Retroactive... modules, Window... modules take "
                "them, WindowSingleOutput... modules make a frame of one"
            )
        if gives is None:
            takes = wanted
        if child.output_kind:
            giver = f"'{name}' ({type(child).__name__})"
        gives = child.output_kind or gives or wanted
    return takes, gives


def common_kind(kinds: Iterable[Kind | None]) -> Kind | None:
    """Return the one kind that occurs; None if there is none, or more than one."""
    found = {kind for kind in kinds if kind}
    return found.pop() if len(found) == 1 else None


def check_branch_kinds(children: Sequence[tuple[str, HasKinds]], where: str) -> None:
    """Raise a ConfigError unless branches can share an input and put their outputs together."""
    taken = common_kind(child.input_kind for _, child in children)
    for what in ("input", "output"):
        kinds = {name: getattr(child, f"{what}_kind") for name, child in children}
        if what == "output":
            kinds = {name: kind or taken for name, kind in kinds.items()}
        if len({kind for kind in kinds.values() if kind}) > 1:
            raise ConfigError(
                f"{where}: branches need one kind of {what}, all frames or all windows, got "
                f"{kinds}"
            )
