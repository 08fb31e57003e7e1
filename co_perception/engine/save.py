# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Writing a model folder: whole, checked, and moved into place at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import yaml

from co_perception.engine.export import export_step
from co_perception.engine.model_folder import (
    CARD,
    FORMAT_VERSION,
    MODEL_YAML,
    STEP,
    WEIGHTS,
    ModelFolder,
    Thresholds,
    compute_sha256,
)
from co_perception.engine.model_input import ModelInput
from co_perception.errors import ConfigError, WeightsError
from co_perception.models import ContinualModel, save_weights

__all__ = ["save_model_folder"]


def save_model_folder(
    path: Path | str,
    model: ContinualModel,
    *,
    name: str,
    labels: Sequence[str],
    joint_layout: str = "",
    features: str = "",
    model_input: ModelInput | None = None,
    min_evidence: float,
    thresholds: Thresholds | Mapping[str, float],
    temperature: float,
    license: str,
    training_data: Sequence[str],
    card: str,
    expected_rate: float | None = None,
    quick: bool = False,
) -> ModelFolder:
    """Write a model folder and load it again, so that what is left is known to be good.

    Everything is written beside the target first: a folder that stands there already is replaced
    as a whole or not at all.

    Args:
        path: The folder to make; one that exists must be a model folder.
        model: The network with its weights; put into eval mode.
        name: The model's name.
        labels: Class names; the index is the class id.
        joint_layout: Name of the joint layout that the network is fed.
        features: Name of the input that `skeleton.features` makes.
        model_input: What the network is fed; None: skeletons of that layout and those features.
        min_evidence: Share of the receptive field, 0..1, that must be real for usable scores.
        thresholds: For decisions; a mapping of its fields will do.
        temperature: Logits are divided by this before the softmax, > 0.
        license: SPDX name of the weights' licence, or a sentence.
        training_data: Names of the data that the weights come from.
        card: The text of MODEL_CARD.md, Markdown.
        expected_rate: Frames per second; None: what the model says.
        quick: Prove little of the exported step, see `export_step`.

    Raises:
        ConfigError: If a value is refused by the loader.
        WeightsError: If the exported step differs from the model, or `path` is something else.
    """
    target = Path(path)
    if target.exists() and not (target / MODEL_YAML).is_file():
        raise WeightsError(
            f"save_model_folder: '{target}' exists and is no model folder; choose another path."
        )
    if model_input is None:
        model_input = ModelInput(
            kind=model.spec.input_kind,
            channels=model.spec.step_shape[0],
            joint_layout=joint_layout,
            features=features,
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        folder = Path(scratch) / target.name
        folder.mkdir()
        content = {
            "format_version": FORMAT_VERSION,
            "name": name,
            "architecture": model.architecture,
            "arguments": dict(model.arguments),
            "labels": list(labels),
            "input": model_input.to_yaml(),
            "expected_rate": model.spec.expected_rate if expected_rate is None else expected_rate,
            "receptive_field": model.spec.receptive_field,
            "delay": model.spec.delay,
            "time_stride": model.spec.time_stride,
            "min_evidence": min_evidence,
            "thresholds": _plain_thresholds(thresholds),
            "calibration": {"temperature": temperature},
            "license": license,
            "training_data": list(training_data),
        }
        save_weights(model, folder / WEIGHTS, {"name": name})
        (folder / WEIGHTS).chmod(0o644)  # safetensors writes for the owner only
        (folder / CARD).write_text(card, encoding="utf-8")
        _write_yaml(folder, content, (WEIGHTS, CARD))
        ModelFolder.load(folder)  # a wrong value is told before the slow export
        steps = [file.name for file in export_step(model, folder / STEP, quick=quick).files]
        _write_yaml(folder, content, (WEIGHTS, *steps, CARD))
        _check(folder)
        _replace(folder, target)
    return ModelFolder.load(target)


def _plain_thresholds(thresholds: Thresholds | Mapping[str, float]) -> dict[str, float]:
    given = asdict(thresholds) if isinstance(thresholds, Thresholds) else dict(thresholds)
    expected = sorted(field.name for field in fields(Thresholds))
    if sorted(given) != expected:
        raise ConfigError(
            f"save_model_folder: 'thresholds': expected {', '.join(expected)}; "
            f"got {', '.join(sorted(map(str, given)))}."
        )
    return given


def _write_yaml(folder: Path, content: dict[str, object], files: tuple[str, ...]) -> None:
    """Write model.yaml with the sha256 of these files."""
    content = {**content, "files": {file: compute_sha256(folder / file) for file in files}}
    try:
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=95)
    except yaml.YAMLError as error:  # a numpy number, say
        raise ConfigError(
            f"save_model_folder: expected plain numbers and texts; {error}"
        ) from error
    (folder / MODEL_YAML).write_text(text, encoding="utf-8")


def _check(folder: Path) -> None:
    """Load the folder and open both backends on it, as those who use it will."""
    from co_perception.engine.backends import open_backend

    loaded = ModelFolder.load(folder)
    for backend in ("onnxruntime", "torch"):
        open_backend(loaded, 1, backend=backend).close()


def _replace(folder: Path, target: Path) -> None:
    """Move the folder to its place; an older one is moved aside first and dropped at the end."""
    old = folder.with_name(f"{target.name}.old")
    if target.exists():
        os.replace(target, old)
    try:
        os.replace(folder, target)
    except OSError:
        if old.exists():
            os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)
