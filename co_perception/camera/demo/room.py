# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The room behind the person: floor boards, two walls, a window and a picture, in perspective.

It stands still, so it is computed once per camera by casting a ray through every pixel.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from co_perception.motion.view import View

__all__ = ["create_room"]

_Map: TypeAlias = NDArray[np.float32]
_BACK_M = 2.5
_TURN_DEG = 17.0
_WALLS = ((206, 208, 200), (196, 206, 210), (214, 206, 196), (200, 198, 206))
_FLOORS = ((112, 152, 186), (92, 128, 160), (138, 160, 176))
_ART = ((88, 120, 196), (150, 128, 70), (110, 160, 120), (70, 168, 214))


def create_room(view: View, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Paint the room as the camera sees it.

    Args:
        view: The camera.
        rng: Colours and places of things.

    Returns:
        (H, W, 3) uint8, BGR.
    """
    fine = 2 if view.width * view.height <= 1_000_000 else 1
    across, up, deep = _rays(view, fine)
    eye = _eye(view)
    # The camera stands in the room, however far away it is.
    side = max(2.3, 0.8 - float(eye[0]))
    wall = np.array(_WALLS[int(rng.integers(len(_WALLS)))], np.float32)
    floor = np.array(_FLOORS[int(rng.integers(len(_FLOORS)))], np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_floor = np.where(up < -1e-6, -eye[1] / up, np.inf)
        to_back = np.where(deep > 1e-6, (_BACK_M - eye[2]) / deep, np.inf)
        to_side = np.where(across < -1e-6, (-side - eye[0]) / across, np.inf)
    far = np.minimum(np.minimum(to_floor, to_back), to_side)
    far = np.where(np.isfinite(far), far, 20.0).astype(np.float32)
    x, y, z = (eye[i] + far * ray for i, ray in enumerate((across, up, deep)))
    image = np.where(
        (to_back < to_side)[..., None], _back_wall(x, y, wall, rng), _side_wall(z, y, wall)
    )
    image = np.where((to_floor <= far + 1e-6)[..., None], _floor(x, z, floor, rng), image)
    image *= _daylight(x + side, y, z, x)[..., None]
    image += rng.normal(0.0, 1.2, image.shape[:2]).astype(np.float32)[..., None]
    out = np.clip(image, 0.0, 255.0).astype(np.uint8)
    if fine == 1:
        return out
    return np.asarray(
        cv2.resize(out, (view.width, view.height), interpolation=cv2.INTER_AREA), np.uint8
    )


def _axes(view: View) -> NDArray[np.float64]:
    """Return the room's axes as rows: along the back wall, up, towards the back wall."""
    ahead = view.axes[2] * np.array([1.0, 0.0, 1.0])
    ahead = ahead / np.linalg.norm(ahead)
    right = np.array([-ahead[2], 0.0, ahead[0]])
    c, s = np.cos(np.radians(_TURN_DEG)), np.sin(np.radians(_TURN_DEG))
    return np.stack([c * right + s * ahead, [0.0, 1.0, 0.0], c * ahead - s * right])


def _eye(view: View) -> NDArray[np.float64]:
    return np.asarray(_axes(view) @ view.position)


def _rays(view: View, fine: int) -> tuple[_Map, _Map, _Map]:
    """Return the direction of every pixel's ray in the room's axes."""
    columns = ((np.arange(view.width * fine) + 0.5) / fine - view.center_px[0]) / view.focal_px
    rows = ((np.arange(view.height * fine) + 0.5) / fine - view.center_px[1]) / view.focal_px
    local = np.ones((len(rows), len(columns), 3))
    local[..., 0], local[..., 1] = columns, rows[:, None]
    world = local @ (view.axes @ _axes(view).T)
    across, up, deep = np.moveaxis(world.astype(np.float32), -1, 0)
    return across, up, deep


def _floor(x: _Map, z: _Map, colour: _Map, rng: np.random.Generator) -> _Map:
    """Lay boards along the room and a round rug under the person."""
    row = np.floor(x / 0.14)
    long = z / 1.3 + np.mod(row * 0.37, 1.0)
    tone = np.sin(row * 12.9898 + np.floor(long) * 78.233) * 43758.5453
    tone = 0.94 + 0.12 * np.mod(tone, 1.0)
    grain = 1.0 + 0.02 * np.sin(90.0 * x + 3.0 * np.sin(7.0 * z))
    seam = np.minimum(np.mod(x / 0.14, 1.0), np.mod(long, 1.0) * 9.0)
    boards = (tone * grain * np.where(seam < 0.035, 0.78, 1.0))[..., None] * colour
    radius = np.hypot(x, z)
    tint = np.array(_ART[int(rng.integers(len(_ART)))], np.float32)
    rug = 0.45 * tint + 0.55 * np.array([190.0, 190.0, 190.0], np.float32)
    ring = np.where(np.abs(radius - 1.28) < 0.05, 0.80, 1.0) * (
        1.0 + 0.015 * np.sin(140.0 * x) * np.sin(140.0 * z)
    )
    return np.where((radius < 1.42)[..., None], ring[..., None] * rug, boards).astype(np.float32)


def _back_wall(x: _Map, y: _Map, colour: _Map, rng: np.random.Generator) -> _Map:
    """Paint skirting, a framed picture and a window."""
    out = _plain_wall(y, colour)
    left = float(rng.uniform(-1.5, -1.2))
    tint = np.array(_ART[int(rng.integers(len(_ART)))], np.float32)
    inside = _within(x, y, left, left + 0.75, 1.25, 1.85)
    hills = np.where(y < 1.5 + 0.07 * np.sin(7.0 * x), 0.75, 1.25)
    out = np.where(_within(x, y, left - 0.05, left + 0.80, 1.2, 1.9)[..., None], 70.0, out)
    out = np.where(inside[..., None], np.minimum(hills[..., None] * tint, 250.0), out)
    low, high, begin, end = 0.95, 2.25, 1.05, 2.15
    frame = _within(x, y, begin - 0.07, end + 0.07, low - 0.07, high + 0.07)
    out = np.where(frame[..., None], 236.0, out)
    bar = (np.abs(x - 0.5 * (begin + end)) < 0.025) | (np.abs(y - 1.65) < 0.02)
    sky = np.stack(
        [250.0 - 14.0 * (y - low), 240.0 - 20.0 * (y - low), 226.0 - 36.0 * (y - low)], -1
    )
    tree = np.array([120.0, 168.0, 128.0]) + 0.0 * sky
    view = np.where(
        (y < 1.28 + 0.1 * np.sin(9.0 * x) + 0.05 * np.sin(23.0 * x))[..., None], tree, sky
    )
    glass = _within(x, y, begin, end, low, high) & ~bar
    return np.where(glass[..., None], view, out).astype(np.float32)


def _side_wall(z: _Map, y: _Map, colour: _Map) -> _Map:
    """Paint the side wall, a little darker."""
    return np.asarray(0.93 * _plain_wall(y + 0.0 * z, colour), np.float32)


def _plain_wall(y: _Map, colour: _Map) -> _Map:
    skirting = np.where(y < 0.11, 1.10, np.where(y < 0.125, 0.80, 1.0))
    return np.asarray(np.minimum(skirting[..., None] * colour, 245.0), np.float32)


def _within(x: _Map, y: _Map, x0: float, x1: float, y0: float, y1: float) -> NDArray[np.bool_]:
    return np.asarray((x > x0) & (x < x1) & (y > y0) & (y < y1))


def _daylight(from_side: _Map, y: _Map, z: _Map, x: _Map) -> _Map:
    """Light of the room: falls off from the middle, darker towards edges and corners."""
    y = np.abs(y)
    corner = np.minimum(
        np.minimum(np.abs(z - _BACK_M) + y, np.abs(from_side) + y),
        np.abs(z - _BACK_M) + np.abs(from_side),
    )
    pool = 1.08 - 0.035 * (x * x + 0.6 * (z + 0.4) ** 2)
    return np.asarray(
        np.clip(pool, 0.72, 1.08) * (1.0 - 0.22 * np.exp(-corner / 0.25)), np.float32
    )
