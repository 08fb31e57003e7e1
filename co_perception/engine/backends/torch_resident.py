# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A network's step in torch on tensors that stay where they are; on CUDA as a captured graph."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from co_perception import continual as co

if TYPE_CHECKING:
    from co_perception.models import ContinualModel

__all__ = ["ResidentStep"]

_log = logging.getLogger(__name__)
_WARM_UPS = 3  # libraries choose kernels and allocate during the first runs, outside the capture


class ResidentStep:
    """Steps all rows of a state in place.

    A CUDA graph replays kernels at fixed addresses without Python and without launching them one
    by one, so frames, flags, state and outputs are tensors that are written in place.

    Args:
        network: In eval mode, on its device, in the precision to compute in.
        rows: Rows of the state.
        step_shape: Of a frame.

    Attributes:
        frames: (rows, *step_shape): written before `run`.
        update: (rows,) bool: written before `run`.
        state: The network's state; its tensors stay the same objects.
        logits: (rows, K), after `run`.
        valid: (rows,) bool, after `run`.
    """

    def __init__(self, network: ContinualModel, rows: int, step_shape: tuple[int, ...]) -> None:
        weight = next(network.parameters())
        self._network, device = network, weight.device
        self.frames = torch.zeros((rows, *step_shape), device=device, dtype=weight.dtype)
        self.update = torch.zeros(rows, dtype=torch.bool, device=device)
        self.state = network.init_state(batch_size=rows)
        with torch.inference_mode():
            logits, valid, _ = self._forward()
        self.logits, self.valid = torch.empty_like(logits), torch.empty_like(valid)
        self.run: Callable[[], None] = self._advance
        if device.type == "cuda":
            self.run = self._capture() or self._advance

    def _forward(self) -> tuple[torch.Tensor, torch.Tensor, co.StreamState]:
        # TensorFloat-32, cuDNN's default, keeps 10 bits: too few to be called fp32.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            return self._network.forward_step(self.frames, self.state, self.update)

    def _advance(self) -> None:
        """Step; nothing is written before everything is computed."""
        with torch.inference_mode():
            logits, valid, state = self._forward()
            self.logits.copy_(logits)
            self.valid.copy_(valid)
            for (_, own), (_, new) in zip(co.flatten_state(self.state), co.flatten_state(state)):
                own.copy_(new)

    def _capture(self) -> Callable[[], None] | None:
        """Return what replays the step; None, with a warning, if it cannot be captured."""
        self.update.zero_()  # so that these runs leave the state as it is
        try:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(_WARM_UPS):
                    self._advance()
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._advance()
        except RuntimeError as error:
            _log.warning("the step runs without a CUDA graph, slower: %s", error)
            return None
        replay: Callable[[], None] = graph.replay
        return replay
