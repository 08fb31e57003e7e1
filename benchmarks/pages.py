# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Results on pages of docs/: what a command measured anew takes the place of what stood there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from co_perception.bench.machine import describe_machine

__all__ = ["describe_run", "show_table", "store_row", "store_section"]


def describe_run(*libraries: str) -> str:
    """Say what figures were taken on: processor, cores, versions.

    Args:
        libraries: Packages whose versions matter, beside Python's.
    """
    machine: dict[str, Any] = describe_machine(libraries=libraries)
    versions = [f"{name} {version}" for name, version in machine["libraries"].items()]
    python = f"Python {machine['python']}"
    return f"{machine['processor']}, {machine['cores']} cores; {', '.join((python, *versions))}"


def store_section(page: Path, title: str, section: str) -> None:
    """Put a section into a page, in place of the one of the same title or at the end.

    Args:
        page: The page; one that is missing is made.
        title: Of the section's heading, `## title`.
        section: The heading and all below it.
    """
    text = page.read_text(encoding="utf-8") if page.exists() else f"# {page.stem.capitalize()}\n"
    pattern = re.compile(rf"^## {re.escape(title)}$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: section + "\n", text)
    else:
        text = f"{text.rstrip()}\n\n{section}"
    page.write_text(text.rstrip() + "\n", encoding="utf-8")


def show_table(page: Path | None, title: str, origin: str, table: Sequence[str]) -> None:
    """Print a table as a section, and put it into a page if one is given.

    Args:
        page: As of `store_section`.
        title: Of the section's heading.
        origin: What it was taken on: a sentence without its full stop.
        table: Lines.
    """
    section = "\n".join((f"## {title}", "", f"{origin}.", "", *table, ""))
    print(section)
    if page:
        store_section(page, title, section)


def store_row(
    page: Path,
    row: Sequence[str],
    *,
    columns: Sequence[str],
    names: Sequence[str],
    above: str,
    below: str,
) -> None:
    """Put a row into the only table of a page, in place of the one of the same name.

    Args:
        page: The page; one that is missing is made.
        row: Cells, the name first.
        columns: Headings.
        names: Rows that may stand in the table, in its order; others are dropped.
        above: What stands above the table.
        below: What stands below it.
    """
    rows = {**_read_rows(page, names), row[0]: tuple(row)}
    ordered = [rows[name] for name in names if name in rows]
    rule = tuple("---" for _ in columns)
    lines = [f"| {' | '.join(cells)} |" for cells in (columns, rule, *ordered)]
    page.write_text(above + "\n".join(lines) + f"\n\n{below}\n", encoding="utf-8")


def _read_rows(page: Path, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the rows of a page's table by name, none where there is no page."""
    if not page.is_file():
        return {}
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return {cells[0]: cells for cells in rows if cells[0] in names}
