# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From a torch network to step.onnx: one step as a function of frame, update mask and state."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from co_perception import continual as co
from co_perception.errors import DependencyError, WeightsError
from co_perception.models import ContinualModel

__all__ = ["PARITY_TOLERANCE", "export_step"]

PARITY_TOLERANCE = 1e-4
"""max|difference| / max|reference| of logits, onnxruntime against torch."""
_EXAMPLE_ROWS = 2  # a row axis of 1 would be taken for a constant
_PARITY_ROWS = 3
_PARITY_SEED = 0
_NOISY = "torch.onnx._internal.exporter._registration"
"""Logs a warning for every operator of torchvision when that is not installed."""


def export_step(model: ContinualModel, path: Path | str) -> float:
    """Write a model's step as ONNX and prove that it does what the model does.

    Inputs: frame (B, C, V) float32, update (B,) bool, state_<name> (B, ...). Outputs: logits
    (B, K), valid (B,), next_<name> (B, ...). B is open. The cold start is inside: zeros as state
    are a stream's beginning. The same weights and library versions give the same bytes.

    Args:
        model: The network; put into eval mode.
        path: File to write.

    Returns:
        The largest relative difference of logits against torch, from the first frame to beyond the
        receptive field, with rows that start and pause on their own.

    Raises:
        DependencyError: If onnx, onnxscript or onnxruntime is not installed.
        WeightsError: If the exported step differs from the model; no file is left then.
    """
    target = Path(path)
    model.eval()
    content = _export_bytes(model)
    difference = _compare(model, content)
    if not difference <= PARITY_TOLERANCE:  # also when it is NaN
        raise WeightsError(
            f"export_step: '{model.architecture}': expected logits equal to torch's to "
            f"{PARITY_TOLERANCE:g} relative, got a difference of {difference:.3g}; nothing was "
            "saved. Are the weights finite?"
        )
    target.write_bytes(content)
    return difference


def _export_bytes(model: ContinualModel) -> bytes:
    try:
        import onnx
        import onnxscript  # noqa: F401  torch's exporter needs it, and says so less clearly
    except ImportError as error:
        raise DependencyError(
            f"Exporting a step needs onnx and onnxscript ({error}); install them with: "
            "pip install onnx onnxscript onnxruntime"
        ) from error
    flat = co.FlatStep(model, model.init_state(_EXAMPLE_ROWS)).eval()
    example = flat.example_inputs(torch.zeros(_EXAMPLE_ROWS, *model.spec.step_shape))
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # deprecations inside torch and onnxscript: not ours
        logging.getLogger(_NOISY).setLevel(logging.ERROR)
        program = torch.onnx.export(
            flat,
            example,
            dynamo=True,
            dynamic_shapes=flat.dynamic_shapes(),
            input_names=flat.input_names(),
            output_names=flat.output_names("logits"),
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    _strip(proto)
    onnx.checker.check_model(proto, full_check=True)
    return bytes(proto.SerializeToString(deterministic=True))


def _strip(proto: object) -> None:
    """Drop what the exporter writes of the source code: file names, stack traces, inner shapes."""
    graph = proto.graph  # type: ignore[attr-defined]
    holders = [proto, graph, *graph.node, *graph.input, *graph.output, *graph.initializer]
    for holder in (*holders, *(node for f in proto.functions for node in f.node)):  # type: ignore[attr-defined]
        del holder.metadata_props[:]
        holder.doc_string = ""
    del graph.value_info[:]


def _compare(model: ContinualModel, content: bytes) -> float:
    """Return the largest relative difference of logits over more than the receptive field."""
    try:
        import onnxruntime
    except ImportError as error:
        raise DependencyError(
            "Exporting a step needs onnxruntime to prove it; install it with: "
            "pip install onnxruntime"
        ) from error
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    states = {
        arg.name: np.zeros((_PARITY_ROWS, *arg.shape[1:]), _dtype(arg.type))
        for arg in session.get_inputs()
        if arg.name.startswith("state_")
    }
    names = [arg.name for arg in session.get_outputs()]
    state = model.init_state(_PARITY_ROWS)
    rng = np.random.default_rng(_PARITY_SEED)
    largest = difference = 0.0
    for _ in range(model.spec.receptive_field + model.spec.delay + 5):
        frame = rng.standard_normal((_PARITY_ROWS, *model.spec.step_shape)).astype(np.float32)
        update = rng.random(_PARITY_ROWS) < 0.9
        with torch.inference_mode():
            logits, valid, state = model.forward_step(
                torch.from_numpy(frame), state, torch.from_numpy(update)
            )
        values = session.run(names, {"frame": frame, "update": update, **states})
        outputs = dict(zip(names, values))
        if not np.array_equal(outputs["valid"], valid.numpy()):
            return float("inf")
        states = {
            f"state_{name[5:]}": v for name, v in outputs.items() if name.startswith("next_")
        }
        difference = float(np.fmax(difference, _distance(outputs["logits"], logits.numpy())))
        largest = max(largest, float(logits.abs().max()))
    return difference / largest if largest > 0 else float("nan")


def _dtype(onnx_type: str) -> type[np.generic]:
    return np.float32 if onnx_type == "tensor(float)" else np.int64


def _distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Largest absolute difference; infinite where a number is not finite."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    return float(np.abs(a - b).max())
