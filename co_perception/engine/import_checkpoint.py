# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From a published checkpoint to a model folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from co_perception.engine.import_card import write_import_card
from co_perception.engine.model_folder import ModelFolder, Thresholds, compute_sha256
from co_perception.engine.model_input import AS_TRAINED, ModelInput, choose_short_side
from co_perception.engine.save import save_model_folder
from co_perception.errors import ConfigError, WeightsError
from co_perception.models import ContinualModel, LoadReport, create_model, list_models
from co_perception.models.checkpoint import check_network, find_architecture, find_options
from co_perception.models.formats import recognise
from co_perception.models.matching import match_tensors
from co_perception.models.weight_files import WeightFile, read_weight_file

__all__ = ["Imported", "import_checkpoint"]

_MEAN, _STD = (0.45, 0.45, 0.45), (0.225, 0.225, 0.225)
"""Of the published video networks, per channel of RGB scaled to 0..1."""
_MIN_EVIDENCE = 0.7
"""Share of the receptive field that co3d feeds before it judges a frame."""
_THRESHOLDS = Thresholds(enter=0.5, exit=0.4, min_hold_sec=0.3)


@dataclasses.dataclass(frozen=True)
class Imported:
    """What came of an import.

    Attributes:
        folder: The model folder.
        report: What became of the checkpoint's tensors.
    """

    folder: ModelFolder
    report: LoadReport


def import_checkpoint(
    source: Path | str,
    target: Path | str,
    *,
    name: str,
    license: str,
    architecture: str | None = None,
    options: Mapping[str, Any] | None = None,
    labels: Sequence[str] | None = None,
    origin: str = "",
    quick: bool = False,
    progress: Callable[[str], None] = lambda stage: None,
) -> Imported:
    """Make a model folder of a checkpoint of any known format.

    Architecture and options are found in the file as far as it tells them.

    Args:
        source: The checkpoint; no code of it runs.
        target: The folder to make; one that exists must be a model folder.
        name: The model's name.
        license: SPDX name of the weights' licence, or a sentence.
        architecture: One of `list_models()`; None: the only continual one that fits.
        options: For `create_model`; they go before what the file tells.
        labels: Class names, in the order of the classes; None: class_000, class_001, ...
        origin: Where the file is from, for the card.
        quick: Prove little of the exported step, see `export_step`.
        progress: Told what is being done.

    Raises:
        ConfigError: If several architectures fit, or labels or options do not.
        WeightsError: If the checkpoint cannot be read or does not fit.
        DependencyError: If a library is missing.
    """
    progress("reading")
    file = read_weight_file(source)
    wanted = {**_told(file), **(options or {})}
    if architecture in list_models():
        check_network(architecture, file)
    chosen = architecture or _choose(file, wanted)
    model = create_model(chosen, **wanted)
    report = model.load_checkpoint(source)
    if len(model.spec.step_shape) > 2 and model.spec.input_kind == "skeleton":
        raise ConfigError(
            f"import: model folders are of one person each, got persons={wanted.get('persons')}; "
            "for the mean over two persons, use create_model and load_checkpoint"
        )
    names = _check_labels(labels, model.num_classes)
    progress("exporting and comparing the step")
    folder = save_model_folder(
        target,
        model,
        name=name,
        labels=names,
        model_input=_describe_input(model),
        min_evidence=_MIN_EVIDENCE,
        thresholds=_THRESHOLDS,
        temperature=1.0,
        license=license,
        training_data=[f"not known here: imported from a file of {report.format}"],
        card=write_import_card(
            name=name,
            model=model,
            report=report,
            sha256=compute_sha256(Path(source)),
            license=license,
            origin=origin,
            has_labels=labels is not None,
        ),
        quick=quick,
    )
    return Imported(folder, report)


def _told(file: WeightFile) -> dict[str, Any]:
    """Return the options that a file tells; a folder's model is of one person in any case."""
    options = dict(find_options(file))
    if options.get("persons") == 2 and recognise(file.tensors.keys()) is not None:
        options["persons"] = 1
    return options


def _choose(file: WeightFile, options: Mapping[str, Any]) -> str:
    """Return the one continual network that a file fits."""
    written = find_architecture(file)
    if written is not None:
        return written
    known = recognise(file.tensors.keys())
    if known is None:
        raise WeightsError(
            f"{file.path}: its names are of no known format, so --model is needed; models: "
            f"{', '.join(list_models())}"
        )
    models = {name: _make(name, options) for name in known.models if name.startswith("co")}
    fits = [name for name, model in models.items() if not match_tensors(model, file)[0].faults]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        name, model = next(iter(models.items()))
        faults = match_tensors(model, file)[0].list_faults()
        raise WeightsError(
            f"{file.path}: a checkpoint of {known.name}, but it fits none of {sorted(models)} "
            f"with options {dict(options)}; '{name}': {faults}"
        )
    listed = "; ".join(f"{name} ({_differs(models[name])})" for name in fits)
    raise ConfigError(
        f"{file.path}: a checkpoint of {known.name}, whose weights fit several models: {listed}. "
        "Say which one it was trained as with --model"
    )


def _make(name: str, options: Mapping[str, Any]) -> ContinualModel:
    """Return a network of shapes only."""
    with torch.device("meta"):
        return create_model(name, **options)


def _differs(model: ContinualModel) -> str:
    """Say what models of the same weights differ in."""
    spec = model.spec
    shape = " x ".join(map(str, spec.step_shape))
    return (
        f"frames {shape} at {spec.expected_rate:g} Hz, sees {spec.receptive_field}, "
        f"stride {spec.time_stride}"
    )


def _describe_input(model: ContinualModel) -> ModelInput:
    shape, kind = model.spec.step_shape, model.spec.input_kind
    if kind == "video":
        return ModelInput(
            kind,
            shape[0],
            height=shape[1],
            width=shape[2],
            short_side=choose_short_side(shape[1], shape[2]),
            mean=_MEAN,
            std=_STD,
        )
    if kind == "skeleton":
        layout = str(model.arguments["layout"])
        return ModelInput(kind, shape[0], joint_layout=layout, features=AS_TRAINED)
    return ModelInput(kind, shape[0])


def _check_labels(labels: Sequence[str] | None, classes: int) -> list[str]:
    if labels is None:
        return [f"class_{number:03d}" for number in range(classes)]
    if len(labels) != classes:
        raise ConfigError(
            f"import: expected {classes} labels, as many as the checkpoint has classes, got "
            f"{len(labels)}; give one per line, in the order of the classes"
        )
    return list(labels)
