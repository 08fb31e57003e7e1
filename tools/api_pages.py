# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Write docs/api.md: every public name of the continual library and of the models.

    python tools/api_pages.py

Signatures and first sentences come from the code; a test holds that the page is up to date.
"""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
PACKAGES = ("co_perception.continual", "co_perception.models")
INTRODUCTION = """\
# Public names

Written by `python tools/api_pages.py` from the docstrings; `help(name)` in Python says the rest.
What these things are for: [concepts](concepts.md); coming from continual-inference:
[migration](migration.md).
"""
MODELS = """\
## Models by name

`create_model(name, ...)` makes them, `help(co_perception.models.<module>.<name>)` lists their
options. More about them: [networks](networks.md).
"""
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def write_page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for package in PACKAGES:
        parts.append(f"## {package}\n")
        parts += _sections(importlib.import_module(package))
    parts.append(MODELS)
    parts.append("\n".join(_models()) + "\n")
    return "\n".join(parts)


def _sections(package: ModuleType) -> Iterator[str]:
    """Yield the names of a package, by the module that they come from."""
    groups: dict[str, list[str]] = {}
    for name in package.__all__:
        value = getattr(package, name)
        home = getattr(value, "__module__", "") if callable(value) else ""
        groups.setdefault(home if home.startswith(package.__name__) else "", []).append(name)
    for home in sorted(groups):
        if home:
            title = _first_sentence(importlib.import_module(home).__doc__)[:-1]
        else:
            title = "Types"
        lines = (_line(name, getattr(package, name)) for name in sorted(groups[home]))
        yield f"### {title}\n\n" + "\n".join(lines) + "\n"


def _line(name: str, value: object) -> str:
    if not callable(value) or not hasattr(value, "__name__"):
        return f"- `{name}`"
    return _fold(f"- `{name}{_signature(value)}`: {_first_sentence(value.__doc__)}")


def _signature(value: object) -> str:
    """Return the parameters with their defaults, without types: those stand in the docstring."""
    try:
        signature = inspect.signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    empty = inspect.Parameter.empty
    plain = [p.replace(annotation=empty) for p in signature.parameters.values()]
    text = str(signature.replace(parameters=plain, return_annotation=empty))
    return _ADDRESS.sub("", text)


def _models() -> Iterator[str]:
    from co_perception.models import list_models
    from co_perception.models.registry import find_builder

    for name in list_models():
        said = _first_sentence(find_builder(name).__doc__).removeprefix("Make ")
        yield _fold(f"- `{name}`: {said}")


def _first_sentence(text: str | None) -> str:
    first = inspect.cleandoc(text or "").split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[.:])\s", first)[0].rstrip(".:") + "."


def _fold(line: str) -> str:
    return textwrap.fill(
        line, 100, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


if __name__ == "__main__":
    PAGE.write_text(write_page(), encoding="utf-8")
