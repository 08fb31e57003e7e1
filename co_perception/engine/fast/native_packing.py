# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Weights as the native kernels read them (native/numbers.h)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.fast.bfloat16 import to_bfloat16

__all__ = ["CHANNEL_BLOCK", "Packing", "pad_channels"]

CHANNEL_BLOCK = 8
"""Channels are padded to a multiple of this."""


def pad_channels(channels: int) -> int:
    """Return the channels stored for so many: whole blocks."""
    return -(-channels // CHANNEL_BLOCK) * CHANNEL_BLOCK


class Packing:
    """How kernels of one precision read weights and biases.

    Args:
        precision: "fp32" or "bf16".
        lanes: Channels per vector.
    """

    def __init__(self, precision: str, lanes: int) -> None:
        self.is_bfloat16, self._lanes = precision == "bf16", lanes
        self._group = 2 if self.is_bfloat16 else 1

    def matrix(
        self, weights: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float32] | NDArray[np.uint16]:
        """Return weights (outputs, ...), one after the other, as one matrix.

        That is (outputs / lanes, inputs / group, lanes, group), outputs padded. The taps of a row
        of a kernel are whole groups.
        """
        rows = np.concatenate([self._to_groups(weight) for weight in weights], axis=1)
        full = _pad(np.pad(rows, ((0, 0), (0, -rows.shape[1] % self._group))))
        parts = full.reshape(len(full) // self._lanes, self._lanes, -1, self._group)
        packed = parts.transpose(0, 2, 1, 3)
        return to_bfloat16(packed) if self.is_bfloat16 else packed

    def _to_groups(self, weight: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a weight as (outputs, inputs), the rows of a kernel in whole groups."""
        has_taps = weight.ndim == 4 and weight.shape[-1] > 1
        missing = -weight.shape[-1] % self._group if has_taps else 0
        full = np.pad(weight, (*((0, 0),) * (weight.ndim - 1), (0, missing)))
        return full.reshape(len(weight), -1)

    def taps(self, weight: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return channel-wise taps (C, 1, H, W) as (H, W, C), channels in their order."""
        return self.per_channel(weight[:, 0]).transpose(1, 2, 0)

    def per_channel(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return numbers per channel, padded, in the order that channels have in registers.

        A bfloat16 image is read two vectors at a time: the even channels, then the odd ones.
        """
        full = _pad(array)
        if not self.is_bfloat16:
            return full
        numbers = np.arange(len(full))
        whole = len(full) - len(full) % (2 * self._lanes)
        pairs = numbers[:whole].reshape(-1, self._lanes, 2)
        order = np.concatenate([pairs.transpose(0, 2, 1).reshape(-1), numbers[whole:]])
        return full[order]

    def vector(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a vector, padded."""
        return _pad(array)


def _pad(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an array with its first axis, of channels, padded with zeros to whole blocks."""
    missing = pad_channels(len(array)) - len(array)
    return np.pad(array, ((0, missing), *((0, 0),) * (array.ndim - 1)))
