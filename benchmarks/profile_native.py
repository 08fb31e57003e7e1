#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Where the time of a step goes on the native kernels, by their own clock.

    python benchmarks/profile_native.py cox3d_s cox3d_m --precision fp32 --store docs/benchmarks.md

Steps come one after the other, so that weights and past frames are as cold as in a stream. Times
are medians over steps; the time around the kernels is what Python adds.
"""

from __future__ import annotations

import argparse
import datetime
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pages import describe_run, show_table

from co_perception.bench.lineup import resolve_folder
from co_perception.engine import ModelFolder
from co_perception.engine.backends.step_graph import StepGraphBackend, require_step_graphs
from co_perception.engine.fast import native_program
from co_perception.engine.fast.native_executor import NativeExecutor

STEPS, FIRST = 300, 50
KINDS = (
    *("1 x 1 convolutions", "channel-wise convolutions", "stem", "means over an image"),
    *("gates times images", "matrix-vector products", "vectors times vectors", "copies"),
)


def profile(
    folder: Path, precision: str
) -> tuple[NativeExecutor, NDArray[np.float64], float, float]:
    """Return what ran, the ms of each operation, of a whole step, and of it around the kernels."""
    loaded = ModelFolder.load(folder)
    (name, graph), *others = require_step_graphs(loaded, "native").items()
    assert not others, "networks with a temporal stride have no native program"
    executor = NativeExecutor(graph, name, precision=precision)
    backend = StepGraphBackend("native", [executor], 1, precision=precision)
    frame = np.random.default_rng(0).standard_normal((1, *backend.step_shape), np.float32)
    update = np.ones(1, np.bool_)
    spent, whole = [], []
    for _ in range(STEPS):
        executor.nanoseconds = np.zeros(len(executor.operations), np.int64)
        start = time.perf_counter_ns()
        backend.step(frame, update)
        whole.append(time.perf_counter_ns() - start)
        spent.append(executor.nanoseconds)
    inside, steps = np.array(spent[FIRST:]) / 1e6, np.array(whole[FIRST:]) / 1e6
    around = float(np.median(steps - inside.sum(axis=1)))
    return executor, np.median(inside, axis=0), float(np.median(steps)), around


def count_multiply_adds(operation: dict[str, int]) -> int:
    """Return the multiply-adds of an operation, padded channels included."""
    outputs = operation["height"] * operation["width"] * operation["channels"]
    if KINDS[operation["kind"]] == "channel-wise convolutions":
        taps = operation["kernel_height"] * operation["kernel_width"]
        return outputs * taps * operation["sources"]
    return outputs * operation["depth"]


def to_table(executor: NativeExecutor, spent: NDArray[np.float64], around: float) -> list[str]:
    """Return the table, the most costly kind first."""
    names = native_program.FIELD_NAMES
    operations = [dict(zip(names, row.tolist())) for row in executor.operations]
    rows = []
    for number, kind in enumerate(KINDS):
        of = [i for i, operation in enumerate(operations) if operation["kind"] == number]
        if not of:
            continue
        took = float(spent[of].sum())
        work = sum(count_multiply_adds(operations[i]) for i in of)
        has_work = "convolution" in kind or kind == "stem" or "product" in kind
        speed = f"{2 * work / took / 1e6:.0f}" if has_work else ""
        rows.append((took, f"| {kind} | {len(of)} | {took:.2f} | {speed} |"))
    rows.append((around, f"| around the kernels | | {around:.2f} | |"))
    head = ["| operations | number | ms | GFLOP/s |", "|---|---:|---:|---:|"]
    return [*head, *(line for _, line in sorted(rows, reverse=True))]


def main() -> None:
    """Profile, print, and store where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="+", help="model folders or architectures")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--store", type=Path, metavar="FILE", help="page for the tables")
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    for model in options.models:
        with tempfile.TemporaryDirectory() as scratch:
            folder = resolve_folder(model, Path(scratch))
            executor, spent, whole, around = profile(folder, options.precision)
        title = f"Where a native step goes: {Path(model).name}, {options.precision}"
        where = f"{datetime.date.today()}, {describe_run('numpy')}, {executor.instructions}"
        origin = f"{where}, 1 thread pinned; {whole:.2f} ms"
        show_table(options.store, title, origin, to_table(executor, spent, around))


if __name__ == "__main__":
    main()
