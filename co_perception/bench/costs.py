# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a model folder's network costs on paper: figures that no machine changes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from co_perception.engine import ModelFolder

__all__ = ["Costs", "compute_costs"]


@dataclasses.dataclass(frozen=True)
class Costs:
    """Of one stream.

    Attributes:
        name: For the table.
        parameters: Trained numbers.
        macs: Multiply-adds of a step, the mean over a stride's period.
        receptive_field: Frames.
        delay: Frames.
        state_bytes: Of the reference, fp32.
    """

    name: str
    parameters: int
    macs: float
    receptive_field: int
    delay: int
    state_bytes: int


def compute_costs(name: str, path: Path) -> Costs | None:
    """Return the costs of a folder's network; None where torch is missing, which knows them."""
    try:
        import torch

        from co_perception.models import create_model
    except ImportError:
        return None
    folder = ModelFolder.load(path)
    with torch.device("meta"):
        model = create_model(folder.architecture, **folder.arguments).eval()
        summary = model.summary()
    return Costs(
        name=name,
        parameters=summary.parameters,
        macs=summary.macs,
        receptive_field=summary.receptive_field,
        delay=summary.delay,
        state_bytes=summary.state_bytes,
    )
