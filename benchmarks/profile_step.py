#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Where the time of a step goes on onnxruntime, by its own profiler.

    python benchmarks/profile_step.py cox3d_s co_st_gcn_mod
    python benchmarks/profile_step.py cox3d_s --store docs/benchmarks.md

Shares are of the medians of all nodes: they hold on a machine that is not quiet too. Networks with
a temporal stride are not taken, since their phases differ.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from pages import describe_run, show_table

from co_perception.bench.lineup import resolve_folder
from co_perception.engine import ModelFolder
from co_perception.engine.backends import open_backend

STEPS = 200


class Node(NamedTuple):
    """What the profiler tells of a run of a node: what it is, how long it took, its work."""

    kind: str
    microseconds: float
    operations: int


def profile(folder: Path, rows: int, scratch: Path) -> list[dict[str, Any]]:
    """Return the profiler's events of steps of a folder's model."""
    sessions: list[Any] = []
    session = onnxruntime.InferenceSession

    def open_profiled(model: Any, given: Any, **rest: Any) -> Any:
        given.enable_profiling = True
        given.profile_file_prefix = str(scratch / "profile")
        sessions.append(session(model, given, **rest))
        return sessions[-1]

    loaded = ModelFolder.load(folder)
    open_backend(loaded, rows, backend="onnxruntime").close()  # prepared from here on
    onnxruntime.InferenceSession = open_profiled
    try:
        backend = open_backend(loaded, rows, backend="onnxruntime")
    finally:
        onnxruntime.InferenceSession = session
    frames = np.zeros((rows, *backend.step_shape), np.float32)
    for _ in range(STEPS):
        backend.step(frames, np.ones(rows, np.bool_))
    events: list[dict[str, Any]] = json.loads(Path(sessions[-1].end_profiling()).read_text())
    return events


def read_nodes(events: list[dict[str, Any]]) -> list[Node]:
    """Return every node once, with the median of its runs."""
    runs = defaultdict(list)
    shapes = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            key = (event["args"]["op_name"], event["name"])
            runs[key].append(float(event["dur"]))
            inputs = event["args"].get("input_type_shape", [])
            outputs = event["args"].get("output_type_shape", [])
            shapes[key] = [next(iter(shape.values())) for shape in (*inputs[:2], *outputs[:1])]
    return [_classify(key[0], shapes[key], median(times)) for key, times in runs.items()]


def _classify(kind: str, shapes: list[list[int]], microseconds: float) -> Node:
    """Say what a node is, and how many floating-point operations it does, padding included."""
    if kind in ("Gemm", "FusedGemm", "MatMul"):
        return Node("matrix products", microseconds, 2 * shapes[0][-1] * int(np.prod(shapes[-1])))
    if kind != "Conv":
        return Node("all else: " + kind, microseconds, 0)
    weight, output = shapes[1], shapes[2]
    if output[-1] == 1:
        name = "squeeze-excitation's convolutions"
    elif weight[1] == 1:
        name = "channel-wise convolutions"
    else:
        name = "1 x 1 convolutions" if weight[2:] == [1, 1] else "stem"
    return Node(name, microseconds, 2 * int(np.prod(weight[1:])) * int(np.prod(output)))


def to_table(nodes: list[Node]) -> list[str]:
    """Return the table, the most costly kind first; what is below 1 % is summed up."""
    total = sum(node.microseconds for node in nodes)
    kinds = defaultdict(list)
    for node in nodes:
        kinds[node.kind].append(node)
    small = [k for k, of in kinds.items() if sum(n.microseconds for n in of) < 0.01 * total]
    for kind in small:
        kinds["all else, below 1 % each"] += kinds.pop(kind)
    lines = ["| nodes | number | share of the time | GFLOP/s |", "|---|---:|---:|---:|"]
    for kind, of in sorted(kinds.items(), key=lambda pair: -sum(n.microseconds for n in pair[1])):
        spent, work = sum(n.microseconds for n in of), sum(n.operations for n in of)
        speed = f"{work / spent / 1e3:.0f}" if work else ""
        lines.append(f"| {kind} | {len(of)} | {spent / total:.0%} | {speed} |")
    return lines


def main() -> None:
    """Profile, print, and store where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="+", help="model folders or architectures")
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--store", type=Path, metavar="FILE", help="page for the tables")
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    for model in options.models:
        with tempfile.TemporaryDirectory() as scratch:
            folder = resolve_folder(model, Path(scratch))
            table = to_table(read_nodes(profile(folder, options.rows, Path(scratch))))
        rows = "1 row" if options.rows == 1 else f"{options.rows} rows"
        title = f"Where a step goes: {Path(model).name}, {rows}"
        where = f"{datetime.date.today()}, {describe_run('onnxruntime')}, 1 thread pinned"
        show_table(options.store, title, where, table)


if __name__ == "__main__":
    main()
