# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Clothes on the surface: which part of a limb is cloth or skin, and how cloth folds."""

from __future__ import annotations

import numpy as np

from co_perception.camera.demo.grid import FloatArray
from co_perception.camera.demo.looks import Look
from co_perception.camera.demo.profiles import HEM

__all__ = ["arm_colours", "folds", "sleeve_end", "torso_colours"]


def sleeve_end(look: Look) -> float:
    """Return the station along the arm at which the sleeve ends."""
    return 2.95 if look.long_sleeves else 1.483


def torso_colours(look: Look, station: FloatArray) -> FloatArray:
    """Return the colour (M, 3) of the trunk at the given stations (M,): trousers, hem, shirt."""
    out = np.where((station > HEM)[:, None], np.array(look.shirt), np.array(look.trousers))
    if look.stripe == "band":
        out[(station > 2.75) & (station < 3.2)] = look.trim
    elif look.stripe == "stripes":
        out[(station > 1.3) & (station < 3.8) & (np.mod(station, 0.7) < 0.3)] = look.trim
    out[(station > 1.10) & (station < HEM - 0.01)] *= 0.7
    out[np.abs(station - HEM) < 0.012] = np.array(look.shirt) * 0.6
    out[station > 3.93] = np.array(look.shirt) * 0.8
    return np.asarray(out)


def arm_colours(look: Look, station: FloatArray) -> FloatArray:
    """Return the colour (M, 3) of an arm at the given stations (M,): sleeve, hem, skin."""
    covered = station < sleeve_end(look)
    out = np.where(covered[:, None], np.array(look.shirt), np.array(look.skin))
    if not look.long_sleeves:
        out[np.abs(station - 1.4825) < 0.003] = np.array(look.shirt) * 0.6
        out[(station > 1.486) & (station < 1.62)] *= 0.90
    return np.asarray(out)


def folds(stations: FloatArray, around: int, joints: tuple[float, ...]) -> FloatArray:
    """Return brightness (M, N) of cloth that is drawn into folds near the given joints."""
    angle = (np.arange(around) + 0.5) * 2.0 * np.pi / around
    near = sum(np.exp(-(((stations - joint) / 0.2) ** 2)) for joint in joints)
    waves = np.sin(2.0 * angle + 21.0 * stations[:, None]) + 0.6 * np.sin(
        3.0 * angle - 13.0 * stations[:, None]
    )
    return np.asarray(1.0 + (0.012 + 0.05 * np.asarray(near))[:, None] * waves)
