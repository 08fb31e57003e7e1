# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A contest as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from co_perception.bench import Measurement, Result
    from co_perception.bench.costs import Costs

__all__ = ["TABLE_WIDTH", "make_bench_table"]

TABLE_WIDTH = 110
"""Columns that the table needs."""

_COLUMNS = ("median", "min", "p95", "p99", "rows/s", "x first", "start s", "MiB", "state kB")
_COSTS = ("parameters", "multiply-adds", "sees", "delay", "state kB")


def make_bench_table(measurement: Measurement, costs: Sequence[Costs] = ()) -> RenderableType:
    """Return the table, what it was measured on, and what speaks against quoting it.

    Args:
        measurement: The contest.
        costs: Of the models, where they are known.
    """
    contest, machine = measurement.contest, measurement.machine
    table = Table(box=None, pad_edge=False)
    table.add_column("ms per step", no_wrap=True)
    energy = any(result.joules is not None for result in measurement.results)
    for column in (*_COLUMNS, *(("mJ",) if energy else ())):
        table.add_column(column, justify="right", no_wrap=True)
    failures = []
    for result in measurement.results:
        if result.failure:
            failures.append(Text(result.failure, style="red"))
        else:
            table.add_row(result.contestant.name, *_cells(result, energy))
    flags = machine["flags"]
    assert isinstance(flags, list)
    notes = [
        Text(
            f"{machine['processor']} ({machine['cores']} cores; {' '.join(flags) or 'no flags'}), "
            f"{contest.threads} pinned, {contest.rounds} rounds in turns, {measurement.date}"
        ),
        Text(f"energy: {measurement.energy_source or 'this machine tells none'}"),
    ]
    if measurement.quiet.reason:
        notes.append(Text(measurement.quiet.reason, style="bold yellow"))
    else:
        notes.append(Text("quiet machine"))
    return Group(*([_make_costs_table(costs)] if costs else []), table, *failures, *notes)


def _make_costs_table(costs: Sequence[Costs]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("per stream and step", no_wrap=True)
    for column in _COSTS:
        table.add_column(column, justify="right", no_wrap=True)
    for cost in costs:
        table.add_row(
            cost.name,
            f"{cost.parameters:,}",
            f"{cost.macs:,.0f}",
            str(cost.receptive_field),
            str(cost.delay),
            f"{cost.state_bytes / 1e3:.0f}",
        )
    return table


def _cells(result: Result, energy: bool) -> list[str]:
    latency, ratio = result.latency, result.ratio
    assert latency is not None
    state = result.about.get("state_bytes")
    cells = [
        f"{latency.median:.3f}",
        f"{latency.min:.3f}",
        f"{latency.p95:.3f}",
        f"{latency.p99:.3f}",
        f"{result.frames_per_second:.0f}",
        f"{ratio.median:.2f}" if ratio else "",
        f"{result.start_seconds:.2f}",
        f"{result.peak_mib:.0f}",
        f"{state / 1e3:.0f}" if state is not None else "",
    ]
    if energy:
        cells.append("" if result.joules is None else f"{result.joules * 1e3:.2f}")
    return cells
