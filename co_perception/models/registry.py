# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Models by name."""

from __future__ import annotations

import fnmatch
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from co_perception.errors import ConfigError
from co_perception.models.base import ContinualModel

__all__ = ["create_model", "find_builder", "list_models", "register_model"]

Builder = TypeVar("Builder", bound=Callable[..., ContinualModel])
_BUILDERS: dict[str, Callable[..., ContinualModel]] = {}


def register_model(builder: Builder) -> Builder:
    """Make a builder known by its own name; all its parameters are keyword-only options."""
    parameters = inspect.signature(builder).parameters.values()
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters)
    _BUILDERS[builder.__name__] = builder
    return builder


def list_models(pattern: str = "*") -> list[str]:
    """List the names of models that match a shell pattern, sorted."""
    return sorted(fnmatch.filter(_BUILDERS, pattern))


def find_builder(name: str) -> Callable[..., ContinualModel]:
    """Return the function that makes a model; its signature and docstring tell the options.

    Raises:
        ConfigError: If the name is unknown.
    """
    if name not in _BUILDERS:
        raise ConfigError(f"create_model: unknown model {name!r}; known models: {list_models()}")
    return _BUILDERS[name]


def create_model(name: str, **options: Any) -> ContinualModel:
    """Make a model with random weights.

    Args:
        name: One of `list_models()`.
        options: The model's own; `num_classes` always. See the builder of the same name.
    Raises:
        ConfigError: If the name or an option is unknown, or an option is missing or out of range.
    """
    builder = find_builder(name)
    parameters = inspect.signature(builder).parameters
    unknown = sorted(options.keys() - parameters.keys())
    if unknown:
        raise ConfigError(
            f"create_model({name!r}): unknown options {unknown}; known: {sorted(parameters)}"
        )
    required = {k for k, p in parameters.items() if p.default is inspect.Parameter.empty}
    if required - options.keys():
        raise ConfigError(
            f"create_model({name!r}): options {sorted(required - options.keys())} have no "
            "default; give them by name"
        )
    return builder(**options)
