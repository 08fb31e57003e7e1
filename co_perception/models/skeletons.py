# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Skeletons as graphs: what the skeleton models need to know of a joint layout.

The joints are those of `co_perception.skeleton`, which models do not import. So are the edges,
except that `ntu25` and `openpose18` are the graphs that the published networks were trained on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from co_perception.errors import ConfigError

__all__ = ["SkeletonGraph", "find_skeleton_graph", "list_skeleton_graphs"]

Edges = tuple[tuple[int, int], ...]


@dataclasses.dataclass(frozen=True)
class SkeletonGraph:
    """Joints and bones of a layout.

    Attributes:
        layout: Name of the joint layout.
        num_joints: V.
        edges: (joint, neighbour nearer to the hips); pairs at one height stand in both directions.
        bones: (joint, parent) where they are others than the edges; None: a joint's last edge is
            its bone.
    """

    layout: str
    num_joints: int
    edges: Edges
    bones: Edges | None = None

    @property
    def parents(self) -> tuple[int, ...]:
        """For each joint the one at the other end of its bone; itself where there is none."""
        parents = list(range(self.num_joints))
        for joint, parent in self.edges if self.bones is None else self.bones:
            parents[joint] = parent
        return tuple(parents)


def _chains(*chains: tuple[int, ...]) -> Edges:
    """Return the edges of chains of joints that are listed from the end to the centre."""
    return tuple(edge for chain in chains for edge in zip(chain, chain[1:]))


def _both(a: int, b: int) -> Edges:
    return ((a, b), (b, a))


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
# 0 nose, 1 2 eyes, 3 4 ears, then as common13 from 5 on
_COCO17 = SkeletonGraph(
    "coco17",
    17,
    (
        *_chains((3, 1, 0), (4, 2, 0), (0, 5), (0, 6)),
        *_both(5, 6),
        *_both(11, 12),
        *_chains((9, 7, 5, 11), (10, 8, 6, 12), (15, 13, 11), (16, 14, 12)),
    ),
)
# 1-3 and 4-6 eyes, 7 8 ears, 9 10 mouth, 11 12 shoulders, 13 14 elbows, 15 16 wrists, 17-22
# fingers, 23 24 hips, 25 26 knees, 27 28 ankles, 29 30 heels, 31 32 feet; left first
_MEDIAPIPE33 = SkeletonGraph(
    "mediapipe33",
    33,
    (
        *_chains((7, 2, 0), (8, 5, 0)),
        *_both(9, 10),
        *_both(11, 12),
        *_both(23, 24),
        *_chains((15, 13, 11, 23), (17, 15), (19, 15), (21, 15)),
        *_chains((16, 14, 12, 24), (18, 16), (20, 16), (22, 16)),
        *_chains((31, 29, 27, 25, 23), (32, 30, 28, 26, 24)),
    ),
)
# 0 nose, 1 neck, 2-4 right arm, 5-7 left arm, 8-10 right leg, 11-13 left leg, then eyes and ears
_OPENPOSE_LIMBS = _chains((4, 3, 2, 1), (7, 6, 5, 1), (10, 9, 8), (13, 12, 11))
# The published graph hangs the hips on the shoulders, and takes bones with the nose as root.
_OPENPOSE18 = SkeletonGraph(
    "openpose18",
    18,
    (*_OPENPOSE_LIMBS, (8, 2), (11, 5), (0, 1), *_chains((16, 14, 0), (17, 15, 0))),
    bones=(*_OPENPOSE_LIMBS, (8, 2), (11, 5), (1, 0), *_chains((16, 14, 0), (17, 15, 0))),
)
_HRI18 = SkeletonGraph(
    "hri18",
    18,
    (*_OPENPOSE_LIMBS, (8, 1), (11, 1), (0, 1), *_chains((16, 14, 0), (17, 15, 0))),
)
# 0 pelvis, 1 spine, 2 neck, 3 head, 4-7 left arm, 8-11 right arm, 12-15 left leg, 16-19 right leg,
# 20 between the shoulders, 21 22 tip and thumb of the left hand, 23 24 of the right one
# The published graph hangs the tips of the hands on the thumbs.
_NTU25 = SkeletonGraph(
    "ntu25",
    25,
    (
        *_chains((0, 1, 20), (3, 2, 20)),
        *_chains((21, 22, 7, 6, 5, 4, 20), (23, 24, 11, 10, 9, 8, 20)),
        *_chains((15, 14, 13, 12, 0), (19, 18, 17, 16, 0)),
    ),
)
# 0 pelvis, 1 spine, 2 between the shoulders, 3 head, then the limbs as ntu25
_KINECT20 = SkeletonGraph(
    "kinect20",
    20,
    (
        *_chains((3, 2, 1, 0)),
        *_chains((7, 6, 5, 4, 2), (11, 10, 9, 8, 2)),
        *_chains((15, 14, 13, 12, 0), (19, 18, 17, 16, 0)),
    ),
)
# 0 neck, 1 belly, 2 face, 3 4 shoulders, 5 6 hips, 7 8 elbows, 9 10 knees, 11 12 wrists,
# 13 14 ankles; right first
_JHMDB15 = SkeletonGraph(
    "jhmdb15",
    15,
    (
        *_chains((2, 0, 1), (11, 7, 3, 0), (12, 8, 4, 0)),
        *_chains((13, 9, 5, 1), (14, 10, 6, 1)),
    ),
)
_GRAPHS = {
    graph.layout: graph
    for graph in (
        _COCO17,
        _COMMON13,
        _HRI18,
        _JHMDB15,
        _KINECT20,
        _MEDIAPIPE33,
        _NTU25,
        _OPENPOSE18,
    )
}


def list_skeleton_graphs() -> list[str]:
    """List the joint layouts whose graph is known, sorted."""
    return sorted(_GRAPHS)


def find_skeleton_graph(
    layout: str, edges: Sequence[Sequence[int]] | None = None, num_joints: int | None = None
) -> SkeletonGraph:
    """Return the graph of a layout: from the table here, or of edges given by the caller.

    Args:
        layout: Name of the joint layout.
        edges: (joint, neighbour nearer to the hips) pairs; needed for layouts not in the table. A
            joint's last pair is its bone.
        num_joints: V, where edges are given; None: one more than the highest joint in the edges.
    Raises:
        ConfigError: If the layout is unknown and no edges are given, or edges are no pairs of
            joints.
    """
    if edges is None:
        if layout not in _GRAPHS:
            raise ConfigError(
                f"joint layout {layout!r}: no graph known; known layouts: "
                f"{list_skeleton_graphs()}. Give edges= (pairs of a joint and its neighbour "
                "nearer to the hips) for another one"
            )
        return _GRAPHS[layout]
    if not edges or any(len(edge) != 2 for edge in edges):
        raise ConfigError(f"joint layout {layout!r}: edges must be pairs of joints, got {edges!r}")
    pairs = tuple((int(a), int(b)) for a, b in edges)
    joints = num_joints or 1 + max(map(max, pairs))
    outside = [pair for pair in pairs if not all(0 <= joint < joints for joint in pair)]
    if outside:
        raise ConfigError(
            f"joint layout {layout!r}: edges {outside} name no joint of 0..{joints - 1}"
        )
    return SkeletonGraph(layout, joints, pairs)
