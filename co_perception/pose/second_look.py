# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The second look: find the figure again in a cut-out of the image, mirrored and as it is.

A person is found in any framing, at the same place, and mirrored. A table leg that looked like a
person owes that to one framing: in another one nothing is found, or something else.

    image ------ figure found ------ cut-out around it, 1.8 x its extent, maybe mirrored
                     |                          |
                     |                    pose network anew, without memory
                     |                          |
                     +--- mean distance of the landmarks in view / extent <= tolerance ?
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from co_perception.pose.gates import GateConfig, compute_extent, in_view
from co_perception.pose.raw import MIRRORED, RawPose

__all__ = ["Look", "compute_deviation", "cut_out", "is_confirmed"]

Look = Callable[[NDArray[np.uint8]], list[RawPose]]

_MARGIN = 1.8  # side of the cut-out over the extent: the figure fills a bit more than half


def is_confirmed(
    image_bgr: NDArray[np.uint8], pose: RawPose, look: Look, config: GateConfig, *, views: int = 2
) -> bool:
    """Return whether other views of the same place show the same figure.

    Args:
        image_bgr: (height, width, 3) uint8.
        pose: The figure found in it; it must satisfy the rules of `gates.py`.
        look: Pose network without memory.
        config: Thresholds.
        views: 1: the mirrored cut-out only; 2: the plain one too.
    """
    for mirror in (True, False)[:views]:
        if compute_deviation(image_bgr, pose, look, config, mirror=mirror) > config.look_tolerance:
            return False
    return True


def compute_deviation(
    image_bgr: NDArray[np.uint8],
    pose: RawPose,
    look: Look,
    config: GateConfig,
    *,
    mirror: bool,
) -> float:
    """Return the mean distance of the nearest figure in the cut-out, share of the extent.

    Only landmarks in view in the image count. Infinite where nothing is found.
    """
    size = np.array(image_bgr.shape[1::-1], np.float32)
    seen = in_view(pose, config)
    extent = compute_extent(pose, (int(size[0]), int(size[1])), config)
    if extent <= 0.0:
        return float("inf")
    wanted = pose.points[seen] * size
    square, corner = cut_out(image_bgr, wanted, _MARGIN * extent)
    if mirror:
        square = np.ascontiguousarray(square[:, ::-1])
    deviation = float("inf")
    for found in look(square):
        points = found.points
        if mirror:
            points = (points * (-1.0, 1.0) + (1.0, 0.0))[MIRRORED]
        found_px = points[seen] * square.shape[0] + corner
        deviation = min(deviation, float(np.linalg.norm(found_px - wanted, axis=1).mean()))
    return deviation / extent


def cut_out(
    image_bgr: NDArray[np.uint8], points_px: NDArray[np.float32], side_px: float
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Cut a square around the points out of the image; what lies outside is black.

    Args:
        image_bgr: (height, width, 3) uint8.
        points_px: (n, 2) pixels; the middle of their box is the middle of the square.
        side_px: Side of the square, pixels.

    Returns:
        The square, (side, side, 3) uint8, and its upper left corner in the image, (2,) pixels.
    """
    side = max(round(side_px), 1)
    middle = (points_px.min(axis=0) + points_px.max(axis=0)) / 2.0
    left, top = (int(v) for v in np.floor(middle - side / 2.0))
    height, width = image_bgr.shape[:2]
    square = np.zeros((side, side, 3), np.uint8)
    x0, x1 = max(left, 0), min(left + side, width)
    y0, y1 = max(top, 0), min(top + side, height)
    if x0 < x1 and y0 < y1:
        square[y0 - top : y1 - top, x0 - left : x1 - left] = image_bgr[y0:y1, x0:x1]
    return square, np.array([left, top], np.float32)
