# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion between joint layouts, by joint name."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ShapeError
from co_perception.skeleton.layouts import get_layout
from co_perception.skeleton.types import Skeleton

__all__ = ["convert_skeleton", "to_layout"]

_SHOULDERS = ("left_shoulder", "right_shoulder")
_HIPS = ("left_hip", "right_hip")

# How a joint that the source layout lacks is made: the mean of the first group it has in full.
# A Kinect "head" is the middle of the skull, some 10 cm behind the nose; it is taken as it is.
_SUBSTITUTES: dict[str, tuple[tuple[str, ...], ...]] = {
    "nose": (("face",), ("head",)),
    "face": (("nose",), ("head",)),
    "head": (("left_ear", "right_ear"), ("face",), ("nose",)),
    "neck": (_SHOULDERS, ("spine_shoulder",)),
    "spine_shoulder": (("neck",), _SHOULDERS),
    "pelvis": (_HIPS,),
    "spine": (("belly",), _SHOULDERS + _HIPS),
    "belly": (("spine",), _SHOULDERS + _HIPS),
    "left_hand": (("left_index", "left_pinky"),),
    "right_hand": (("right_index", "right_pinky"),),
    "left_hand_tip": (("left_index",),),
    "right_hand_tip": (("right_index",),),
    "left_foot": (("left_foot_index",),),
    "right_foot": (("right_foot_index",),),
}


@cache
def _sources(source: str, target: str) -> tuple[tuple[int, ...], ...]:
    """For every target joint, the source indices whose mean it is; empty where it is missing."""
    have = get_layout(source).joints
    found = []
    for joint in get_layout(target).joints:
        groups = ((joint,), *_SUBSTITUTES.get(joint, ()))
        names = next((group for group in groups if all(name in have for name in group)), ())
        found.append(tuple(have.index(name) for name in names))
    return tuple(found)


def to_layout(
    points: NDArray[np.floating],
    source: str,
    target: str,
    *,
    has_visibility: bool = False,
) -> NDArray[np.float32]:
    """Reorder joints from one layout to another; joints that the source lacks become NaN.

    Args:
        points: (..., J, D) coordinates in the layout `source`; any D (pixels, shares, metres).
        source: Name of the layout of `points`.
        target: Name of the wanted layout.
        has_visibility: Whether the last of the D values is a visibility: a joint made of several
            takes the lowest of theirs, and a missing one 0 instead of NaN.

    Returns:
        (..., J_target, D) float32.

    Raises:
        ConfigError: If a layout name is unknown.
        ShapeError: If the joint count is not that of `source`.
    """
    points = np.asarray(points, np.float32)
    expected = len(get_layout(source))
    if points.ndim < 2 or points.shape[-2] != expected:
        raise ShapeError(
            f"to_layout: expected (..., {expected}, D) for layout '{source}', got {points.shape}; "
            f"name the layout that the points are in."
        )
    groups = _sources(source, target)
    # Most joints have one source: taken at once, one by one they cost ten times as much.
    result = points[..., [group[0] if group else 0 for group in groups], :]
    for index, group in enumerate(groups):
        if len(group) == 1:
            continue
        taken = points[..., group, :]
        result[..., index, :] = taken.mean(axis=-2) if group else np.nan
        if has_visibility and group:
            result[..., index, -1] = taken[..., -1].min(axis=-1)
    if has_visibility:
        result[..., -1] = np.where(np.isnan(result[..., 0]), 0.0, result[..., -1])
    return result


def convert_skeleton(skeleton: Skeleton, target: str) -> Skeleton:
    """Return the same person in another joint layout, world points too.

    Raises:
        ConfigError: If a layout name is unknown.
        ShapeError: If the skeleton's joint count is not that of its layout.
    """
    if skeleton.layout == target:
        return skeleton
    world = skeleton.world
    return replace(
        skeleton,
        layout=target,
        points=to_layout(skeleton.points, skeleton.layout, target, has_visibility=True),
        world=None if world is None else to_layout(world, skeleton.layout, target),
    )
