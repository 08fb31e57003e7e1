# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A step with flat inputs and outputs, as torch.export, ONNX and other runtimes want it."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from co_perception.continual.state import StreamState, flatten_state, unflatten_state

__all__ = ["FlatStep", "Steppable"]


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

    The cold start is inside: zeros as state are a stream's beginning.

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

    def forward(self, frame: Tensor, update: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Advance by one frame: (B, C, ...), (B,) bool, and the tensors of `flatten_state`."""
        state = unflatten_state(self.template, tensors)
        y, valid, state = self.module.forward_step(frame, state, update, phase=self.phase)
        return (y, valid, *(leaf for _, leaf in flatten_state(state)))

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

    def output_names(self, output: str = "output") -> list[str]:
        """Return names for the outputs: the given one, valid, next_<name>..."""
        return [output, "valid", *(f"next_{name}" for name in self.state_names)]
