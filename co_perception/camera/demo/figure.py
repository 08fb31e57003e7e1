# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The surface of a person: ring grids laid over the joints of a solved pose.

Topology and colours are fixed when the figure is made; a frame only moves the points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.demo.clothes import arm_colours, folds, sleeve_end, torso_colours
from co_perception.camera.demo.grid import FloatArray, along, ring_quads, tube_frames, unit
from co_perception.camera.demo.head import create_face, create_head
from co_perception.camera.demo.looks import Look
from co_perception.camera.demo.profiles import (
    ARM,
    AROUND,
    FINGERS,
    HEM,
    LEG,
    SHOE,
    TORSO,
    middles,
    refined,
)
from co_perception.motion.body import JOINTS, Body
from co_perception.motion.kinematics import SolvedPose

__all__ = ["Figure"]

_AT = {name: i for i, name in enumerate(JOINTS)}


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
            refined(table, detail) for table in (ARM, LEG, TORSO, SHOE)
        )
        self._around = {name: round(n * detail) for name, n in AROUND.items()}
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
        for side in ("left", "right"):
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
            for offset, long in FINGERS:
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
            shading: FloatArray | None = None,
        ) -> None:
            nonlocal count
            quads.append(ring_quads(rings, around, count))
            biases.append(np.repeat(np.zeros(rings - 1) if bias is None else bias, around))
            light = np.ones((rings - 1, around)) if shading is None else shading
            colours.append((by_ring[:, None] * light[..., None]).reshape(-1, 3))
            count += rings * around

        shirt = np.where(middles(self._torso_table) > HEM - 0.02, -0.03, 0.03)
        limb, torso = self._around["limb"], self._around["torso"]
        add(
            len(self._torso_table),
            torso,
            torso_colours(look, middles(self._torso_table)),
            shirt * self.body.scale,
            folds(middles(self._torso_table), torso, (1.4, 2.0)),
        )
        under = np.interp(self._arm[:-1, 0], [0.4, 0.95], [0.06, 0.0]) * self.body.scale
        sleeve = (middles(self._arm) < sleeve_end(look))[:, None]
        cloth = np.where(sleeve, folds(middles(self._arm), limb, (0.95, 1.4, 2.0)), 1.0)
        for _ in range(2):
            add(len(self._arm), limb, arm_colours(look, middles(self._arm)), under, cloth)
        cloth = folds(middles(self._leg), limb, (1.0, 2.0, 2.9))
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


def _sweep(
    centres: FloatArray, first: FloatArray, radii: FloatArray, around: int, flat: float = 1.0
) -> FloatArray:
    """Lay rings of the given radii (L, M) around L centre lines; return all points (P, 3)."""
    a, b = tube_frames(centres, first)
    angle = np.arange(around) * 2.0 * np.pi / around
    c, s = np.cos(angle)[:, None], flat * np.sin(angle)[:, None]
    ring = a[:, :, None] * c + b[:, :, None] * s
    return np.asarray((centres[:, :, None] + radii[:, :, None, None] * ring).reshape(-1, 3))
