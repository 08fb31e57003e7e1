# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception models import`: a model folder from a published checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["import_model"]

_UNKNOWN = "unknown: ask those who made the weights"


def import_model(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Checkpoint: .pyth, .pt, .ckpt, .safetensors ..."),
    ],
    *,
    name: Annotated[str, typer.Option(help="The model's name.")],
    output: Annotated[Path, typer.Option(help="Model folder to write, such as models/NAME.")],
    model: Annotated[
        str | None,
        typer.Option(help="Network, such as cox3d_s; needed where weights fit several."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Class names: a text file, one per line, or a JSON list or mapping."),
    ] = None,
    license: Annotated[
        str, typer.Option(help="Licence of the weights, as an SPDX name or a sentence.")
    ] = _UNKNOWN,
    origin: Annotated[str, typer.Option(help="Where the file is from, for the card.")] = "",
    option: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VALUE of the network, such as window=64; repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a model folder of a checkpoint; its format, network and options are found in the file.

    Formats: SlowFast, pytorchvideo and co3d (X3D, Slow, I3D), continual-skeletons, 2s-AGCN,
    CoOadTR, and this package's own. No code of the file is run.
    """
    from dataclasses import asdict

    from co_perception.cli.console import err, out, print_json
    from co_perception.engine.labels_file import read_labels
    from co_perception.errors import DependencyError

    names = read_labels(labels) if labels is not None else None
    options = _read_options(option or [])
    try:
        from co_perception.engine.import_checkpoint import import_checkpoint
    except ImportError as error:
        raise DependencyError(
            f"models import needs torch, onnx and onnxscript ({error}); install them with: "
            "pip install 'co_perception[train]'"
        ) from error
    with err.status("Importing ...") as status:
        done = import_checkpoint(
            file,
            output,
            name=name,
            license=license,
            architecture=model,
            options=options,
            labels=names,
            origin=origin,
            progress=lambda stage: status.update(f"Importing: {stage} ..."),
        )
    folder = done.folder
    if as_json:
        facts = {"path": str(folder.path), "model_id": folder.model_id}
        print_json({**facts, "architecture": folder.architecture, "report": asdict(done.report)})
        return
    err.print(str(done.report), highlight=False, markup=False)
    summary = f"{folder.model_id}: {folder.architecture}, {len(folder.labels)} classes"
    err.print(f"{summary}, takes {folder.input}. Accuracy was not measured.", highlight=False,
              markup=False)  # fmt: skip
    if license == _UNKNOWN:
        err.print("licence: unknown. Say it with --license, or edit model.yaml.", markup=False)
    out.print(f"{folder.path}", highlight=False, soft_wrap=True)


def _read_options(given: list[str]) -> dict[str, Any]:
    """Read KEY=VALUE with values as YAML has them: numbers, texts, lists."""
    import yaml

    from co_perception.errors import ConfigError

    options: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ConfigError(f"--option: expected KEY=VALUE, got '{text}'")
        try:
            options[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(f"--option: '{text}' has a value that cannot be read") from error
    return options
