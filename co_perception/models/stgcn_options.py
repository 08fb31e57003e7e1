# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Names and options of the spatio-temporal graph networks."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

from co_perception.continual.graph_parts import AttentionScope
from co_perception.errors import ConfigError
from co_perception.models.stgcn_blocks import SpatialKind

__all__ = ["Form", "Options", "Pooling", "Stream"]

Stream: TypeAlias = Literal["joint", "bone", "two-stream"]
"""What a network sees: joints, the vectors along bones, or both in two networks."""

Pooling: TypeAlias = Literal["window", "seen"]
"""What the head averages over: a full window, or those frames of it that were there."""


@dataclasses.dataclass(frozen=True)
class Form:
    """What a name stands for.

    Attributes:
        name: As `create_model` knows it.
        kind: How joints are mixed.
        starred: Whether time has no padding and no stride.
        scope: Of the attention between joints by default; None: there is none to choose.
        pooling: Default of the head.
    """

    name: str
    kind: SpatialKind
    starred: bool
    scope: AttentionScope | None
    pooling: Pooling


@dataclasses.dataclass(frozen=True)
class Options:
    """Options of all these networks; what they mean is said where models are made, in stgcn.py."""

    num_classes: int
    in_channels: int
    layout: str
    edges: list[list[int]] | None
    num_joints: int | None
    window: int
    stream: Stream
    attention_scope: AttentionScope | None
    persons: int
    pooling: Pooling
    dropout: float
    width: float
    expected_rate: float

    def check(self, form: Form) -> None:
        """Raise a ConfigError that names the first option which is out of range."""
        numbers = (self.num_classes, self.in_channels, self.window)
        if min(numbers) < 1 or self.persons not in (1, 2):
            raise ConfigError(
                f"{form.name}: num_classes, in_channels and window must be at least 1 and persons "
                f"1 or 2, got {numbers} and {self.persons}"
            )
        if not 0.0 <= self.dropout < 1.0 or min(self.width, self.expected_rate) <= 0.0:
            raise ConfigError(
                f"{form.name}: dropout must be in 0..1 (below 1), width and expected_rate above "
                f"0, got {self.dropout}, {self.width}, {self.expected_rate}"
            )
        for name, choices in (("stream", Stream), ("pooling", Pooling)):
            _check_choice(form.name, name, getattr(self, name), get_args(choices))
        scopes = get_args(AttentionScope) if form.kind == "adaptive" else (None,)
        _check_choice(form.name, "attention_scope", self.attention_scope, scopes)


def _check_choice(where: str, name: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        known = sorted(map(repr, choices))
        raise ConfigError(f"{where}: {name} must be one of {', '.join(known)}, got {value!r}")
