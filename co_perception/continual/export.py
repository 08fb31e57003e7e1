# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A step with flat inputs and outputs, as torch.export, ONNX and other runtimes want it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from co_perception.continual.frames import frames_in
from co_perception.continual.state import StreamState, flatten_state, unflatten_state
from co_perception.errors import DependencyError

__all__ = ["FlatStep", "Steppable", "to_onnx"]

_EXAMPLE_ROWS = 2  # torch.export takes a row axis of 1 for a constant
_NOISY = "torch.onnx._internal.exporter._registration"
"""Logs a warning for every operator of torchvision when that is not installed."""


class Steppable(Protocol):
    """What has the step of the contract: continual modules and models."""

    def forward_step(
        self,
        frame: Tensor,
        state: StreamState,
        update: Tensor | None = None,
        *,
        phase: int | None = None,
    ) -> tuple[Tensor, Tensor, StreamState]:
        """Advance every stream by one frame."""
        ...


class FlatStep(nn.Module):
    """A step as a function of tensors: (frame, update, *state) -> (output, valid, *next state).

    The cold start is inside: zeros as state are a stream's beginning. A network that ends in
    several streams has several outputs.

    Args:
        module: The module that steps, a torch module.
        template: Any of its states; gives names, shapes and order.
        phase: Of a network with a temporal stride: the step of this phase alone, for rows in
            lockstep. All phases share one state. None: one step for all phases, masked.
    """

    def __init__(
        self, module: Steppable, template: StreamState, *, phase: int | None = None
    ) -> None:
        super().__init__()
        self.module = module
        self.template = template
        self.phase = phase
        self.state_names = [name for name, _ in flatten_state(template)]
        self.training = getattr(module, "training", False)

    def forward(self, frame: Tensor, update: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Advance by one frame: (B, C, ...), (B,) bool, and the tensors of `flatten_state`."""
        state = unflatten_state(self.template, tensors)
        y, valid, state = self.module.forward_step(frame, state, update, phase=self.phase)
        return (*frames_in(y), valid, *(leaf for _, leaf in flatten_state(state)))

    def export(self, frame: Tensor) -> torch.export.ExportedProgram:
        """Return the step as a graph of torch operations, the number of rows open.

        Args:
            frame: Of any number of rows, (B, C, ...): an example for shape and dtype.
        """
        rows = frame.new_zeros((_EXAMPLE_ROWS, *frame.shape[1:]))
        with _quiet(), torch.no_grad():
            return torch.export.export(
                self, self.example_inputs(rows), dynamic_shapes=self.dynamic_shapes()
            )

    def example_inputs(self, frame: Tensor) -> tuple[Tensor, ...]:
        """Return inputs of a cold state for a frame (B, C, ...)."""
        rows = frame.shape[0]
        leaves = (leaf for _, leaf in flatten_state(self.template))
        cold = (leaf.new_zeros((rows, *leaf.shape[1:])) for leaf in leaves)
        return (frame, torch.ones(rows, dtype=torch.bool, device=frame.device), *cold)

    def dynamic_shapes(self) -> tuple[Any, ...]:
        """Return the argument of torch.export that leaves the number of rows open."""
        batch = torch.export.Dim("batch", min=1)
        return ({0: batch}, {0: batch}, tuple({0: batch} for _ in self.state_names))

    def input_names(self) -> list[str]:
        """Return names for the inputs: frame, update, state_<name>..."""
        return ["frame", "update", *(f"state_{name}" for name in self.state_names)]

    def output_names(self, output: str = "output", streams: int = 1) -> list[str]:
        """Return names for the outputs: the given one, valid, next_<name>...

        Of several streams the outputs are <output>_0, <output>_1...
        """
        outputs = [output] if streams == 1 else [f"{output}_{i}" for i in range(streams)]
        return [*outputs, "valid", *(f"next_{name}" for name in self.state_names)]


def to_onnx(
    module: Steppable,
    frame: Tensor,
    state: StreamState,
    *,
    phase: int | None = None,
    output: str = "output",
) -> bytes:
    """Return a step as an ONNX file's content.

        Path("step.onnx").write_bytes(co.to_onnx(network, frame, network.init_state(frame)))

    Inputs: frame, update, state_<name>...; outputs: the output, valid, next_<name>.... The number
    of rows is open, and zeros as state are a stream's beginning. The same weights and library
    versions give the same bytes, which name no file of the machine.

    Args:
        module: Module or model in eval mode.
        frame: (B, C, ...): an example for shape and dtype.
        state: Any of the module's states.
        phase: Of a network with a temporal stride: the graph of this phase alone, for rows in
            lockstep. Graphs of all phases share one state. None: one graph that masks.
        output: Name of the output.

    Raises:
        DependencyError: If onnx or onnxscript is not installed.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  torch's exporter needs it, and says so less clearly
    except ImportError as error:
        raise DependencyError(
            f"Exporting a step needs onnx and onnxscript ({error}); install them with: "
            "pip install onnx onnxscript onnxruntime"
        ) from error
    flat = FlatStep(module, state, phase=phase)
    exported = flat.export(frame)
    streams = len(exported.graph_signature.user_outputs) - 1 - len(flat.state_names)
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            exported,
            dynamo=True,
            input_names=flat.input_names(),
            output_names=flat.output_names(output, streams),
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    _strip(proto)
    onnx.checker.check_model(proto, full_check=True)
    return bytes(proto.SerializeToString(deterministic=True))


def _strip(proto: Any) -> None:
    """Drop what the exporter writes of the source code: file names, stack traces, inner shapes."""
    graph = proto.graph
    holders = [proto, graph, *graph.node, *graph.input, *graph.output, *graph.initializer]
    for holder in (*holders, *(node for f in proto.functions for node in f.node)):
        del holder.metadata_props[:]
        holder.doc_string = ""
    del graph.value_info[:]


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide deprecations inside torch and onnxscript, and missing torchvision: not ours."""
    logger = logging.getLogger(_NOISY)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
