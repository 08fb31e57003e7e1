# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The head in its own frame: skull, hair and the parts of the face, in skull heights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.demo.grid import FloatArray, ring_quads
from co_perception.camera.demo.looks import Colour, Look
from co_perception.motion.curves import KeyCurve

__all__ = ["HeadMesh", "Patch", "create_face", "create_head"]

# Height, half width, reach to the front and to the back of the rings from chin to crown.
_RINGS = np.array(
    [
        (-0.500, 0.050, 0.300, -0.140),
        (-0.485, 0.130, 0.370, -0.060),
        (-0.440, 0.190, 0.405, 0.020),
        (-0.360, 0.245, 0.410, 0.110),
        (-0.280, 0.282, 0.405, 0.205),
        (-0.210, 0.300, 0.402, 0.275),
        (-0.140, 0.314, 0.400, 0.335),
        (-0.030, 0.332, 0.392, 0.410),
        (0.080, 0.345, 0.392, 0.450),
        (0.190, 0.343, 0.385, 0.455),
        (0.300, 0.315, 0.350, 0.425),
        (0.390, 0.262, 0.290, 0.360),
        (0.460, 0.185, 0.205, 0.265),
        (0.505, 0.095, 0.110, 0.150),
        (0.525, 0.000, 0.000, 0.010),
    ]
)


@dataclass(frozen=True)
class HeadMesh:
    """Points (P, 3) in the head's frame (left, up, forward), quads (Q, 4) and colours (Q, 3)."""

    points: FloatArray
    quads: NDArray[np.int64]
    colours: FloatArray


@dataclass(frozen=True)
class Patch:
    """A flat detail painted on the face: outline (K, 3) in the head's frame, and its colour."""

    outline: FloatArray
    colour: Colour


def create_head(look: Look, around: int, detail: float) -> HeadMesh:
    """Build skull and hair of rings of `around` points, `detail` times as many as the table's."""
    count = round((len(_RINGS) - 1) * detail) + 1
    rings = KeyCurve(np.arange(len(_RINGS), dtype=np.float64), _RINGS, None)(
        np.linspace(0.0, len(_RINGS) - 1.0, count)
    )
    skull = _relief(_shell(rings, around, 1.0, 0.0))
    quads = ring_quads(len(rings), around)
    middle = skull[quads].mean(axis=1)
    colours = np.where(_is_hair(middle)[:, None], np.array(look.hair), np.array(look.skin))
    cheeks = np.exp(
        -(((np.abs(middle[:, 0]) - 0.17) / 0.08) ** 2 + ((middle[:, 1] + 0.2) / 0.09) ** 2)
    )
    blush = (cheeks * (middle[:, 2] > 0.1))[:, None]
    colours = colours * (1.0 - blush * np.array([0.10, 0.07, 0.0]))
    # Hair: a second shell a little larger, of the quads that hair covers.
    upper = rings[rings[:, 0] > -0.32]
    shell = _shell(upper, around, 1.075, 0.012)
    hair_quads = ring_quads(len(upper), around)
    hair_quads = hair_quads[_is_hair(shell[hair_quads].mean(axis=1))] + len(skull)
    parts, all_quads = [skull, shell], [quads, hair_quads]
    if look.long_hair:
        fall = _fall()
        sheet = ring_quads(4, 11, len(skull) + len(shell))[_open(4, 11)]
        # Seen from both sides: the sheet runs downwards, so its outside is the reversed one.
        all_quads += [sheet, sheet[:, ::-1]]
        parts.append(fall)
    strands = np.concatenate(all_quads[1:])
    points = np.concatenate(parts)
    sheen = 1.0 + 0.10 * np.sin(37.0 * np.arctan2(*points[strands].mean(axis=1)[:, [0, 2]].T))
    hair = sheen[:, None] * np.array(look.hair)
    return HeadMesh(points, np.concatenate([quads, strands]), np.concatenate([colours, hair]))


def _relief(points: FloatArray) -> FloatArray:
    """Raise nose, lips, chin and brows, and sink the eyes' sockets."""
    x, y, z = points.T
    front = z > 0.2
    nose = np.interp(y, [-0.215, -0.19, -0.14, 0.05], [0.0, 0.085, 0.115, 0.0])
    lift = nose * np.exp(-((x / 0.055) ** 2))
    lift += 0.025 * np.exp(-((x / 0.10) ** 2 + ((y + 0.285) / 0.035) ** 2))
    lift += 0.030 * np.exp(-((x / 0.10) ** 2 + ((y + 0.44) / 0.05) ** 2))
    lift += 0.022 * np.exp(-((np.abs(x) - 0.13) ** 2 / 0.006 + ((y - 0.08) / 0.04) ** 2))
    lift -= 0.020 * np.exp(-((np.abs(x) - 0.14) ** 2 / 0.005 + (y / 0.05) ** 2))
    return points + np.stack([0.0 * x, 0.0 * x, lift * front], axis=-1)


def _shell(rings: FloatArray, around: int, grow: float, lift: float) -> FloatArray:
    angle = np.arange(around) * 2.0 * np.pi / around
    across, ahead = np.sin(angle), np.cos(angle)
    y, half, front, back = rings.T
    z = np.where(ahead > 0.0, front[:, None] * ahead, back[:, None] * ahead)
    points = np.stack(
        [half[:, None] * across, np.repeat(y[:, None], around, 1) + lift, z - 0.02], axis=-1
    )
    return (points * np.array([grow, 1.0 + 0.4 * (grow - 1.0), grow])).reshape(-1, 3)


def _is_hair(points: FloatArray) -> NDArray[np.bool_]:
    """Tell what lies behind the hairline: over the forehead, round the temples, down the nape."""
    _, y, z = points.T
    forehead = (y > 0.285 + 0.10 * z) & (z > 0.0)
    behind = (z < 0.10 + 0.30 * (y - 0.05)) & (y > -0.05)
    nape = (z < -0.10) & (y > -0.30)
    return np.asarray(forehead | behind | nape)


def _fall() -> FloatArray:
    """Long hair: an open sheet from the back of the head to the shoulders."""
    angle = np.radians(np.linspace(95.0, 265.0, 11))
    rows = [(-0.05, 0.375, 0.47), (-0.30, 0.40, 0.46), (-0.55, 0.40, 0.40), (-0.72, 0.34, 0.33)]
    return np.array(
        [(wide * np.sin(a), y, deep * np.cos(a)) for y, wide, deep in rows for a in angle]
    )


def _open(rings: int, around: int) -> NDArray[np.bool_]:
    """Drop the quads that would close a sheet's ends."""
    return np.tile(np.arange(around) < around - 1, rings - 1)


def create_face(look: Look) -> list[Patch]:
    """Lay out eyes, brows, nose, mouth and ears."""
    skin = np.array(look.skin)
    dark = tuple(float(c) for c in skin * 0.62)
    lips = tuple(float(c) for c in skin * np.array([0.62, 0.60, 0.86]))
    brow = tuple(float(0.8 * c) for c in look.hair)
    patches: list[Patch] = []
    for side in (1.0, -1.0):
        patches += [
            Patch(_disc(side * 0.145, -0.005, 0.378, 0.088, 0.058), _three(skin * 0.80)),
            Patch(_disc(side * 0.145, -0.010, 0.382, 0.072, 0.036), (232.0, 232.0, 236.0)),
            Patch(_disc(side * 0.143, -0.010, 0.386, 0.034, 0.036), look.eyes),
            Patch(_disc(side * 0.143, -0.010, 0.389, 0.017, 0.018), (18.0, 16.0, 16.0)),
            Patch(_lid(side), _three(dark)),
            Patch(_brow(side), _three(brow)),
            Patch(_ear(side), _three(skin * 0.88)),
            Patch(_ear(side, 0.55), _three(skin * 0.68)),
        ]
    patches += _nose(skin)
    patches += [
        Patch(_lip(0.024), _three(lips)),
        Patch(_lip(-0.030), _three(np.array(lips) * 1.08)),
        Patch(_mouth_line(), _three(skin * 0.42)),
    ]
    return patches


def _three(colour: FloatArray | tuple[float, ...]) -> Colour:
    b, g, r = (float(min(255.0, c)) for c in colour)
    return (b, g, r)


def _disc(x: float, y: float, z: float, wide: float, high: float) -> FloatArray:
    """Ellipse on the face, turned a little outwards with the skull."""
    a = np.arange(10) * 2.0 * np.pi / 10
    dx = wide * np.cos(a)
    return np.stack([x + dx, y + high * np.sin(a), z - 0.55 * np.sign(x) * dx], axis=-1)


def _lid(side: float) -> FloatArray:
    x = side * (0.145 + np.array([-0.078, -0.03, 0.03, 0.078, 0.03, -0.03]))
    y = np.array([0.005, 0.030, 0.030, 0.000, 0.016, 0.018])
    return np.stack([x, y, 0.392 - 0.55 * (side * x - 0.145)], axis=-1)


def _brow(side: float) -> FloatArray:
    x = side * (0.15 + np.array([-0.095, -0.01, 0.10, 0.09, -0.01, -0.09]))
    y = np.array([0.082, 0.106, 0.085, 0.068, 0.082, 0.058])
    return np.stack([x, y, 0.395 - 0.45 * (side * x - 0.15)], axis=-1)


def _ear(side: float, size: float = 1.0) -> FloatArray:
    a = np.arange(9) * 2.0 * np.pi / 9
    z = -0.03 + size * 0.055 * np.cos(a) - 0.02 * np.sin(a)
    y = -0.06 + size * 0.115 * np.sin(a)
    x = side * (0.355 + 0.02 * (1.0 - size) - 0.35 * (z + 0.03))
    return np.stack([x, y, z], axis=-1)


def _nose(skin: FloatArray) -> list[Patch]:
    """Shade the underside and one flank of the nose, and light its ridge."""
    patches = []
    for side, light in ((1.0, 0.99), (-1.0, 0.90)):
        flank = [
            (0.0, 0.02, 0.395),
            (0.0, -0.140, 0.508),
            (0.072, -0.175, 0.425),
            (0.03, 0.02, 0.39),
        ]
        under = [(0.0, -0.145, 0.508), (0.0, -0.195, 0.425), (0.068, -0.182, 0.42)]
        turn = np.array([side, 1.0, 1.0])
        patches.append(Patch(np.array(flank) * turn, _three(skin * light)))
        patches.append(Patch(np.array(under) * turn, _three(skin * 0.68)))
    ridge = [
        (-0.014, 0.0, 0.40),
        (0.014, 0.0, 0.40),
        (0.022, -0.13, 0.511),
        (-0.022, -0.13, 0.511),
    ]
    return [*patches, Patch(np.array(ridge), _three(skin * 1.05))]


def _lip(high: float) -> FloatArray:
    x = np.array([-0.105, -0.05, 0.0, 0.05, 0.105, 0.0])
    # The corners stand a little higher than the middle: a friendly face.
    y = -0.285 + high * np.array([0.0, 1.0, 0.8, 1.0, 0.0, -0.1]) + 0.10 * np.abs(x)
    return np.stack([x, y, 0.437 - 0.9 * np.abs(x) ** 1.5], axis=-1)


def _mouth_line() -> FloatArray:
    x = np.array([-0.100, 0.0, 0.100, 0.0])
    y = -0.285 + np.array([0.004, 0.005, 0.004, -0.007]) + 0.10 * np.abs(x)
    return np.stack([x, y, 0.442 - 0.9 * np.abs(x) ** 1.5], axis=-1)
