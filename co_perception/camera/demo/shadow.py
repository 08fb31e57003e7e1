# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The shadow that a person casts on the floor: soft, and darkest where the feet stand."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from co_perception.camera.demo.grid import FloatArray
from co_perception.camera.demo.painter import light_direction
from co_perception.motion.body import JOINTS, Body
from co_perception.motion.view import View, project

__all__ = ["BONES", "cast_shadow"]

_PAIRS = (
    ("skull", "neck", 0.085),
    ("neck", "belly", 0.14),
    ("belly", "mid_hip", 0.15),
    *((f"{s}_{a}", f"{s}_{b}", r) for s in ("left", "right") for a, b, r in (
        ("shoulder", "elbow", 0.055),
        ("elbow", "wrist", 0.042),
        ("wrist", "hand", 0.045),
        ("hip", "knee", 0.082),
        ("knee", "ankle", 0.055),
        ("heel", "toe", 0.05),
    )),
)  # fmt: skip
BONES = tuple((JOINTS.index(a), JOINTS.index(b), r) for a, b, r in _PAIRS)
"""Joint, joint and radius (metres, body of nominal stature) of the thick parts of a body."""

_COARSE = 4
_DARKNESS = 0.50


def cast_shadow(image: NDArray[np.uint8], joints: FloatArray, body: Body, view: View) -> None:
    """Darken the floor of an image (H, W, 3) in place.

    Args:
        image: Picture without the person.
        joints: (J, 3) joints of one moment, metres.
        body: Measures.
        view: Camera; its size is the image's.
    """
    light = light_direction(view)
    ground = joints - joints[:, 1:2] * (light / light[1])
    pixels = project(ground, view) / _COARSE
    if not np.isfinite(pixels).all():
        return
    size = view.focal_px * body.scale / np.maximum(view.depth(ground), 0.1) / _COARSE
    shape = (-(-view.height // _COARSE), -(-view.width // _COARSE))
    mask: NDArray[np.uint8] = np.zeros(shape, np.uint8)
    ends = np.clip(np.round(pixels * 8.0), -30000, 30000).astype(np.int32)
    for a, b, radius in BONES:
        thick = max(1, round(1.5 * radius * float(size[a])))
        cv2.line(mask, ends[a].tolist(), ends[b].tolist(), 255, thick, cv2.LINE_8, 3)
    x, y, w, h = cv2.boundingRect(mask)
    if w == 0:
        return
    blur = 1.1 + 0.0035 * view.height
    reach = round(4.0 * blur)
    x0, y0 = max(x - reach, 0), max(y - reach, 0)
    x1, y1 = min(x + w + reach, mask.shape[1]), min(y + h + reach, mask.shape[0])
    soft = cv2.GaussianBlur(mask[y0:y1, x0:x1], (0, 0), blur)
    keep = 255 - (soft.astype(np.uint16) * round(256 * _DARKNESS) >> 8).astype(np.uint8)
    keep = cv2.resize(keep, None, fx=_COARSE, fy=_COARSE, interpolation=cv2.INTER_LINEAR)
    roi = image[y0 * _COARSE : y1 * _COARSE, x0 * _COARSE : x1 * _COARSE]
    keep = keep[: roi.shape[0], : roi.shape[1]]
    cv2.multiply(roi, cv2.merge([keep, keep, keep]), dst=roi, scale=1.0 / 255.0)
