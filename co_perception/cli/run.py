# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception run`: the whole pipeline on one source, without ROS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["run"]


def run(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="demo, a device (0, /dev/video0), a video, a folder of images, rtsp://, http://,"
            " or 'gst:<pipeline>'.",
        ),
    ] = "demo",
    model: Annotated[
        str | None, typer.Option(help="Model folder: a path, or the name of an installed one.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the annotated video (.mp4).")
    ] = None,
    timeline: Annotated[
        Path | None, typer.Option(help="Write a picture of answers over time (.png).")
    ] = None,
    jsonl: Annotated[
        str | None,
        typer.Option(help="Write one JSON line per image, fields of ActivityArray; '-': stdout."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, help="Stop after this much image time.")
    ] = None,
    realtime: Annotated[
        bool | None,
        typer.Option(
            "--realtime/--fast",
            help="Recordings and demo: at their own pace, dropping late images, or every image"
            " as fast as possible (default).",
        ),
    ] = None,
    max_people: Annotated[int | None, typer.Option(help="People looked for in an image.")] = None,
    min_confidence: Annotated[float | None, typer.Option(help="Of a pose, 0 to 1.")] = None,
    pose_rate: Annotated[
        float | None, typer.Option(help="Images looked at per second; 0: every one (default).")
    ] = None,
    smooth: Annotated[
        bool | None, typer.Option("--smooth/--no-smooth", help="Smooth joints over time.")
    ] = None,
    width: Annotated[int | None, typer.Option(help="Pixels; devices, GStreamer, demo.")] = None,
    height: Annotated[int | None, typer.Option(help="Pixels; devices, GStreamer, demo.")] = None,
    rate: Annotated[float | None, typer.Option(help="Hz; devices, image folders, demo.")] = None,
    rotate: Annotated[int | None, typer.Option(help="Clockwise: 0, 90, 180 or 270.")] = None,
    loop: Annotated[bool | None, typer.Option("--loop", help="Start over at the end.")] = None,
    persons: Annotated[int | None, typer.Option(help="People that the demo renders.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the demo.")] = None,
    backend: Annotated[
        str | None, typer.Option(help="auto, native, onnxruntime, openvino or torch.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Where the network runs: cpu, cuda or tensorrt.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="What it computes in: fp32, bf16 or fp16.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML file of parameters; flags win over it.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any other parameter; repeat as needed."),
    ] = None,
) -> None:
    """Say what people in SOURCE are doing: live on the screen, as video, picture or JSON lines.

    With a model of whole images (CoX3D and its like) no poses are looked for; the one answer is
    that of the "scene".

    Ctrl-C ends a run in order: files are finished and the summary is printed.
    """
    # Heavy imports wait until here: --help must be fast.
    from co_perception.cli.run_loop import Outputs, run_pipeline
    from co_perception.pipeline_config import PipelineConfig

    flags = {
        "camera": source, "model": model, "max_people": max_people, "width": width,
        "min_confidence": min_confidence, "smooth": smooth, "height": height, "rate": rate,
        "pose_rate": pose_rate, "rotate": rotate, "loop": loop, "persons": persons, "seed": seed,
        "backend": backend, "device": device, "precision": precision, "real_time": realtime,
    }  # fmt: skip
    overrides = {key: value for key, value in flags.items() if value is not None}
    overrides.update(parse_settings(set_ or []))
    from_file = PipelineConfig.from_yaml(config).to_flat() if config is not None else {}
    values = {**from_file, **overrides}
    values.setdefault("real_time", _is_live(source))
    run_pipeline(
        PipelineConfig.from_flat(values, where="Command line"),
        Outputs(video=output, timeline=timeline, jsonl=jsonl),
        seconds=seconds,
        as_json=as_json,
    )


def parse_settings(settings: list[str]) -> dict[str, Any]:
    """Read KEY=VALUE pairs; values as YAML has them.

    Raises:
        ConfigError: If one has no '='.
    """
    import yaml

    from co_perception.errors import ConfigError

    values = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set: expected KEY=VALUE, got '{setting}'.")
        values[key.strip()] = yaml.safe_load(value)
    return values


def _is_live(source: str) -> bool:
    """Images of a live source that come too late are dropped; recordings are read completely."""
    from co_perception.camera import SourceKind, source_kind

    return source_kind(source) in (SourceKind.DEVICE, SourceKind.URL, SourceKind.GSTREAMER)
