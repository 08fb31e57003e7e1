# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Lighting and painting: surfaces to pixels, far parts first, edges smoothed by oversampling."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from co_perception.camera.demo.figure import Figure
from co_perception.camera.demo.grid import FloatArray, unit
from co_perception.motion.kinematics import SolvedPose
from co_perception.motion.view import View, project

__all__ = ["light_direction", "paint_figure"]

_OVERSAMPLING = 2
_SHIFT = 3
_AMBIENT = np.array([0.50, 0.475, 0.46])
_SKY = np.array([0.13, 0.12, 0.11])
_KEY = np.array([0.52, 0.56, 0.59])
_FILL = np.array([0.13, 0.11, 0.10])


def light_direction(view: View) -> FloatArray:
    """Return where the key light comes from (3,): above, from the camera's left."""
    right, ahead = view.axes[0], view.axes[2] * np.array([1.0, 0.0, 1.0])
    return unit(np.array([0.0, 1.15, 0.0]) - 0.62 * right - 0.75 * unit(ahead))


class Surface(Protocol):
    """Quads (Q, 4), their colours (Q, 3) and their bias in the sorting (Q,), metres."""

    quads: NDArray[np.int64]
    colours: FloatArray
    bias: FloatArray


def paint_figure(
    image: NDArray[np.uint8],
    figure: Figure,
    pose: SolvedPose,
    k: int,
    view: View,
    prop: tuple[Surface, FloatArray] | None = None,
) -> None:
    """Paint a person onto an image (H, W, 3), in place.

    Args:
        image: Picture so far; nearer persons are painted later.
        figure: Whom to paint.
        pose: Solved poses.
        k: Moment of `pose`.
        view: Camera; its size is the image's.
        prop: A thing that the person is in touch with, and its points (P, 3), metres.
    """
    things: list[tuple[Surface, FloatArray]] = [(figure, figure.points(pose, k))]
    things += [prop] if prop else []
    everything = np.concatenate([points for _, points in things])
    if view.depth(everything).min() < 0.1:
        return
    box = _box(project(everything, view), view)
    if box is None:
        return
    x0, y0, x1, y1 = box
    crop = image[y0:y1, x0:x1]
    canvas = cv2.resize(
        crop, None, fx=_OVERSAMPLING, fy=_OVERSAMPLING, interpolation=cv2.INTER_NEAREST
    )
    scale = _OVERSAMPLING * (1 << _SHIFT)
    corner = np.array([x0, y0])
    parts = [_surface(surface, points, view) for surface, points in things]
    quads, shades, far = (np.concatenate(column) for column in zip(*parts, strict=True))
    outlines, tints, near = _details(figure, pose, k, view)
    polygons = [*np.int32((quads - corner) * scale)]
    polygons += [np.int32((outline - corner) * scale) for outline in outlines]
    colours = [*shades.tolist(), *tints]
    for i in np.argsort(-np.concatenate([far, near])).tolist():
        cv2.fillConvexPoly(canvas, polygons[i], colours[i], cv2.LINE_8, _SHIFT)
    cv2.resize(canvas, (x1 - x0, y1 - y0), dst=crop, interpolation=cv2.INTER_AREA)


def _box(pixels: FloatArray, view: View) -> tuple[int, int, int, int] | None:
    low = np.floor(pixels.min(axis=0)).astype(int) - 2
    high = np.ceil(pixels.max(axis=0)).astype(int) + 3
    x0, y0 = max(int(low[0]), 0), max(int(low[1]), 0)
    x1, y1 = min(int(high[0]), view.width), min(int(high[1]), view.height)
    return (x0, y0, x1, y1) if x1 - x0 > 1 and y1 - y0 > 1 else None


def _surface(
    surface: Surface, points: FloatArray, view: View
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return visible quads (V, 4, 2), their lit colours (V, 3) and distances (V,)."""
    flat = project(points, view)[surface.quads]
    d1, d2 = flat[:, 2] - flat[:, 0], flat[:, 3] - flat[:, 1]
    seen = d1[:, 0] * d2[:, 1] - d1[:, 1] * d2[:, 0] < 0.0
    quads = surface.quads[seen]
    corners = points[quads]
    normal = unit(np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]))
    shade = _light(normal, view)
    colours = np.minimum(surface.colours[seen] * shade, 255.0)
    return flat[seen], colours, view.depth(corners).mean(axis=1) + surface.bias[seen]


def _light(normal: FloatArray, view: View) -> FloatArray:
    """Return the light (V, 3) on surfaces of the given normals (V, 3)."""
    key = normal @ light_direction(view)
    fill = normal @ (0.8 * view.axes[0] - 0.6 * view.axes[2])
    return np.asarray(
        _AMBIENT
        + normal[:, 1:2] * _SKY
        + np.maximum(0.85 * key + 0.15, 0.0)[:, None] * _KEY
        + np.maximum(fill, 0.0)[:, None] * _FILL
    )


def _details(
    figure: Figure, pose: SolvedPose, k: int, view: View
) -> tuple[list[FloatArray], list[list[float]], FloatArray]:
    """Return the visible details of the face: outlines in pixels, colours and distances."""
    outlines, tints, near = [], [], []
    head = pose.head[k]
    skull = pose["skull"][k]
    light = _light(head[:, 2][None], view)[0]
    for order, outline in enumerate(figure.face(pose, k)):
        normal = outline.mean(axis=0) - skull
        toward = view.position - outline[0]
        if normal @ toward < 0.42 * np.linalg.norm(normal) * np.linalg.norm(toward):
            continue
        outlines.append(project(outline, view))
        tints.append(np.minimum(figure.patch_colours[order] * light, 255.0).tolist())
        # Details lie on the skin: nearer than it, later ones over earlier ones.
        near.append(float(view.depth(outline).mean()) - 0.02 - 0.0004 * order)
    return outlines, tints, np.array(near)
