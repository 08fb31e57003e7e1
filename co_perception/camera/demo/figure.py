# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The surface of a person: ring grids laid over the joints of a solved pose.

Topology and colours are fixed when the figure is made; a frame only moves the points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.demo.grid import FloatArray, along, ring_quads, tube_frames, unit
from co_perception.camera.demo.head import create_face, create_head
from co_perception.camera.demo.looks import Look
from co_perception.motion.body import JOINTS, Body
from co_perception.motion.curves import KeyCurve
from co_perception.motion.kinematics import SolvedPose

__all__ = ["Figure"]

_AT = {name: i for i, name in enumerate(JOINTS)}
_AROUND = {"limb": 12, "torso": 20, "shoe": 10, "palm": 8, "finger": 5, "head": 22}

# Stations along neck side - shoulder - elbow - wrist, radius, and what covers the part above.
_ARM = np.array(
    [
        (0.05, 0.046),
        (0.45, 0.052),
        (0.75, 0.057),
        (0.95, 0.059),
        (1.10, 0.060),
        (1.28, 0.059),
        (1.48, 0.060),
        (1.485, 0.047),
        (1.70, 0.045),
        (1.88, 0.042),
        (2.00, 0.041),
        (2.12, 0.042),
        (2.30, 0.042),
        (2.60, 0.035),
        (2.90, 0.028),
        (3.00, 0.027),
    ]
)
# Stations along waist - hip - knee - ankle and radius.
_LEG = np.array(
    [
        (0.30, 0.055),
        (0.62, 0.074),
        (0.85, 0.082),
        (1.00, 0.085),
        (1.15, 0.087),
        (1.32, 0.084),
        (1.50, 0.078),
        (1.70, 0.070),
        (1.87, 0.064),
        (2.00, 0.062),
        (2.12, 0.060),
        (2.28, 0.061),
        (2.45, 0.060),
        (2.65, 0.054),
        (2.86, 0.050),
        (3.00, 0.051),
    ]
)
# Station along crotch - hip - belly - chest - neck, half width, half depth, shift forward.
_TORSO = np.array(
    [
        (0.00, 0.060, 0.070, 0.000),
        (0.25, 0.120, 0.100, -0.010),
        (0.60, 0.160, 0.118, -0.014),
        (1.00, 0.168, 0.120, -0.010),
        (1.18, 0.168, 0.119, -0.008),
        (1.20, 0.178, 0.128, -0.008),
        (1.45, 0.170, 0.123, -0.002),
        (1.75, 0.154, 0.112, 0.002),
        (2.05, 0.146, 0.107, 0.005),
        (2.35, 0.149, 0.109, 0.007),
        (2.70, 0.160, 0.117, 0.010),
        (3.00, 0.168, 0.122, 0.012),
        (3.30, 0.170, 0.120, 0.010),
        (3.55, 0.162, 0.108, 0.004),
        (3.75, 0.140, 0.090, -0.004),
        (3.90, 0.105, 0.072, -0.008),
        (4.02, 0.064, 0.056, -0.006),
    ]
)
_HEM = 1.19
# Place from heel to toe in foot lengths, half width, height of the upper.
_SHOE = np.array(
    [
        (-0.302, 0.000, 0.025),
        (-0.295, 0.022, 0.055),
        (-0.250, 0.034, 0.080),
        (-0.150, 0.038, 0.094),
        (-0.040, 0.039, 0.096),
        (0.060, 0.039, 0.088),
        (0.200, 0.042, 0.069),
        (0.400, 0.048, 0.053),
        (0.560, 0.046, 0.044),
        (0.670, 0.035, 0.035),
        (0.725, 0.016, 0.026),
        (0.735, 0.000, 0.018),
    ]
)
_FINGERS = ((0.030, 0.95), (0.010, 1.08), (-0.010, 1.02), (-0.030, 0.82))


class Figure:
    """A body with its clothes, ready to be posed.

    Attributes:
        quads: (Q, 4) corners of the surface.
        colours: (Q, 3) blue, green, red before lighting.
        patches: Outlines (K, 3) of the details of the face in the head's frame, in metres.
        patch_colours: (P, 3).
        bias: (Q,) metres added to the distance when parts are sorted: what lies under another
            part, such as the inner end of an arm under the shirt, counts as farther.
    """

    def __init__(self, body: Body, look: Look, detail: float = 1.0) -> None:
        """Build the surface.

        Args:
            body: Measures.
            look: Colours and cut.
            detail: How many times finer the surface is than suits a picture 300 pixels high.
        """
        self.body, self.look = body, look
        self._arm, self._leg, self._torso_table, self._shoe_table = (
            _refined(table, detail) for table in (_ARM, _LEG, _TORSO, _SHOE)
        )
        self._around = {name: round(n * detail) for name, n in _AROUND.items()}
        self._wide = body.scale * body.girth**0.7
        self._arm_weights = along(self._arm[:, 0], 4, 0.22)
        self._leg_weights = along(self._leg[:, 0], 4, 0.20)
        self._torso_weights = along(self._torso_table[:, 0], 5, 0.35)
        self._head = create_head(look, self._around["head"], detail)
        self._head_points = self._head.points * body.skull
        faces = create_face(look)
        self.patches = [patch.outline * body.skull for patch in faces]
        self.patch_colours = np.array([patch.colour for patch in faces])
        forearm = (self._arm[:, 0] >= 1.483) & (self._arm[:, 0] < 2.95)
        self._sleeve = np.where(forearm & look.long_sleeves, 1.17, 1.0)
        self.quads, self.colours, self.bias = self._create_surface()

    def points(self, pose: SolvedPose, k: int) -> FloatArray:
        """Return the surface's points (P, 3) for moment `k` of a solved pose, metres."""
        j = pose.joints[k]
        parts = [
            self._torso(j, pose.pelvis[k], pose.chest[k]),
            self._limbs(j, pose.pelvis[k], pose.chest[k]),
            self._neck(j, pose.head[k], pose.chest[k]),
            *(self._shoe(j, side, pose.feet[k, i]) for i, side in enumerate(("left", "right"))),
            *self._hands(j, pose.chest[k]),
            j[_AT["skull"]] + self._head_points @ pose.head[k].T,
        ]
        return np.concatenate(parts)

    def face(self, pose: SolvedPose, k: int) -> list[FloatArray]:
        """Return the outlines of the face's details (K, 3) in the world."""
        skull, turn = pose.joints[k, _AT["skull"]], pose.head[k].T
        return [skull + outline @ turn for outline in self.patches]

    def _torso(self, j: FloatArray, pelvis: FloatArray, chest: FloatArray) -> FloatArray:
        hip = j[_AT["mid_hip"]]
        line = np.stack(
            [
                hip - pelvis[:, 1] * (0.105 * self.body.scale),
                hip,
                j[_AT["belly"]],
                j[_AT["chest"]],
                j[_AT["neck"]],
            ]
        )
        centres = self._torso_weights @ line
        share = np.clip(self._torso_table[:, 0] / 3.0 - 0.25, 0.0, 1.0)[:, None]
        left = unit(pelvis[:, 0] + share * (chest[:, 0] - pelvis[:, 0]))
        ahead = unit(pelvis[:, 2] + share * (chest[:, 2] - pelvis[:, 2]))
        centres = centres + ahead * (self._torso_table[:, 3:4] * self.body.scale)
        # A superellipse: flatter in front and behind than an ellipse.
        angle = np.arange(self._around["torso"]) * 2.0 * np.pi / self._around["torso"]
        c, s = np.cos(angle), np.sin(angle)
        c, s = np.sign(c) * np.abs(c) ** 0.8, np.sign(s) * np.abs(s) ** 0.8
        across = (self._torso_table[:, 1] * self._wide)[:, None, None] * s[:, None] * left[:, None]
        deep = (self._torso_table[:, 2] * self._wide)[:, None, None] * c[:, None] * ahead[:, None]
        return (centres[:, None] + across + deep).reshape(-1, 3)

    def _limbs(self, j: FloatArray, pelvis: FloatArray, chest: FloatArray) -> FloatArray:
        lines, weights, radii, first = [], [], [], []
        neck, hip = j[_AT["neck"]], j[_AT["mid_hip"]]
        for side, sign in (("left", 1.0), ("right", -1.0)):
            shoulder, elbow, wrist = (
                j[_AT[f"{side}_{n}"]] for n in ("shoulder", "elbow", "wrist")
            )
            inner = neck + 0.25 * (shoulder - neck) - chest[:, 1] * (0.012 * self.body.scale)
            lines.append(np.stack([inner, shoulder, elbow, wrist]))
            weights.append(self._arm_weights)
            radii.append(self._arm[:, 1] * self._sleeve)
            first.append(chest[:, 2])
        for side, sign in (("left", 1.0), ("right", -1.0)):
            top, knee, ankle = (j[_AT[f"{side}_{n}"]] for n in ("hip", "knee", "ankle"))
            out = pelvis[:, 0] * (sign * 0.016 * self.body.scale)
            waist = hip + 0.8 * (top - hip) + pelvis[:, 1] * (0.13 * self.body.scale)
            lines.append(np.stack([waist, top + out, knee, ankle]))
            weights.append(self._leg_weights)
            radii.append(self._leg[:, 1])
            first.append(pelvis[:, 2])
        centres = np.einsum("lmk,lkx->lmx", np.stack(weights), np.stack(lines))
        return _sweep(centres, np.stack(first), np.stack(radii) * self._wide, self._around["limb"])

    def _neck(self, j: FloatArray, head: FloatArray, chest: FloatArray) -> FloatArray:
        base, skull = j[_AT["neck"]], j[_AT["skull"]]
        low = base - chest[:, 1] * 0.03 * self.body.scale
        top = skull - head[:, 1] * (0.30 * self.body.skull) - head[:, 2] * (0.10 * self.body.skull)
        centres = np.stack([low, base, 0.5 * (base + top), top])[None]
        radii = np.array([[0.064, 0.053, 0.049, 0.051]]) * self.body.scale
        return _sweep(centres, chest[None, :, 2], radii, self._around["limb"])

    def _shoe(self, j: FloatArray, side: str, turn: FloatArray) -> FloatArray:
        body = self.body
        sole = j[_AT[f"{side}_ankle"]] - turn[:, 1] * body.ankle
        angle = np.arange(self._around["shoe"]) * 2.0 * np.pi / self._around["shoe"]
        across, up = -np.sin(angle), np.maximum(np.cos(angle), -0.25) + 0.25
        local = np.empty((len(self._shoe_table), self._around["shoe"], 3))
        local[..., 0] = self._shoe_table[:, 1:2] * across * body.scale
        local[..., 1] = self._shoe_table[:, 2:3] * up / 1.25 * body.scale
        local[..., 2] = self._shoe_table[:, 0:1] * body.foot
        points = sole + local.reshape(-1, 3) @ turn.T
        # The toes bend where the heel is up: no part of the shoe sinks into the floor.
        points[:, 1] = np.maximum(points[:, 1], 0.0)
        return points

    def _hands(self, j: FloatArray, chest: FloatArray) -> list[FloatArray]:
        palms, fingers, palm_first, finger_first = [], [], [], []
        size = self.body.hand / 0.105
        for side, sign in (("left", 1.0), ("right", -1.0)):
            elbow, wrist = j[_AT[f"{side}_elbow"]], j[_AT[f"{side}_wrist"]]
            upper, fore = elbow - j[_AT[f"{side}_shoulder"]], unit(wrist - elbow)
            # The palm faces along the elbow's hinge, as a hanging or waving hand does.
            hinge = np.cross(unit(upper), fore) - 0.15 * chest[:, 0]
            width = unit(np.cross(unit(hinge), fore))
            palm_in = np.cross(fore, width) * sign
            palms.append(np.stack([wrist + fore * (size * d) for d in (-0.01, 0.03, 0.07, 0.095)]))
            palm_first.append(width)
            for offset, long in _FINGERS:
                base = wrist + size * (fore * 0.088 + width * offset)
                tip = base + size * 0.075 * long * unit(fore + 0.28 * palm_in)
                fingers.append(np.stack([base, 0.5 * (base + tip) - 0.004 * palm_in, tip]))
                finger_first.append(width)
            base = wrist + size * (fore * 0.03 + width * 0.030)
            tip = base + size * 0.062 * unit(fore * 0.85 + width * 0.55 + 0.2 * palm_in)
            fingers.append(np.stack([base, 0.5 * (base + tip), tip]))
            finger_first.append(width)
        palm_radii = np.repeat([[0.026, 0.036, 0.043, 0.036]], 2, axis=0) * size
        finger_radii = np.repeat([[0.0125, 0.011, 0.007]], len(fingers), axis=0) * size
        palm = _sweep(
            np.stack(palms), np.stack(palm_first), palm_radii, self._around["palm"], flat=0.42
        )
        return [
            palm,
            _sweep(
                np.stack(fingers), np.stack(finger_first), finger_radii, self._around["finger"]
            ),
        ]

    def _create_surface(self) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
        """Number the quads of all parts in the order of `points`, and colour them."""
        look = self.look
        quads: list[NDArray[np.int64]] = []
        colours: list[FloatArray] = []
        biases: list[FloatArray] = []
        count = 0

        def add(
            rings: int,
            around: int,
            by_ring: FloatArray,
            bias: FloatArray | None = None,
            folds: FloatArray | None = None,
        ) -> None:
            nonlocal count
            quads.append(ring_quads(rings, around, count))
            biases.append(np.repeat(np.zeros(rings - 1) if bias is None else bias, around))
            light = np.ones((rings - 1, around)) if folds is None else folds
            colours.append((by_ring[:, None] * light[..., None]).reshape(-1, 3))
            count += rings * around

        shirt = np.where(_middles(self._torso_table) > _HEM - 0.02, -0.03, 0.03)
        limb, torso = self._around["limb"], self._around["torso"]
        add(
            len(self._torso_table),
            torso,
            self._torso_colours(),
            shirt * self.body.scale,
            _folds(_middles(self._torso_table), torso, (1.4, 2.0)),
        )
        under = np.interp(self._arm[:-1, 0], [0.4, 0.95], [0.06, 0.0]) * self.body.scale
        sleeve = (_middles(self._arm) < (2.95 if look.long_sleeves else 1.483))[:, None]
        cloth = np.where(sleeve, _folds(_middles(self._arm), limb, (0.95, 1.4, 2.0)), 1.0)
        for _ in range(2):
            add(len(self._arm), limb, self._arm_colours(), under, cloth)
        cloth = _folds(_middles(self._leg), limb, (1.0, 2.0, 2.9))
        for _ in range(2):
            add(len(self._leg), limb, np.repeat([look.trousers], len(cloth), 0), None, cloth)
        add(4, self._around["limb"], np.array([[0.92], [0.88], [0.74]]) * np.array(look.skin))
        for _ in range(2):
            add(
                len(self._shoe_table),
                self._around["shoe"],
                np.repeat([look.shoes], len(self._shoe_table) - 1, axis=0),
            )
            n = self._around["shoe"]
            soles = colours[-1].reshape(-1, n, 3)
            soles[:, 3 * n // 10 : 7 * n // 10] = (205.0, 208.0, 210.0)
        skin = np.array([look.skin])
        for _ in range(2):
            add(4, self._around["palm"], np.repeat(skin, 3, axis=0))
        for _ in range(10):
            add(3, self._around["finger"], np.repeat(skin * 0.97, 2, axis=0))
        quads.append(self._head.quads + count)
        colours.append(self._head.colours)
        biases.append(np.zeros(len(self._head.quads)))
        return np.concatenate(quads), np.concatenate(colours), np.concatenate(biases)

    def _torso_colours(self) -> FloatArray:
        look, station = self.look, _middles(self._torso_table)
        out = np.where((station > _HEM)[:, None], np.array(look.shirt), np.array(look.trousers))
        if look.stripe == "band":
            out[(station > 2.75) & (station < 3.2)] = look.trim
        elif look.stripe == "stripes":
            out[(station > 1.3) & (station < 3.8) & (np.mod(station, 0.7) < 0.3)] = look.trim
        out[(station > 1.10) & (station < _HEM - 0.01)] *= 0.7
        out[np.abs(station - _HEM) < 0.012] = np.array(look.shirt) * 0.6
        out[station > 3.93] = np.array(look.shirt) * 0.8
        return np.asarray(out)

    def _arm_colours(self) -> FloatArray:
        look, station = self.look, _middles(self._arm)
        covered = station < (2.95 if look.long_sleeves else 1.483)
        out = np.where(covered[:, None], np.array(look.shirt), np.array(look.skin))
        if not look.long_sleeves:
            out[np.abs(station - 1.4825) < 0.003] = np.array(look.shirt) * 0.6
            out[(station > 1.486) & (station < 1.62)] *= 0.90
        return np.asarray(out)


def _middles(table: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (table[1:, 0] + table[:-1, 0]))


def _refined(table: FloatArray, detail: float) -> FloatArray:
    """Resample a profile to `detail` times as many rings."""
    rings = np.arange(len(table), dtype=np.float64)
    count = round((len(table) - 1) * detail) + 1
    return KeyCurve(rings, table, None)(np.linspace(0.0, len(table) - 1.0, count))


def _folds(stations: FloatArray, around: int, joints: tuple[float, ...]) -> FloatArray:
    """Return brightness (M, N) of cloth that is drawn into folds near the given joints."""
    angle = (np.arange(around) + 0.5) * 2.0 * np.pi / around
    near = sum(np.exp(-(((stations - joint) / 0.2) ** 2)) for joint in joints)
    waves = np.sin(2.0 * angle + 21.0 * stations[:, None]) + 0.6 * np.sin(
        3.0 * angle - 13.0 * stations[:, None]
    )
    return np.asarray(1.0 + (0.012 + 0.05 * np.asarray(near))[:, None] * waves)


def _sweep(
    centres: FloatArray, first: FloatArray, radii: FloatArray, around: int, flat: float = 1.0
) -> FloatArray:
    """Lay rings of the given radii (L, M) around L centre lines; return all points (P, 3)."""
    a, b = tube_frames(centres, first)
    angle = np.arange(around) * 2.0 * np.pi / around
    c, s = np.cos(angle)[:, None], flat * np.sin(angle)[:, None]
    ring = a[:, :, None] * c + b[:, :, None] * s
    return np.asarray((centres[:, :, None] + radii[:, :, None, None] * ring).reshape(-1, 3))
