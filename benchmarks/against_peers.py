#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
r"""Our steps against continual-inference's and against clip networks over sliding windows.

    python benchmarks/peers/set_up.py                       # once: the peers' environment
    python benchmarks/against_peers.py                      # all contests, one row
    python benchmarks/against_peers.py --only cox3d_s --store docs/benchmarks.md
    python benchmarks/against_peers.py --only co_st_gcn_mod --rows 1 2 4 8 16 32 \
        --store docs/benchmarks.md --curve docs/images/people.png

Weights are made by the peer's own network and come to ours through `co-perception models import`.
Before anything is timed, outputs are compared; then all contestants step in turns, each a process
of its own on the same processor. Clip networks give other answers by nature (their window has
borders, and clip-wide squeeze-excitation) and are timed only. So is the machine's roof, a large
product of matrices.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pages import store_section
from peers_page import ROOF, to_section

from co_perception.bench import Contest, Contestant, Measurement, read_load, run_contest
from co_perception.bench.costs import compute_costs
from co_perception.bench.lineup import tolerance_of
from co_perception.bench.plots import plot_curves
from co_perception.cli.console import out
from co_perception.engine.import_checkpoint import import_checkpoint

ROOT = Path(__file__).resolve().parents[1]
PEER_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
PEER_WORKER, ROOF_WORKER = (
    (str(PEER_PYTHON), "-W", "ignore", str(ROOT / "benchmarks" / "peers" / name))
    for name in ("worker.py", "roof.py")
)
OUR_WORKER = (str(PEER_PYTHON), "-m", "co_perception.bench.worker")
"""Ours run there too: it has OpenVINO, and all take the same libraries."""
OURS = ("native:fp32", "native:bf16", "onnxruntime:fp32", "openvino:fp32", "openvino:bf16")
CLIP_ENGINES = ("torch:fp32", "onnxruntime:fp32", "openvino:fp32", "openvino:bf16")


class Subject(NamedTuple):
    """A network, its clip network with the frames of a clip, and what else is timed beside it."""

    name: str
    clip_name: str
    clip_frames: int
    num_classes: int


SUBJECTS = (
    Subject("cox3d_s", "x3d_s", 13, 400),
    Subject("cox3d_m", "x3d_m", 16, 400),
    Subject("co_st_gcn_mod", "st_gcn_mod", 300, 60),
    Subject("co_st_gcn", "st_gcn", 300, 60),
)


def line_up(
    subject: Subject, folder: Path, weights: Path, options: argparse.Namespace
) -> Iterator[Contestant]:
    """Give the peer, then ours, by rows; clip networks where rows are not compared; the roof."""
    for rows in options.rows:
        group = f"{subject.name} x{rows}"
        given = {"weights": str(weights), "batch": rows}
        peer = {**given, "kind": "peer", "network": subject.name}
        name = f"{subject.name} continual-inference x{rows}"
        yield Contestant(name, peer, PEER_WORKER, group=group)
        yield from line_up_ours(subject.name, folder, options.ours, rows, group)
        if options.rows == [1]:
            yield from line_up_clips(subject, given, group)
    yield Contestant("fp32 matrix product", {}, ROOF_WORKER, group=ROOF)


def line_up_ours(
    name: str, folder: Path, choices: Iterable[str], rows: int, group: str
) -> Iterator[Contestant]:
    """Give a folder's model on BACKEND:PRECISION each."""
    for choice in choices:
        backend, _, precision = choice.partition(":")
        if backend == "native" and not name.startswith("cox3d"):
            continue  # its kernels are for these
        ours = {"folder": str(folder), "backend": backend, "precision": precision, "batch": rows}
        yield Contestant(
            f"{name} {backend} {precision} x{rows}",
            ours,
            OUR_WORKER,
            {"PYTHONPATH": str(ROOT)},
            group=group,
            tolerance=tolerance_of(precision),
        )


def line_up_clips(subject: Subject, given: dict[str, Any], group: str) -> Iterator[Contestant]:
    """Give the clip network on every engine."""
    for choice in CLIP_ENGINES:
        engine, _, precision = choice.partition(":")
        clip = {
            **given,
            "kind": "clip",
            "network": subject.clip_name,
            "engine": engine,
            "precision": precision,
            "frames": subject.clip_frames,
            "num_classes": subject.num_classes,
        }
        name = f"{subject.clip_name} clip of {subject.clip_frames}, {engine} {precision} x1"
        yield Contestant(name, clip, PEER_WORKER, group=group, tolerance=None)


def prepare(subject: Subject, scratch: Path) -> tuple[Path, Path]:
    """Make weights by the peer's network and a model folder of them; return both."""
    weights, folder = scratch / f"{subject.name}.pt", scratch / subject.name
    command = [*PEER_WORKER, "--write-weights", subject.name, str(weights)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    import_checkpoint(
        weights,
        folder,
        name=subject.name.replace("_", "-"),
        license="none: random weights",
        architecture=subject.name,
        quick=True,  # the contest compares its steps with the peer's
    )
    return weights, folder


def measure(
    subject: Subject, options: argparse.Namespace, scratch: Path, load_before: float
) -> tuple[Measurement, float]:
    """Hold the contest; return it with the multiply-adds of a step of one row."""
    weights, folder = prepare(subject, scratch)
    contestants = tuple(line_up(subject, folder, weights, options))
    contest = Contest(contestants, rounds=options.rounds, seconds=options.seconds)
    measurement = run_contest(
        contest,
        lambda text: print(text, file=sys.stderr, flush=True),
        load_before=load_before,
    )
    costs = compute_costs(subject.name, folder)
    assert costs is not None
    return measurement, costs.macs


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    names = [subject.name for subject in SUBJECTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="networks")
    parser.add_argument("--rows", nargs="+", type=int, default=[1], help="that step together")
    parser.add_argument("--ours", nargs="+", default=OURS, metavar="BACKEND:PRECISION")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a turn")
    parser.add_argument("--json", type=Path, help="write all figures to a file")
    parser.add_argument("--store", type=Path, help="a page whose sections are renewed")
    parser.add_argument("--curve", type=Path, help="picture of a row's cost, in docs/images")
    return parser.parse_args()


def main() -> int:
    """Hold the contests that were asked for; return 1 if a contestant failed."""
    options = parse()
    if not PEER_PYTHON.exists():
        print("the peers' environment is missing: python benchmarks/peers/set_up.py")
        return 2
    load_before = read_load()  # the exports and contests that follow are our own
    contents, failed = {}, False
    for subject in SUBJECTS:
        if subject.name not in options.only:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            measurement, macs = measure(subject, options, Path(scratch), load_before)
        title = subject.name + (", by rows" if len(options.rows) > 1 else "")
        section = to_section(title, measurement, macs)
        if options.curve:
            plot_curves(measurement, options.curve)
            section += f"\n![What a row costs, by rows](images/{options.curve.name})\n"
        out.print(section, highlight=False, markup=False, soft_wrap=True)
        contents[title] = measurement.to_dict()
        failed |= any(result.failure for result in measurement.results)
        if options.store:
            store_section(options.store, title, section)
    if options.json:
        options.json.write_text(json.dumps(contents, indent=1) + "\n", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
