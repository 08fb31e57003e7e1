# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""bfloat16 in numpy, which has no such type: the upper half of a float32, kept as uint16."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["from_bfloat16", "to_bfloat16"]

_NAN = np.uint16(0x7FC0)


def to_bfloat16(numbers: ArrayLike) -> NDArray[np.uint16]:
    """Round numbers to the nearest bfloat16, of two equally near ones to the even one.

    What is larger than any bfloat16 becomes infinite; infinities and NaN stay.
    """
    single = np.asarray(numbers, np.float32)
    bits = single.view(np.uint32)
    last = (bits >> np.uint32(16)) & np.uint32(1)
    with np.errstate(over="ignore"):  # the bits of a NaN may wrap, and are not used
        rounded = ((bits + np.uint32(0x7FFF) + last) >> np.uint32(16)).astype(np.uint16)
    return np.where(np.isnan(single), _NAN, rounded)


def from_bfloat16(kept: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return what `to_bfloat16` gave as float32, exactly."""
    return (kept.astype(np.uint32) << np.uint32(16)).view(np.float32)
