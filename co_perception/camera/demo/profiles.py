# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Profiles of the body's parts: where each ring lies along its line and how thick it is.

Stations count control points along a line: 1.5 is half-way between the points 1 and 2. Lengths are
metres for a body of nominal stature.
"""

from __future__ import annotations

import numpy as np

from co_perception.camera.demo.grid import FloatArray
from co_perception.motion.curves import KeyCurve

__all__ = ["ARM", "AROUND", "FINGERS", "HEM", "LEG", "SHOE", "TORSO", "middles", "refined"]

AROUND = {"limb": 12, "torso": 20, "shoe": 10, "palm": 8, "finger": 5, "head": 22}

# Stations along neck side - shoulder - elbow - wrist, radius, and what covers the part above.
ARM = np.array(
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
LEG = np.array(
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
TORSO = np.array(
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
HEM = 1.19
# Place from heel to toe in foot lengths, half width, height of the upper.
SHOE = np.array(
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
FINGERS = ((0.030, 0.95), (0.010, 1.08), (-0.010, 1.02), (-0.030, 0.82))


def middles(table: FloatArray) -> FloatArray:
    """Return the stations (M - 1,) between the rings of a profile."""
    return np.asarray(0.5 * (table[1:, 0] + table[:-1, 0]))


def refined(table: FloatArray, detail: float) -> FloatArray:
    """Resample a profile to `detail` times as many rings."""
    rings: FloatArray = np.arange(len(table), dtype=np.float64)
    count = round((len(table) - 1) * detail) + 1
    return KeyCurve(rings, table, None)(np.linspace(0.0, len(table) - 1.0, count))
