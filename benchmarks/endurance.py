#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Run streams for very long and look for drift of the answers and growth of state and memory.

    python benchmarks/endurance.py --operators                  # 100,000 steps each, about an hour
    python benchmarks/endurance.py --operators --only 'conv*' --steps 5000
    python benchmarks/endurance.py --networks                   # an eighth of the width, hours
    python benchmarks/endurance.py --operators --store docs/endurance.md

Everything runs as two streams of random frames. Twenty times on the way, and at the end, its
newest answer is compared with the clip forward of the frames that the answer rests on. `--store`
writes the table into a page, in place of the one of the same suite that stands there.
"""

from __future__ import annotations

import argparse
import datetime
import fnmatch
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from pages import describe_run, store_section

from co_perception.continual.endurance import Endurance, check_endurance
from co_perception.continual.gallery import EXAMPLES
from co_perception.continual.module import ContinualModule
from co_perception.models.gallery import clip_period, create_narrow

STEPS = 100_000
NETWORKS = (  # CoX3D-S, -M and -L have the layers of CoX3D-XS, L more of each
    "co_oadtr_b1",
    "co_oadtr_b2",
    "co_st_gcn_small",
    "coslow_r50",
    "co_st_gcn",
    "co_st_gcn_mod",
    "coi3d_r50",
    "cox3d_xs",
    "co_agcn",
    "co_agcn_mod",
    "co_s_tr",
    "co_s_tr_mod",
)
HEADINGS = ("name", "drift", "checks", "state bytes", "growth KiB", "µs per step")


class Subject(NamedTuple):
    """What runs, and what `check_endurance` is told about it."""

    name: str
    module: ContinualModule
    frame_shape: tuple[int, ...]
    memory: int | None = None
    period: int = 1


def list_operators() -> Iterator[Subject]:
    """Yield an example of every continual operator."""
    for name, example in EXAMPLES.items():
        yield Subject(name, example.create(), example.shape, example.memory, example.period)


def list_networks() -> Iterator[Subject]:
    """Yield narrow networks of the published depth, of each kind one, the quick ones first."""
    for name in NETWORKS:
        model = create_narrow(name)
        yield Subject(name, model.network, model.spec.step_shape, period=clip_period(model))


SUITES: dict[str, Callable[[], Iterator[Subject]]] = {
    "operators": list_operators,
    "networks": list_networks,
}
"""What can be run, by the name of its option."""


def run_suite(suite: str, only: str, steps: int) -> tuple[list[tuple[str, ...]], int]:
    """Run what a pattern names; return the rows of the table and how many failed."""
    rows, failed = [], 0
    for subject in SUITES[suite]():
        if not fnmatch.fnmatch(subject.name, only):
            continue
        try:
            row = _cells(subject.name, _endure(subject, steps))
        except AssertionError as error:
            failed += 1
            row = (subject.name, f"FAILED: {error}", *[""] * (len(HEADINGS) - 2))
        print("  ".join(row), flush=True)
        rows.append(row)
    return rows, failed


def _endure(subject: Subject, steps: int) -> Endurance:
    return check_endurance(
        subject.module,
        subject.frame_shape,
        steps=steps,
        memory=subject.memory,
        period=subject.period,
    )


def _cells(name: str, result: Endurance) -> tuple[str, ...]:
    return (
        name,
        f"{result.drift:.1e}",
        str(result.checks),
        str(result.state_bytes),
        f"{result.growth_bytes / 1024:.0f}",
        f"{result.step_usec:.0f}",
    )


def write_section(suite: str, command: str, steps: int, rows: list[tuple[str, ...]]) -> str:
    """Return a suite's part of the page."""
    origin = f"{datetime.date.today()}, {steps:,} steps, float32, {describe_run('torch')}"
    lines = [
        f"## {suite.capitalize()}",
        "",
        f"{origin}.",
        "",
        f"    {command}",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|---" + "|---:" * (len(HEADINGS) - 1) + "|",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Parse the arguments, run the suites and print or store their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for suite in SUITES:
        parser.add_argument(f"--{suite}", action="store_true", help=f"run the {suite}")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"default {STEPS}")
    parser.add_argument(
        "--only", default="*", metavar="PATTERN", help="names to run, e.g. 'conv*'"
    )
    parser.add_argument("--store", type=Path, metavar="PAGE", help="Markdown page for the table")
    args = parser.parse_args()
    chosen = [suite for suite in SUITES if getattr(args, suite)]
    if not chosen:
        parser.error("nothing to run; give " + " or ".join(f"--{suite}" for suite in SUITES))
    torch.set_num_threads(1)  # the layers are small: threads that wait for each other cost more
    total = 0
    for suite in chosen:
        rows, failed = run_suite(suite, args.only, args.steps)
        if not rows:
            parser.error(f"no name in {suite} fits {args.only!r}")
        total += failed
        if args.store:
            only = "" if args.only == "*" else f" --only {args.only!r}"
            command = f"python benchmarks/endurance.py --{suite}{only} --steps {args.steps}"
            section = write_section(suite, command, args.steps, rows)
            store_section(args.store, suite.capitalize(), section)
    print(f"{total} failed" if total else "all within bounds")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
