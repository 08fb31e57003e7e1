# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Ring grids: surfaces of M rings of N points, the only primitive of the rendered person."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "along", "ring_quads", "tube_frames", "unit"]

FloatArray: TypeAlias = NDArray[np.float64]


def unit(v: FloatArray) -> FloatArray:
    """Scale vectors (..., 3) to length one."""
    return np.asarray(v / np.maximum(np.sqrt((v * v).sum(-1, keepdims=True)), 1e-12))


def ring_quads(rings: int, around: int, offset: int = 0) -> NDArray[np.int64]:
    """Return the (rings - 1) * around quads (Q, 4) that join neighbouring rings.

    Points of a ring run from the grid's first axis to its second. If first x second axis points
    along the rings, the corners run counter-clockwise seen from outside.
    """
    number: NDArray[np.int64] = np.arange((rings - 1) * around)
    ring, point = number // around, number % around
    after = (point + 1) % around
    corners = [
        ring * around + point,
        ring * around + after,
        (ring + 1) * around + after,
        (ring + 1) * around + point,
    ]
    return np.stack(corners, axis=1) + offset


def along(stations: FloatArray, points: int, rounding: float) -> FloatArray:
    """Return weights (M, points) of a line through control points, its corners rounded.

    Args:
        stations: (M,) place of each ring: 1.5 is half-way between the points 1 and 2.
        points: Number of control points.
        rounding: How far around a corner the line is averaged, in the same unit.
    """

    def straight(at: FloatArray) -> FloatArray:
        return np.asarray(np.maximum(1.0 - np.abs(at[:, None] - np.arange(points)), 0.0))

    # Ends are not averaged: the line must begin and end at its first and last point.
    reach = np.minimum(rounding, np.minimum(stations, points - 1.0 - stations)).clip(0.0)
    spread = [-1.0, -0.5, 0.0, 0.5, 1.0]
    weights = sum(
        share * straight(stations + step * reach)
        for step, share in zip(spread, (0.15, 0.22, 0.26, 0.22, 0.15), strict=True)
    )
    return np.asarray(weights)


def tube_frames(centres: FloatArray, first: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Carry a cross-section along lines without twisting it.

    Args:
        centres: (L, M, 3) centre lines of L tubes.
        first: (L, 3) wished first axis of the first ring.

    Returns:
        First and second axes of all rings, each (L, M, 3); first x second points along the line.

    Source: parallel transport by projection; enough for lines of gentle bends.
    """
    tangents = np.empty_like(centres)
    tangents[:, 1:-1] = centres[:, 2:] - centres[:, :-2]
    tangents[:, 0] = centres[:, 1] - centres[:, 0]
    tangents[:, -1] = centres[:, -1] - centres[:, -2]
    tangents = unit(tangents)
    axes = np.empty_like(centres)
    axis = first
    for m in range(centres.shape[1]):
        tangent = tangents[:, m]
        axis = axis - (axis * tangent).sum(-1, keepdims=True) * tangent
        axis = axis / np.sqrt((axis * axis).sum(-1, keepdims=True))
        axes[:, m] = axis
    return axes, np.cross(tangents, axes)
