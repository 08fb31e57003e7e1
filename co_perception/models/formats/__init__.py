# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoint formats of other software, known by the names of their tensors alone."""

from __future__ import annotations

from collections.abc import Set

from co_perception.models.formats import oadtr, resnet3d, skeleton, x3d
from co_perception.models.formats.base import Format, Tensors

__all__ = ["FORMATS", "OWN", "Format", "Tensors", "recognise"]

OWN = "co_perception"
"""Name of this package's own format."""

# The first one that fits is meant: X3D's stem has all the names of the ResNets'.
FORMATS: tuple[Format, ...] = (
    *x3d.FORMATS,
    *resnet3d.FORMATS,
    *skeleton.FORMATS,
    *oadtr.FORMATS,
)


def recognise(names: Set[str]) -> Format | None:
    """Return the format of a file with these names; None: this package's own, or unknown."""
    return next((known for known in FORMATS if known.detect(names)), None)
