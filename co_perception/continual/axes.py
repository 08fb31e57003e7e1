# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Axes: options given as one number or as one entry per axis, time first; channels on axis 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

from co_perception.continual.window import TimePadding
from co_perception.errors import ConfigError, ShapeError

__all__ = ["Padding", "Size", "check_channels", "per_axis", "split_padding"]

Size: TypeAlias = int | tuple[int, ...]
Padding: TypeAlias = int | str | tuple[TimePadding | int, ...]
Entry = TypeVar("Entry")


def per_axis(value: Entry | Sequence[Entry], rank: int, where: str) -> tuple[Entry, ...]:
    """Return one entry per axis.

    Raises:
        ConfigError: If there are not `rank` entries, or if a number is below 1.
    """
    entries: tuple[Any, ...]
    entries = tuple(value) if isinstance(value, Sequence) else (value,) * rank
    if len(entries) != rank or any(isinstance(entry, int) and entry < 1 for entry in entries):
        raise ConfigError(
            f"{where}: kernel, stride and dilation are one number or {rank} (time first), each at "
            f"least 1, got {value!r}"
        )
    return entries


def split_padding(padding: Padding, rank: int, where: str) -> tuple[TimePadding, tuple[int, ...]]:
    """Return the padding of time and that of each axis of space.

    Raises:
        ConfigError: If there are not `rank` entries, or if an entry of space is no number.
    """
    if padding == "causal":
        return "causal", (0,) * (rank - 1)
    entries = (padding,) * rank if isinstance(padding, int) else padding
    if not isinstance(entries, tuple) or len(entries) != rank:
        raise ConfigError(
            f"{where}: padding is a number, 'causal', or {rank} entries, time first, got "
            f"{padding!r}"
        )
    space = tuple(entry for entry in entries[1:] if isinstance(entry, int) and entry >= 0)
    if len(space) != rank - 1:
        raise ConfigError(
            f"{where}: padding of space must be numbers of 0 or more, got {entries[1:]!r}"
        )
    return entries[0], space


def check_channels(where: str, shape: tuple[int, ...], expected: int) -> None:
    """Raise a ShapeError unless a frame of this shape, without the row, has so many channels."""
    if not shape or shape[0] != expected:
        raise ShapeError(
            f"{where}: expected {expected} channels on axis 1, got frames of "
            f"(B, {', '.join(map(str, shape))})"
        )
