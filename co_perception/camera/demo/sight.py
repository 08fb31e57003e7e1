# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Which joints of the rendered persons can be seen in the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.demo.grid import FloatArray
from co_perception.camera.demo.shadow import BONES
from co_perception.motion.body import COMMON13, JOINTS, Body
from co_perception.motion.view import View, project

__all__ = ["is_visible"]

_MARGIN_M = 0.05
_INDICES = np.array([[a, b] for a, b, _ in BONES])
_RADII = np.array([radius for _, _, radius in BONES])
# A joint is never hidden by the parts that meet in it.
_NEAR = np.array(
    [[joint in (JOINTS[a], JOINTS[b]) for a, b in _INDICES.tolist()] for joint in COMMON13]
)
_NEAR[COMMON13.index("nose"), [JOINTS[a] == "skull" for a, _ in _INDICES.tolist()]] = False
_NEAR[[COMMON13.index(f"{s}_hip") for s in ("left", "right")]] |= [
    JOINTS[b] == "mid_hip" for _, b in _INDICES.tolist()
]


def is_visible(
    who: int, joints: list[FloatArray], bodies: list[Body], view: View
) -> NDArray[np.bool_]:
    """Tell which of the 13 joints of one person are inside the image and not hidden.

    A joint is hidden when a limb, trunk or head, taken as a thick line, passes before it. That is
    a simplification: hands, hair and clothes do not count.

    Args:
        who: Number of the person.
        joints: (J, 3) metres of each person at this moment.
        bodies: Measures of each person.
        view: Camera.
    """
    own = joints[who][: len(COMMON13)]
    pixels, depth = project(own, view), view.depth(own)
    size = np.array([view.width, view.height])
    seen = np.isfinite(pixels).all(axis=-1) & ((pixels >= 0) & (pixels < size)).all(axis=-1)
    for other, (points, body) in enumerate(zip(joints, bodies, strict=True)):
        hidden = _hidden(pixels, depth, points, body, view)
        if other == who:
            hidden &= ~_NEAR
        seen &= ~hidden.any(axis=1)
    return np.asarray(seen)


def _hidden(
    pixels: FloatArray, depth: FloatArray, points: FloatArray, body: Body, view: View
) -> NDArray[np.bool_]:
    """Return (13, B): is this bone before that joint?"""
    ends, far = project(points, view)[_INDICES], view.depth(points)[_INDICES]
    along = ends[:, 1] - ends[:, 0]
    offset = pixels[:, None] - ends[None, :, 0]
    length = np.maximum((along**2).sum(-1), 1e-9)
    share = np.clip((offset * along).sum(-1) / length, 0.0, 1.0)
    away = np.linalg.norm(offset - share[..., None] * along, axis=-1)
    at = far[:, 0] + share * (far[:, 1] - far[:, 0])
    radius = _RADII * body.scale
    covers = away < 0.9 * radius * view.focal_px / np.maximum(at, 0.1)
    return np.asarray(covers & (at < depth[:, None] - radius - _MARGIN_M * body.scale))
