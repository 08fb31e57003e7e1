# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception bench`: what a step costs on this machine, on each backend, for so many rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from co_perception.bench import Measurement

__all__ = ["bench"]


def bench(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Model folders, names of installed models, or architectures (random weights).",
        ),
    ],
    backend: Annotated[
        list[str] | None,
        typer.Option("--backend", "-b", help="Backend, may be repeated. Default: auto."),
    ] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option("--batch", "-n", help="Rows per step, may be repeated. Default: 1."),
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option("--precision", "-p", help="fp32, bf16 ...; may be repeated. Default: fp32."),
    ] = None,
    device: Annotated[str, typer.Option(help="Where the backends step.")] = "cpu",
    peer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COMMAND",
            help="Worker of another network, timed in turns with ours; may be repeated.",
        ),
    ] = None,
    threads: Annotated[int, typer.Option(help="Processors that a contestant may use.")] = 1,
    rounds: Annotated[int, typer.Option(help="Turns of every contestant.")] = 5,
    seconds: Annotated[float, typer.Option(help="Length of a turn, seconds.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the JSON to a file too.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw a picture: PNG, SVG or PDF.")] = None,
) -> None:
    """Measure steps: latency, throughput, memory, start-up, energy.

    Every contestant is a process of its own, pinned to the same processors. Backends of one model
    are compared first and must give the same outputs; then all step in turns. How a peer's worker
    is written stands in docs/benchmarks.md.
    """
    import json
    import tempfile
    from dataclasses import asdict

    from rich.console import Console

    from co_perception.bench import Contest, read_load, run_contest
    from co_perception.bench.costs import compute_costs
    from co_perception.bench.lineup import line_up, line_up_peers, resolve_folder
    from co_perception.cli.bench_table import TABLE_WIDTH, make_bench_table
    from co_perception.cli.console import err, out, print_json

    load = read_load()  # before the exports of our own
    place = tempfile.TemporaryDirectory(prefix="co_perception-bench-")
    with place as scratch, err.status("Preparing ...") as status:
        folders = []
        for model in models:
            status.update(f"Preparing {model} ...")
            folders.append((Path(model).name, resolve_folder(model, Path(scratch))))
        batches = batch or [1]
        contestants = line_up(
            folders,
            backends=backend or ["auto"],
            batches=batches,
            precisions=precision or ["fp32"],
            device=device,
            threads=threads,
        )
        peers = line_up_peers(peer or [], folders, batches=batches)
        contest = Contest((*contestants, *peers), rounds=rounds, seconds=seconds, threads=threads)
        measurement = run_contest(
            contest, lambda text: status.update(f"{text} ..."), load_before=load
        )
        costs = [cost for name, path in folders if (cost := compute_costs(name, path))]
    content = {**measurement.to_dict(), "costs": [asdict(cost) for cost in costs]}
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if plot:
        from co_perception.bench.plots import plot_measurement

        plot_measurement(measurement, plot)
    if as_json:
        print_json(content)
    else:
        wide = out if out.is_terminal else Console(width=max(out.width, TABLE_WIDTH))
        wide.print(make_bench_table(measurement, costs), highlight=False)
    raise typer.Exit(_code(measurement))


def _code(measurement: Measurement) -> int:
    """Return 1 if a contestant failed, so that scripts notice."""
    return int(any(result.failure for result in measurement.results))
