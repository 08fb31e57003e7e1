# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Memory that is laid out for the machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["allocate_side_by_side"]

_LINE = 64  # bytes of a line of the cache


def allocate_side_by_side(sizes: Sequence[int]) -> list[NDArray[np.uint8]]:
    """Return zeros of so many bytes each, in one piece, which the system can lay in large pages.

    Each begins at a line of the cache. Zeros take no memory before they are written.
    """
    starts = np.cumsum([0, *(-(-size // _LINE) * _LINE for size in sizes)])
    memory = np.zeros(starts[-1] + _LINE, np.uint8)
    memory = memory[-memory.ctypes.data % _LINE :]
    return [memory[start : start + size] for start, size in zip(starts, sizes)]
