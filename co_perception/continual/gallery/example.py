# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What an entry of the gallery is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from co_perception.continual.module import ContinualModule
from co_perception.continual.norm import BatchNorm

__all__ = ["IMAGE", "JOINTS", "VECTOR", "Example", "show"]

VECTOR, JOINTS, IMAGE = (4,), (4, 5), (4, 5, 6)
"""Shapes of frames without the row axis: (C,), (C, V) and (C, H, W)."""


@dataclasses.dataclass(frozen=True)
class Example:
    """An operator with options, and what it is fed.

    Attributes:
        make: Makes the module, with weights as they come.
        shape: Of a frame without the row axis.
        memory: Frames that an answer rests on; None: the receptive field.
        period: What a clip's first frame must be a multiple of.
    """

    make: Callable[[], ContinualModule]
    shape: tuple[int, ...]
    memory: int | None = None
    period: int = 1

    def create(self, seed: int = 0) -> ContinualModule:
        """Return the module in eval mode, weights and running statistics drawn by the seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = self.make()
            for part in module.modules():
                if isinstance(part, BatchNorm):
                    nn.init.uniform_(part.running_mean, -1.0, 1.0)
                    nn.init.uniform_(part.running_var, 0.5, 2.0)
        return module.eval()

    def make_clip(self, rows: int, frames: int, seed: int = 0) -> torch.Tensor:
        """Return random frames, (rows, C, frames, ...)."""
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(rows, self.shape[0], frames, *self.shape[1:], generator=generator)


def show(
    make: Callable[..., ContinualModule], *inputs: Any, shape: tuple[int, ...], **options: Any
) -> Example:
    """Return the example of a class with some of its options."""
    return Example(lambda: make(*inputs, **options), shape)
