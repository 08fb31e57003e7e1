# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Skeletons as graphs: what the skeleton models need to know of a joint layout."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from co_perception.errors import ConfigError

__all__ = ["SkeletonGraph", "find_skeleton_graph"]


@dataclasses.dataclass(frozen=True)
class SkeletonGraph:
    """Joints and bones of a layout.

    Attributes:
        layout: Name of the joint layout.
        num_joints: V.
        edges: (joint, neighbour nearer to the hips); pairs at one height stand in both directions.
    """

    layout: str
    num_joints: int
    edges: tuple[tuple[int, int], ...]


# 0 nose, 1 2 shoulders, 3 4 elbows, 5 6 wrists, 7 8 hips, 9 10 knees, 11 12 ankles; left first
_COMMON13 = SkeletonGraph(
    "common13",
    13,
    (
        (0, 1),
        (0, 2),
        (1, 2),
        (2, 1),
        (3, 1),
        (4, 2),
        (5, 3),
        (6, 4),
        (1, 7),
        (2, 8),
        (7, 8),
        (8, 7),
        (9, 7),
        (10, 8),
        (11, 9),
        (12, 10),
    ),
)
_GRAPHS = {graph.layout: graph for graph in (_COMMON13,)}


def find_skeleton_graph(
    layout: str, edges: Sequence[Sequence[int]] | None = None, num_joints: int | None = None
) -> SkeletonGraph:
    """Return the graph of a layout: from the table here, or of edges given by the caller.

    Args:
        layout: Name of the joint layout.
        edges: (joint, neighbour nearer to the hips) pairs; needed for layouts not in the table.
        num_joints: V, where edges are given; None: one more than the highest joint in the edges.
    Raises:
        ConfigError: If the layout is unknown and no edges are given, or edges are no pairs.
    """
    if edges is None:
        if layout not in _GRAPHS:
            raise ConfigError(
                f"joint layout {layout!r}: no graph known; known layouts: {sorted(_GRAPHS)}. Give "
                "edges= (pairs of a joint and its neighbour nearer to the hips) for another one"
            )
        return _GRAPHS[layout]
    if not edges or any(len(edge) != 2 for edge in edges):
        raise ConfigError(f"joint layout {layout!r}: edges must be pairs of joints, got {edges!r}")
    pairs = tuple((int(a), int(b)) for a, b in edges)
    return SkeletonGraph(layout, num_joints or 1 + max(map(max, pairs)), pairs)
