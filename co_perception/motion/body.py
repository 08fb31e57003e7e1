# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Bodies: limb lengths and widths of adults and children, and the names of their joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from co_perception.motion.splits import stature_in_split

__all__ = ["COMMON13", "JOINTS", "NOMINAL_STATURE_M", "Body", "joint_index", "sample_body"]

COMMON13 = (
    "nose",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
JOINTS = (
    *COMMON13,
    "head_top",
    "skull",
    "neck",
    "chest",
    "belly",
    "mid_hip",
    "left_hand",
    "right_hand",
    "left_heel",
    "right_heel",
    "left_toe",
    "right_toe",
)
"""The joints of `kinematics.solve`: the layout common13 first, then what a renderer needs."""

NOMINAL_STATURE_M = 1.75
"""Motions are written in metres for a body of this stature and scaled by `Body.scale`."""


def joint_index(name: str) -> int:
    """Return the place of a joint in `JOINTS`."""
    return JOINTS.index(name)


@dataclass(frozen=True)
class Body:
    """Measures of one person, metres.

    The adult shares of stature follow Drillis and Contini, "Body segment parameters" (1966), as
    tabulated in Winter, Biomechanics and Motor Control of Human Movement; a child has a larger
    head and shorter legs for its stature.
    """

    stature: float
    shoulder_half: float
    hip_half: float
    thigh: float
    shank: float
    upper_arm: float
    forearm: float
    hand: float
    foot: float
    ankle: float
    belly: float
    chest: float
    neck_base: float
    neck: float
    skull: float
    girth: float
    is_child: bool

    @property
    def scale(self) -> float:
        """Stature over the nominal one: what motion amplitudes are multiplied by."""
        return self.stature / NOMINAL_STATURE_M

    @property
    def hip_height(self) -> float:
        """Height of the hip joints above the floor when standing at ease."""
        return self.ankle + 0.985 * (self.thigh + self.shank)

    @property
    def tempo(self) -> float:
        """How much faster than an adult of nominal stature this body swings (pendulum law)."""
        return float(self.scale**-0.5)


def sample_body(rng: np.random.Generator, split: str, *, child_share: float = 0.25) -> Body:
    """Draw a body: stature from the split's bands, proportions varied by a few percent.

    Args:
        rng: Source of randomness.
        split: "train" or "judge".
        child_share: Probability of a child of 1.1 to 1.45 m.
    """
    is_child = bool(rng.random() < child_share)
    raw = (
        rng.uniform(1.10, 1.45) if is_child else float(np.clip(rng.normal(1.72, 0.09), 1.5, 1.95))
    )
    stature = stature_in_split(float(raw), split)
    leg = 0.95 if is_child else 1.0
    head = 1.28 if is_child else 1.0

    def part(share: float, spread: float = 0.035) -> float:
        return float(stature * share * np.clip(rng.normal(1.0, spread), 0.92, 1.08))

    thigh, shank, ankle = part(0.245 * leg), part(0.246 * leg), part(0.041)
    skull = part(0.130 * head, 0.02)
    neck = part(0.035)
    trunk = stature - (ankle + 0.985 * (thigh + shank)) - skull - neck
    return Body(
        stature=stature,
        shoulder_half=part(0.104 if not is_child else 0.100),
        hip_half=part(0.052),
        thigh=thigh,
        shank=shank,
        upper_arm=part(0.172 * leg),
        forearm=part(0.152 * leg),
        hand=part(0.060),
        foot=part(0.150),
        ankle=ankle,
        belly=0.28 * trunk,
        chest=0.30 * trunk,
        neck_base=0.42 * trunk,
        neck=neck,
        skull=skull,
        girth=float(np.clip(rng.normal(1.0, 0.09), 0.82, 1.22)),
        is_child=is_child,
    )
