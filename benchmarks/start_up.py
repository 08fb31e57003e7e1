#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""How long it takes from the start of a process to the end of its first step, on onnxruntime.

    python benchmarks/start_up.py                       # the starter and CoX3D-S
    python benchmarks/start_up.py --store docs/benchmarks.md

Every start is a process of its own, pinned to one processor, without torch. "First ever" has an
empty cache folder: the step graph is made ready for this machine and proved; "later" finds it.
"""

from __future__ import annotations

import argparse
import datetime
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from pages import describe_run, store_section

from co_perception.bench import Contestant, read_load, watch_load
from co_perception.bench.contestant import Worker
from co_perception.bench.lineup import resolve_folder

TITLE = "Start-up"
MODELS = ("starter", "cox3d_s")
NOTE = """\
One processor, no torch, Python's start and all imports included. *First ever*: the cache folder is
empty, and a video step is laid out for the machine and compared with the plain one; importing a
model on the same machine has done that already."""


def time_starts(folder: Path, caches: Sequence[Path]) -> list[float]:
    """Return the seconds of one start per cache folder.

    Raises:
        WorkerError: If a process cannot step, or imported torch.
    """
    cpus = sorted(os.sched_getaffinity(0))[-1:]
    seconds = []
    for cache in caches:
        spec = {"folder": str(folder.resolve()), "backend": "onnxruntime", "batch": 1}
        environment = {"XDG_CACHE_HOME": str(cache)}
        worker = Worker(Contestant(folder.name, spec, environment=environment), cpus)
        seconds.append(worker.start_seconds)
        worker.close()
        if worker.about["torch"]:
            raise SystemExit(f"{folder.name}: the process imported torch")
    return seconds


def main() -> None:
    """Measure, print, and store where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--store", type=Path, metavar="FILE", help="page for the table")
    options = parser.parse_args()
    before = read_load()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        folders = [(model, resolve_folder(model, scratch)) for model in options.models]
        load, own = watch_load(before), sum(os.times()[:4])
        for model, folder in folders:
            fresh = [scratch / model / f"cache{i}" for i in range(options.starts)]
            for kind, caches in (("first ever", fresh), ("later", fresh[:1] * options.starts)):
                seconds = time_starts(folder, caches)
                rows.append(f"| {model}, {kind} | {median(seconds):.2f} | {min(seconds):.2f} |")
                print(rows[-1], flush=True)
        quiet = load.finish([], sum(os.times()[:4]) - own)
    section = (
        f"## {TITLE}\n\n{datetime.date.today()}, {describe_run('onnxruntime', 'numpy')}; "
        f"{options.starts} starts each; {quiet.reason or 'quiet machine'}.\n\n{NOTE}\n\n"
        "| process start to first step | median s | min s |\n|---|---:|---:|\n"
    )
    if options.store:
        store_section(options.store, TITLE, section + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
