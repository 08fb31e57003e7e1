# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Class names from a file, in the order of the classes."""

from __future__ import annotations

import json
from pathlib import Path

from co_perception.errors import ConfigError

__all__ = ["read_labels"]

_MAX_BYTES = 1_000_000


def read_labels(path: Path) -> list[str]:
    """Read class names.

    Args:
        path: A text file with one name per line; or JSON: a list, or a mapping from name to class
            number or the other way round, as pytorchvideo gives its classes.

    Raises:
        ConfigError: If it cannot be read, or does not give one name for each number from 0 on.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path}: expected at most {_MAX_BYTES} bytes of class names")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: class names cannot be read; {error}") from error
    if path.suffix.lower() != ".json":
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: expected JSON; {error}") from error
    if isinstance(content, dict):
        content = _in_order(path, content)
    if not isinstance(content, list) or not all(isinstance(name, str) for name in content):
        raise ConfigError(f"{path}: expected a list of names, or names by number")
    return [name.strip('"') for name in content]


def _in_order(path: Path, content: dict[str, object]) -> list[object]:
    """Return the names of a mapping by their numbers, whichever of the two are the keys."""
    pairs = [
        (number, key) if isinstance(number, int) else (int(key) if key.isdecimal() else -1, number)
        for key, number in content.items()
    ]
    names = dict(pairs)
    if sorted(names) != list(range(len(content))):
        raise ConfigError(
            f"{path}: expected one name for each number 0..{len(content) - 1}; some are missing, "
            "doubled or no numbers"
        )
    return [names[number] for number in range(len(names))]
