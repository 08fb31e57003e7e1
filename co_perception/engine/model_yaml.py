# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Reading model.yaml: safe YAML in which every key is known, present, and of the right type."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from co_perception.errors import ConfigError, WeightsError

__all__ = [
    "Section",
    "read_model_yaml",
    "to_choice",
    "to_names",
    "to_number",
    "to_options",
    "to_text",
    "to_whole",
]

_MAX_BYTES = 1_000_000
"""A model.yaml is some 2 kB; a far larger one is something else."""

_Value = TypeVar("_Value")


def read_model_yaml(path: Path) -> Section:
    """Read a model.yaml as far as its top-level keys.

    Raises:
        WeightsError: If there is no such file.
        ConfigError: If it is no YAML mapping, or far too large.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path}: expected at most {_MAX_BYTES} bytes; is it a model.yaml?")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected UTF-8 text; {error}.") from error
    except OSError as error:
        raise WeightsError(
            f"{path}: cannot be read ({error.strerror}); is it a model folder?"
        ) from error
    try:
        twice = _keys_given_twice(yaml.compose(text, Loader=yaml.SafeLoader))
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: expected YAML; {error}") from error
    if twice:
        raise ConfigError(f"{path}: key given twice: {', '.join(twice)}; which one is meant?")
    return Section(data, str(path))


def _keys_given_twice(root: Any) -> list[str]:
    """List keys that stand twice in one mapping; YAML would take the last without a word."""
    twice: set[str] = set()
    seen: set[int] = set()  # an anchor may lead back to where it is used
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if id(node) in seen or not isinstance(getattr(node, "value", None), list):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = Counter(str(key.value) for key, _ in node.value)
            twice.update(key for key, count in keys.items() if count > 1)
            nodes += [value for _, value in node.value]
        else:
            nodes += node.value
    return sorted(twice)


class Section:
    """A mapping whose keys are taken one by one; `finish` complains about those left over.

    Args:
        data: What should be a mapping with names as keys.
        file: The file's path, for messages.
        prefix: The section's own key with a dot, for messages; "" at the top.

    Raises:
        ConfigError: If `data` is no such mapping.
    """

    def __init__(self, data: object, file: str, prefix: str = "") -> None:
        self.file, self._prefix = file, prefix
        if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
            where = f"key '{prefix[:-1]}'" if prefix else "the file"
            raise ConfigError(f"{file}: {where}: expected a mapping of names, got {_show(data)}.")
        self._rest = dict(data)

    def fail(self, key: str, expected: str, got: object) -> ConfigError:
        """Return the error for a key's value."""
        return ConfigError(
            f"{self.file}: key '{self._prefix}{key}': expected {expected}, got {_show(got)}."
        )

    def take(
        self, key: str, convert: Callable[[object], _Value], default: _Value | None = None
    ) -> _Value:
        """Return a key's value; `convert` raises a ValueError saying what it expects.

        Raises:
            ConfigError: If the key is missing, without a default, or its value is not as expected.
        """
        if key not in self._rest and default is not None:
            return default
        if key not in self._rest:
            raise ConfigError(
                f"{self.file}: key '{self._prefix}{key}' is missing; docs/engine.md lists "
                "the keys."
            )
        value = self._rest.pop(key)
        try:
            return convert(value)
        except ValueError as error:
            raise self.fail(key, str(error), value) from None

    def section(self, key: str) -> Section:
        """Return the mapping under a key."""
        return Section(self.take(key, lambda value: value), self.file, f"{self._prefix}{key}.")

    def rest(self) -> dict[str, object]:
        """Return what was not taken, and take it."""
        rest, self._rest = self._rest, {}
        return rest

    def finish(self) -> None:
        """Raise a ConfigError if a key was not taken."""
        if self._rest:
            keys = ", ".join(f"'{self._prefix}{key}'" for key in sorted(self._rest))
            raise ConfigError(f"{self.file}: unknown key {keys}; docs/engine.md lists the keys.")


def _show(value: object) -> str:
    """Show a value in a message, without flooding it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def to_text(value: object) -> str:
    """Accept a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value


def to_choice(*allowed: str) -> Callable[[object], str]:
    """Return a check that a text is one of a few."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"one of {', '.join(sorted(allowed))}")
        return value

    return convert


def to_whole(low: int, high: int) -> Callable[[object], int]:
    """Return a check for whole numbers in a range."""

    def convert(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"a whole number in {low}..{high}")
        return value

    return convert


def to_number(low: float, high: float) -> Callable[[object], float]:
    """Return a check for finite numbers in a range."""

    def convert(value: object) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not low <= value <= high:  # type: ignore[arg-type, operator]
            raise ValueError(f"a number in {low:g}..{high:g}")
        return float(value)  # type: ignore[arg-type]

    return convert


def to_names(value: object) -> tuple[str, ...]:
    """Accept a list of texts, none of them empty."""
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise ValueError("a list of texts")
    return tuple(value)


def to_options(value: object) -> dict[str, object]:
    """Accept keyword options: names with plain values, or lists of them (of lists)."""
    if not isinstance(value, dict) or not all(
        isinstance(key, str) and _is_plain(item) for key, item in value.items()
    ):
        raise ValueError("a mapping of option names to plain values or lists")
    return dict(value)


def _is_plain(value: object, depth: int = 3) -> bool:
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value)
    return isinstance(value, (str, int, float, bool, type(None)))
