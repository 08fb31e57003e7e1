# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception train` and `co-perception evaluate`: make the starter, and judge it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["app"]

app = typer.Typer(help="Training and evaluation.", no_args_is_help=True)

_Data = Annotated[
    Path, typer.Option(envvar="CO_PERCEPTION_TRAINING_DATA", help="Folder of the skeleton files.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("train")
def train(
    recipe: Annotated[str, typer.Argument(help="What to train: starter.")] = "starter",
    *,
    data: _Data,
    output: Annotated[Path, typer.Option(help="Model folder to write.")] = Path("models/starter"),
    steps: Annotated[int | None, typer.Option(min=1, help="Weight updates.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Of the processor.")] = 2,
) -> None:
    """Train a model on recorded and self-made motion and write its folder.

    The starter takes about ten minutes on two cores.
    """
    from co_perception.cli.console import err
    from co_perception.errors import ConfigError
    from co_perception.training.train import STARTER_STEPS, save_starter, train_starter

    if recipe != "starter":
        raise ConfigError(f"train: expected one of starter; got '{recipe}'.")
    with _bar("training") as advance:
        starter = train_starter(
            data, steps=steps or STARTER_STEPS, seed=seed, threads=threads, progress=advance
        )
    folder = save_starter(starter, output)
    err.print(f"written: {folder.path} ({folder.model_id})")
    for name, score in starter.held_out.items():
        err.print(f"  {name}: {100 * score['accuracy']:.1f} % of {score['samples']}")


@app.command("evaluate")
def evaluate(
    what: Annotated[
        str,
        typer.Argument(
            help="protocol: held-out trainings, up to 30 minutes; demo: held-out scripts through "
            "rendered camera, pose estimator and network; clips: what it says of real videos."
        ),
    ] = "demo",
    data: Annotated[
        Path | None,
        typer.Option(envvar="CO_PERCEPTION_TRAINING_DATA", help="Folder of the skeleton files."),
    ] = None,
    clips: Annotated[Path | None, typer.Option(help="clips: folder of videos.")] = None,
    model: Annotated[str, typer.Option(help="Model folder: a path or a name.")] = "starter",
    scripts: Annotated[int, typer.Option(min=1, help="demo: number of scripts.")] = 3,
    first_seed: Annotated[int, typer.Option(help="demo: seed of the first script.")] = 20,
    jobs: Annotated[int, typer.Option(min=1, help="protocol: trainings at a time.")] = 2,
    steps: Annotated[int | None, typer.Option(min=1, help="protocol: weight updates.")] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Store the result in the model folder and its card.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Judge a model on what did not train it."""
    from co_perception.cli.clip_report import run_clip_report
    from co_perception.cli.console import out, print_json
    from co_perception.cli.demo_report import run_demo_report
    from co_perception.engine import find_model
    from co_perception.errors import ConfigError
    from co_perception.training.card import result_table
    from co_perception.training.results import store_result

    if what == "clips":
        if clips is None:
            raise ConfigError("evaluate clips: expected --clips, a folder of videos.")
        with _bar("videos") as advance:
            result = run_clip_report(model, clips, advance)
    elif what == "protocol":
        if data is None:
            raise ConfigError("evaluate protocol: expected --data, the folder of skeleton files.")
        result = _run_protocol(data, jobs, steps)
    elif what == "demo":
        with _bar("scripts") as advance:
            result = run_demo_report(model, scripts, first_seed, advance)
    else:
        raise ConfigError(f"evaluate: expected one of clips, demo, protocol; got '{what}'.")
    if save:
        store_result(find_model(model), what, result)
    if as_json:
        print_json(result)
    else:
        out.print(result_table(what, result), highlight=False, markup=False, soft_wrap=True)


def _run_protocol(data: Path, jobs: int, steps: int | None) -> dict[str, Any]:
    from co_perception.training.protocol import PROTOCOL_STEPS, run_protocol

    with _bar("trainings") as advance:
        return run_protocol(data, steps=steps or PROTOCOL_STEPS, jobs=jobs, progress=advance)


class _bar:  # noqa: N801  reads as a function
    """A progress bar on standard error; entering gives the function that moves it."""

    def __init__(self, title: str) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        from co_perception.cli.console import err

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=err,
        )
        self._title = title

    def __enter__(self) -> Any:
        self._progress.start()
        task = self._progress.add_task(self._title, total=None)

        def advance(done: int, total: int, loss: float | None = None) -> None:
            title = self._title if loss is None else f"{self._title}, loss {loss:.3f}"
            self._progress.update(task, completed=done, total=total, description=title)

        return advance

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
