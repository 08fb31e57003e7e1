# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception doctor`: what is installed, what is missing, and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["doctor"]

_MARKS = {"ok": "[green]ok  [/]", "note": "[yellow]note[/]", "fail": "[red]FAIL[/]"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check this machine: libraries, models, cameras, ROS. Ends with 1 on a failure."""
    from dataclasses import asdict

    from rich.table import Table
    from rich.text import Text

    from co_perception.cli.checks import run_checks
    from co_perception.cli.console import err, out, print_json

    with err.status("Looking around ..."):
        checks = run_checks()
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        table = Table.grid(padding=(0, 2))
        for check in checks:
            advice = f"\n-> {check.advice}" if check.advice else ""
            table.add_row(_MARKS[check.state], check.name, Text(check.found + advice))
        out.print(table)
    raise typer.Exit(int(any(check.state == "fail" for check in checks)))
