# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The model card of an imported checkpoint: what is known of it, and what is not."""

from __future__ import annotations

from pathlib import Path

from co_perception.models import ContinualModel, LoadReport
from co_perception.models.published import find_published

__all__ = ["write_import_card"]

_CARD = """# {name}

A `{architecture}` with weights from a published checkpoint, imported by
`co-perception models import`.

## Origin

* file: `{file}`, {format}
* sha256 of the file: `{sha256}`
* from: {origin}
* licence of the weights: {license}

The code of this package is Apache-2.0; that says nothing about these weights. Check their licence,
and that of the data they were trained on, before you use or hand them on.

## What became of the tensors

{report}

## Figures

**Accuracy was not measured here.** Classes, thresholds and probabilities are as the checkpoint has
them: nothing was calibrated, and `thresholds` and `min_evidence` in model.yaml are plain defaults.
{published}
The exported step equals the network in torch to 1e-4 relative, from the first frame to beyond its
receptive field: that was checked when this folder was written.

## Input

{input}

Frames per second: {rate:g}. {labels}
"""
_INPUTS = {
    "video": "RGB images of any size. The recogniser scales their short side to `short_side` of "
    "model.yaml, cuts a frame (3, {0[1]}, {0[2]}) out of the middle, scales it to 0..1, takes off "
    "`mean` and divides by `std`: what the published networks of this kind were trained on.",
    "skeleton": "Joints ({0[0]} channels, {0[1]} joints) of layout `{1}`, prepared as the "
    "training did it: this package does not make that input, and its recogniser does not feed it. "
    "Published scores are means over two persons; those of one person are other scores.",
    "features": "Feature vectors of {0[0]} numbers, from the network that made those of training.",
}


def write_import_card(
    *,
    name: str,
    model: ContinualModel,
    report: LoadReport,
    sha256: str,
    license: str,
    origin: str,
    has_labels: bool,
) -> str:
    """Write MODEL_CARD.md.

    Args:
        name: Of the model.
        model: With its weights.
        report: Of the load.
        sha256: Of the checkpoint.
        license: Of the weights.
        origin: Where the checkpoint is from; "" if nobody said.
        has_labels: Whether class names were given.
    """
    spec = model.spec
    lines = str(report).replace(report.path, Path(report.path).name).splitlines()
    layout = model.arguments.get("layout", "")
    return _CARD.format(
        name=name,
        architecture=model.architecture,
        file=Path(report.path).name,
        format=report.format,
        sha256=sha256,
        origin=origin or "not said",
        license=license,
        report="\n".join(f"* {line}" for line in lines),
        published=_published(model),
        input=_INPUTS[spec.input_kind].format(spec.step_shape, layout),
        rate=spec.expected_rate,
        labels="" if has_labels else "Class names were not given: they are numbers.",
    )


def _published(model: ContinualModel) -> str:
    found = find_published(model.architecture, int(model.arguments.get("window", 0)))
    if found is None or not found.step_accuracy:
        return ""
    return (
        f"\nIts authors published {found.step_accuracy} ({found.metric}) for the continual "
        "network of this name and window. Whether these are the weights of that figure cannot be "
        "told from the file.\n"
    )
