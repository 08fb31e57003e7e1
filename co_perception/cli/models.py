# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception models`: which models are there, what they are, and the pose asset."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from co_perception.cli.import_model import import_model
from co_perception.cli.networks import print_table

if TYPE_CHECKING:
    from co_perception.engine import ModelFolder

__all__ = ["app"]

app = typer.Typer(help="Activity models and the pose asset.", no_args_is_help=True)
app.command("import")(import_model)
app.command("table")(print_table)
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_models(as_json: _Json = False) -> None:
    """List the model folders found, and whether each is whole."""
    from rich.table import Table

    from co_perception.cli.console import out, print_json
    from co_perception.engine import ModelFolder, list_models
    from co_perception.engine.locate import model_roots
    from co_perception.errors import CoPerceptionError

    rows: list[dict[str, Any]] = []
    for name, path in list_models().items():
        try:
            rows.append({"name": name, "path": str(path), **_facts(ModelFolder.load(path))})
        except CoPerceptionError as error:
            rows.append({"name": name, "path": str(path), "error": str(error)})
    if as_json:
        print_json(rows)
        return
    if not rows:
        places = "\n".join(f"  {root}" for root in model_roots())
        out.print(f"No model folders found. Looked in:\n{places}", highlight=False)
        return
    table = Table("name", "activities", "rate", "looks back", "licence", box=None)
    table.add_column("path", overflow="fold")
    for row in rows:
        if "error" in row:
            table.add_row(row["name"], f"[red]{row['error']}", "", "", "", row["path"])
            continue
        table.add_row(
            row["name"], str(len(row["labels"])), f"{row['expected_rate']:g} Hz",
            f"{row['receptive_field'] / row['expected_rate']:.1f} s", row["license"], row["path"],
        )  # fmt: skip
    out.print(table)


@app.command("show")
def show_model(
    model: Annotated[str, typer.Argument(metavar="PATH", help="Model folder, or a model's name.")],
    as_json: _Json = False,
) -> None:
    """Check a model folder and say what it is: labels, input, thresholds, licence, checksums."""
    from rich.table import Table

    from co_perception.cli.console import out, print_json
    from co_perception.engine import ModelFolder, find_model

    path = find_model(model)
    facts = {"path": str(path), **_facts(ModelFolder.load(path))}
    if as_json:
        print_json(facts)
        return
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    for key, value in facts.items():
        table.add_row(f"[bold]{key}", _words(value))
    out.print(table)


@app.command("pose")
def make_pose_asset(
    wheel: Annotated[
        Path | None, typer.Option(help="A mediapipe 0.10 wheel to read instead of fetching one.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make it anew.")] = False,
) -> None:
    """Make MediaPipe's pose asset: fetch a registry wheel once, check it, build the bundle."""
    from co_perception.cli.console import err, out
    from co_perception.pose.asset import build_pose_asset

    with err.status("Pose asset ...") as status:

        def report(line: str) -> None:
            err.print(f"  {line}", highlight=False)
            status.update(line)

        path = build_pose_asset(wheel=wheel, force=force, report=report)
    out.print(f"{path}", highlight=False, soft_wrap=True)


def _facts(folder: ModelFolder) -> dict[str, Any]:
    return {
        "model_id": folder.model_id,
        "architecture": folder.architecture,
        "arguments": dict(folder.arguments),
        "labels": list(folder.labels),
        "input": folder.input.to_yaml(),
        "expected_rate": folder.expected_rate,
        "receptive_field": folder.receptive_field,
        "delay": folder.delay,
        "min_evidence": folder.min_evidence,
        "thresholds": asdict(folder.thresholds),
        "temperature": folder.temperature,
        "license": folder.license,
        "training_data": list(folder.training_data),
        "files": dict(folder.files),
    }


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {one}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
