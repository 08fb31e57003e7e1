#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a frame costs with many people before a network with a temporal stride.

    python benchmarks/phases.py                       # CoST-GCN, 8 people
    python benchmarks/phases.py --people 16 --store docs/benchmarks.md

Three ways: all come with the same frame, so that the dear phase falls on everybody at once; one
comes after the other, as people do, and the groups stand at different phases; each steps alone.
Columns are the frames of a period, in milliseconds: medians over turns that follow each other.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from pages import describe_run, store_section

from co_perception.bench.lineup import resolve_folder
from co_perception.engine import ModelFolder
from co_perception.engine.backends.batching import Batching
from co_perception.engine.backends.step_graph import StepGraphBackend, read_step_graphs
from co_perception.engine.fast.ort_prepare import prepare_executors

TITLE = "People and phases"
_WARM_UP_PERIODS = 3


def open_step(folder: ModelFolder, people: int, *, together: bool) -> StepGraphBackend:
    """Open a model's step on onnxruntime, one thread."""
    graphs = read_step_graphs(folder, "onnxruntime")
    if graphs is None:
        raise SystemExit(f"{folder.path}: its step is a masked one; choose another model")
    hashes = [folder.files[name] for name in graphs]
    executors = prepare_executors(list(graphs.values()), hashes, threads=1, where=folder.name)
    batching = Batching(together, "asked for")
    return StepGraphBackend("onnxruntime", executors, people, batching=batching)


def let_in(backend: StepGraphBackend, *, at_once: bool) -> None:
    """Let everybody come: with the same frame, or one after the other."""
    frames = np.zeros((backend.rows, *backend.step_shape), np.float32)
    for number in range(1 if at_once else backend.rows):
        here = np.arange(backend.rows) <= (backend.rows if at_once else number)
        backend.step(frames, here)


def time_turn(backend: StepGraphBackend, period: int) -> list[float]:
    """Return milliseconds of the frames of a period."""
    frames = np.zeros((backend.rows, *backend.step_shape), np.float32)
    update, spent = np.ones(backend.rows, np.bool_), []
    for _ in range(period):
        start = time.perf_counter()
        backend.step(frames, update)
        spent.append(1e3 * (time.perf_counter() - start))
    return spent


def measure(folder: ModelFolder, people: int, turns: int) -> list[tuple[str, ...]]:
    """Return a row for each way."""
    period = folder.time_stride
    ways = {
        "a batch, all in one phase": (True, True),
        "batches, one comes after the other": (True, False),
        "one by one, one after the other": (False, False),
    }
    backends = {}
    for name, (together, at_once) in ways.items():
        backends[name] = open_step(folder, people, together=together)
        let_in(backends[name], at_once=at_once)
        for _ in range(_WARM_UP_PERIODS):
            time_turn(backends[name], period)
    spent: dict[str, list[list[float]]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, backend in backends.items():
            spent[name].append(time_turn(backend, period))
    rows = []
    for name, turns_spent in spent.items():
        frames = np.median(turns_spent, axis=0)
        cells = [f"{value:.2f}" for value in (*frames, frames.mean(), frames.max())]
        rows.append((name, *cells))
    return rows


def main() -> int:
    """Parse the arguments, measure, print and store."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="?", default="co_st_gcn", help="folder or architecture")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--turns", type=int, default=40, help="periods of each way")
    parser.add_argument("--store", type=Path, metavar="PAGE", help="page whose section is renewed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = ModelFolder.load(resolve_folder(options.model, Path(scratch)))
        if folder.time_stride == 1:
            parser.error(f"'{options.model}' has no temporal stride, so there are no phases")
        rows = measure(folder, options.people, options.turns)
    numbers = [f"frame {number}" for number in range(folder.time_stride)]
    heading = (f"{options.people} people, ms", *numbers, "mean", "peak")
    lines = [heading, ("---", *("---:" for _ in heading[1:])), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    print(table)
    if options.store:
        command = f"    python benchmarks/phases.py --people {options.people}"
        origin = f"{options.model}, {describe_run('onnxruntime')}, one thread."
        section = f"## {TITLE}\n\n{command}\n\n{origin}\n\n{table}\n"
        store_section(options.store, TITLE, section)
    return 0


if __name__ == "__main__":
    sys.exit(main())
