# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From a torch network to step.onnx, proved against the network before it is written.

Two forms. Step graphs (`engine.fast`) are made for speed and know the operators of the published
networks. A masked step is torch's own export of the reference, with the whole state going in and
out; it takes every continual operator.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from co_perception.engine.backends.step_graph import StepGraphBackend
from co_perception.engine.fast.build import UnsupportedError, build_step_graphs
from co_perception.engine.fast.ort_executor import OrtExecutor, open_session
from co_perception.engine.masked_step import build_masked_step, open_masked_step
from co_perception.engine.model_folder import step_file
from co_perception.errors import ConfigError, WeightsError
from co_perception.models import ContinualModel

__all__ = ["FORMS", "PARITY_TOLERANCE", "StepExport", "export_step"]

FORMS = ("auto", "graph", "masked")
PARITY_TOLERANCE = 1e-4
"""max|difference| / max|reference| of logits, onnxruntime against torch."""
_PARITY_ROWS = 3
_UPDATED = 0.9
"""Share of the frames at which a row moves while steps are compared."""
_PARITY_SEED = 0

_log = logging.getLogger(__name__)
_Step = Callable[
    [NDArray[np.float32], NDArray[np.bool_]], tuple[NDArray[np.float32], NDArray[np.bool_]]
]


@dataclass(frozen=True)
class StepExport:
    """What was exported.

    Attributes:
        form: "graph" or "masked".
        files: What was written, the first phase first.
        difference: Largest relative difference of logits against torch.
    """

    form: str
    files: tuple[Path, ...]
    difference: float


def export_step(
    model: ContinualModel, path: Path | str, *, form: str = "auto", quick: bool = False
) -> StepExport:
    """Write a model's step as ONNX and prove that it does what the model does.

    The row axis is open and the cold start inside. The same weights and library versions give the
    same bytes. A step graph of a network with a time stride has a file per phase: step.onnx,
    step_1.onnx, ...

    Args:
        model: The network; put into eval mode.
        path: File to write, `step.onnx` in a model folder.
        form: "graph", "masked", or "auto": a graph where the network has one.
        quick: Compare the first outputs of one row only: a guard for networks whose parity is
            proved elsewhere, no proof.

    Raises:
        ConfigError: If the form is unknown, or the network has no step graph and must have one.
        DependencyError: If onnx, onnxscript or onnxruntime is not installed.
        WeightsError: If the exported step differs from the model; no file is left then.
    """
    if form not in FORMS:
        raise ConfigError(f"export_step 'form': expected one of {', '.join(FORMS)}; got {form!r}.")
    model.eval()
    form, contents = _build(model, form)
    difference = _compare(model, _open(form, contents), quick)
    if not difference <= PARITY_TOLERANCE:  # also when it is NaN
        raise WeightsError(
            f"export_step: '{model.architecture}': expected logits equal to torch's to "
            f"{PARITY_TOLERANCE:g} relative, got a difference of {difference:.3g}; nothing was "
            "saved. Are the weights finite?"
        )
    first = Path(path)
    files = (first, *(first.with_name(step_file(i)) for i in range(1, len(contents))))
    for file, content in zip(files, contents):
        file.write_bytes(content)
    return StepExport(form, files, difference)


def _build(model: ContinualModel, form: str) -> tuple[str, list[bytes]]:
    if form != "masked":
        try:
            graphs = build_step_graphs(model)
            return "graph", [graph.SerializeToString(deterministic=True) for graph in graphs]
        except UnsupportedError as error:
            if form == "graph":
                raise
            _log.info("export of %s: %s; a masked step instead", model.architecture, error)
    return "masked", [build_masked_step(model)]


def _open(form: str, contents: list[bytes]) -> _Step:
    if form == "masked":
        return open_masked_step(contents[0], _PARITY_ROWS)
    where = "export_step"
    phases = [OrtExecutor(open_session(c, threads=1, where=where), where) for c in contents]
    return StepGraphBackend("onnxruntime", phases, _PARITY_ROWS).step


def _compare(model: ContinualModel, step: _Step, quick: bool) -> float:
    """Return the largest relative difference of logits over more than the receptive field.

    Rows start and pause on their own. If `quick`, one row moves until it gave two outputs.
    """
    spec = model.spec
    rows, updated = (1, 1.0) if quick else (_PARITY_ROWS, _UPDATED)
    frames = spec.delay + (2 * spec.time_stride if quick else spec.receptive_field + 5)
    state: Any = model.init_state(rows)
    rng = np.random.default_rng(_PARITY_SEED)
    largest = difference = 0.0
    for _ in range(frames):
        frame = rng.standard_normal((rows, *spec.step_shape)).astype(np.float32)
        update = rng.random(rows) < updated
        with torch.inference_mode():
            logits, valid, state = model.forward_step(
                torch.from_numpy(frame), state, torch.from_numpy(update)
            )
        ours, our_valid = step(frame, update)
        if not np.array_equal(our_valid, valid.numpy()):
            return float("inf")
        difference = float(np.fmax(difference, _distance(ours, logits.numpy())))
        largest = max(largest, float(logits.abs().max()))
    return difference / largest if largest > 0 else float("nan")


def _distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Largest absolute difference; infinite where a number is not finite."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    return float(np.abs(a - b).max())
