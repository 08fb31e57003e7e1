#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Our steps against continual-inference's and against clip networks over sliding windows.

    python benchmarks/peers/set_up.py                       # once: the peers' environment
    python benchmarks/against_peers.py                      # all contests, one row
    python benchmarks/against_peers.py --only cox3d_s --batch 1 --batch 8
    python benchmarks/against_peers.py --store docs/benchmarks.md

Weights are made by the peer's own network and come to ours through `co-perception models import`.
Before anything is timed, outputs are compared; then all contestants step in turns, each a process
of its own on the same processor. Clip networks give other answers by nature (their window has
borders, and clip-wide squeeze-excitation) and are timed only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pages import store_section

from co_perception.bench import Contest, Contestant, Measurement, read_load, run_contest
from co_perception.cli.console import out
from co_perception.engine.import_checkpoint import import_checkpoint

ROOT = Path(__file__).resolve().parents[1]
PEER_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
PEER_WORKER = (str(PEER_PYTHON), "-W", "ignore", str(ROOT / "benchmarks" / "peers" / "worker.py"))
HEADINGS = ("contestant", "median ms", "min ms", "p95 ms", "times the peer", "differs", "state MB")


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
CLIP_ENGINES = (("torch", "fp32"), ("onnxruntime", "fp32"), ("openvino", "fp32"))


def make_contestants(
    subject: Subject, folder: Path, weights: Path, batches: Iterable[int], backends: list[str]
) -> tuple[Contestant, ...]:
    """Return the peer, then ours, then the clip networks, for every batch size."""
    contestants = []
    for batch in batches:
        group = f"{subject.name} x{batch}"
        given: dict[str, Any] = {"weights": str(weights), "batch": batch}
        peer = {**given, "kind": "peer", "network": subject.name}
        contestants.append(
            Contestant(
                f"{subject.name} continual-inference x{batch}", peer, PEER_WORKER, group=group
            )
        )
        for backend in backends:
            ours = {"folder": str(folder), "backend": backend, "batch": batch}
            contestants.append(Contestant(f"{subject.name} {backend} x{batch}", ours, group=group))
        for engine, precision in CLIP_ENGINES if batch == 1 else ():
            clip = {
                **given,
                "kind": "clip",
                "network": subject.clip_name,
                "engine": engine,
                "precision": precision,
                "frames": subject.clip_frames,
                "num_classes": subject.num_classes,
            }
            name = f"{subject.clip_name} clip of {subject.clip_frames}, {engine} x{batch}"
            contestants.append(Contestant(name, clip, PEER_WORKER, group=group, tolerance=None))
    return tuple(contestants)


def measure(
    subject: Subject, options: argparse.Namespace, scratch: Path, load_before: float
) -> Measurement:
    """Make weights and folder, and hold the contest."""
    weights, folder = scratch / f"{subject.name}.pt", scratch / subject.name
    command = [*PEER_WORKER, "--write-weights", subject.name, str(weights)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    import_checkpoint(
        weights,
        folder,
        name=subject.name.replace("_", "-"),
        license="none: random weights",
        architecture=subject.name,
    )
    contestants = make_contestants(subject, folder, weights, options.batch, options.backend)
    contest = Contest(contestants, rounds=options.rounds, seconds=options.seconds)
    return run_contest(
        contest,
        lambda text: print(text, file=sys.stderr, flush=True),
        load_before=load_before,
    )


def to_markdown(subject: Subject, measurement: Measurement) -> str:
    """Return a contest as a section of a page."""
    machine, quiet = measurement.machine, measurement.quiet
    flags = machine["flags"]
    assert isinstance(flags, list)
    where = (
        f"{measurement.date[:10]}, {machine['processor']} ({' '.join(flags)}), 1 thread pinned, "
        f"{measurement.contest.rounds} rounds in turns"
    )
    lines = [
        f"## {subject.name}",
        "",
        f"{where}; {quiet.reason or 'quiet machine'}.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|---" + "|---:" * (len(HEADINGS) - 1) + "|",
    ]
    for result in measurement.results:
        if result.failure or result.latency is None:
            lines.append(f"| {result.contestant.name} | {result.failure.splitlines()[0]} |")
            continue
        latency, ratio = result.latency, result.ratio
        state = result.about.get("state_bytes")
        cells = (
            result.contestant.name,
            f"{latency.median:.2f}",
            f"{latency.min:.2f}",
            f"{latency.p95:.2f}",
            f"**{ratio.median:.3g}** ({ratio.low:.3g} to {ratio.high:.3g})" if ratio else "1",
            "" if result.difference is None else f"{result.difference:.0e}",
            f"{state / 1e6:.1f}" if state else "",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def main() -> int:
    """Hold the contests that were asked for; return 1 if a contestant failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [subject.name for subject in SUBJECTS]
    parser.add_argument("--only", action="append", choices=names, help="may be repeated")
    parser.add_argument("--batch", action="append", type=int, help="rows; may be repeated")
    parser.add_argument("--backend", action="append", help="of ours; may be repeated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a turn")
    parser.add_argument("--json", type=Path, help="write all figures to a file")
    parser.add_argument("--store", type=Path, help="a page whose sections are renewed")
    options = parser.parse_args()
    options.batch = options.batch or [1]
    options.backend = options.backend or ["onnxruntime"]
    if not PEER_PYTHON.exists():
        print("the peers' environment is missing: python benchmarks/peers/set_up.py")
        return 2
    load_before = read_load()  # the exports and contests that follow are our own
    contents, failed = {}, False
    with tempfile.TemporaryDirectory() as scratch:
        for subject in SUBJECTS:
            if options.only and subject.name not in options.only:
                continue
            measurement = measure(subject, options, Path(scratch), load_before)
            section = to_markdown(subject, measurement)
            out.print(section, highlight=False, markup=False, soft_wrap=True)
            contents[subject.name] = measurement.to_dict()
            failed |= any(result.failure for result in measurement.results)
            if options.store:
                store_section(options.store, subject.name, section)
    if options.json:
        options.json.write_text(json.dumps(contents, indent=1) + "\n", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
