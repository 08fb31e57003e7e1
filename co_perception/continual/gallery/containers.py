# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Examples of modules made of others."""

from __future__ import annotations

from torch import Tensor

from co_perception import continual as co
from co_perception.continual.gallery.example import VECTOR, Example

__all__ = ["CONTAINERS"]


def _sequential() -> co.ContinualModule:
    return co.Sequential(
        co.Conv1d(4, 6, 3, padding=1),
        co.BatchNorm(6),
        co.ReLU(),
        co.Conv1d(6, 3, 3, stride=2, padding=1),
        co.AvgPool1d(4, padding="causal", count_include_pad=False),
    )


def _branches() -> tuple[co.ContinualModule, ...]:
    return co.Conv1d(4, 3, 5, padding=2), co.Conv1d(4, 3, 1)


def _parallel() -> co.ContinualModule:
    swap = co.ParallelDispatch([1, 0])
    return co.Sequential(co.Broadcast(2), co.Parallel(*_branches()), swap, co.Reduce("concat"))


def _is_bright(frame: Tensor) -> Tensor:
    return frame[:, 0] > 0


CONTAINERS: dict[str, Example] = {
    "sequential": Example(_sequential, VECTOR),
    "residual": Example(lambda: co.Residual(co.Conv1d(4, 4, 5), shrink="centred"), VECTOR),
    "broadcast_reduce": Example(lambda: co.BroadcastReduce(*_branches(), reduce="concat"), VECTOR),
    "parallel": Example(_parallel, VECTOR),
    "conditional": Example(lambda: co.Conditional(_is_bright, *_branches()), VECTOR),
    "constant": Example(
        lambda: co.BroadcastReduce(co.Identity(), co.Constant(0.5), reduce="mul"), VECTOR
    ),
}
"""Examples by name."""
