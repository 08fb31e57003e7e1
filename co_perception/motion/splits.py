# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What keeps the motions that train a model apart from the motions that judge it.

========== =================================== ===================================
           ``train``                           ``judge``
========== =================================== ===================================
styles     those marked "train" in `styles`    those marked "judge" in `styles`
bodies     statures in even 2 cm bands         statures in odd 2 cm bands
azimuth    0-8, 22-38, 52-90, 142-180 degrees  10-20, 40-50 degrees
elevation  -4-4, 10-18 degrees                 5-9 degrees
seeds      streams keyed by the word "train"   streams keyed by the word "judge"
========== =================================== ===================================

Azimuths count to either side. The same seed number gives unrelated draws in the two splits.
"""

from __future__ import annotations

import zlib

import numpy as np

from co_perception.errors import ConfigError

__all__ = [
    "AZIMUTH_BANDS_DEG",
    "ELEVATION_BANDS_DEG",
    "SPLITS",
    "STATURE_BAND_M",
    "check_split",
    "create_rng",
    "sample_band",
    "stature_in_split",
]

SPLITS = ("train", "judge")
STATURE_BAND_M = 0.02
AZIMUTH_BANDS_DEG = {
    "train": ((0.0, 8.0), (22.0, 38.0), (52.0, 90.0), (142.0, 180.0)),
    "judge": ((10.0, 20.0), (40.0, 50.0)),
}
ELEVATION_BANDS_DEG = {"train": ((-4.0, 4.0), (10.0, 18.0)), "judge": ((5.0, 9.0),)}


def check_split(split: str) -> str:
    """Return `split` if it is known.

    Raises:
        ConfigError: If it is not one of `SPLITS`.
    """
    if split not in SPLITS:
        raise ConfigError(f"motion: expected split to be one of {sorted(SPLITS)}, got {split!r}")
    return split


def create_rng(split: str, seed: int, purpose: str) -> np.random.Generator:
    """Make a random generator that depends on the split, the seed and what it is for.

    Separate purposes get separate streams, so that drawing a body does not change the motion.
    """
    words = [zlib.crc32(check_split(split).encode()), zlib.crc32(purpose.encode())]
    return np.random.default_rng([*words, seed & 0xFFFFFFFFFFFFFFFF])


def sample_band(rng: np.random.Generator, bands: tuple[tuple[float, float], ...]) -> float:
    """Draw a number uniformly from a union of intervals."""
    widths = np.array([high - low for low, high in bands])
    low, high = bands[rng.choice(len(bands), p=widths / widths.sum())]
    return float(rng.uniform(low, high))


def stature_in_split(stature_m: float, split: str) -> float:
    """Move a stature to the nearest band of its split, keeping the place within the band."""
    band, rest = divmod(stature_m, STATURE_BAND_M)
    wanted = SPLITS.index(check_split(split))
    # Keep off the edges: a stature must stay in its band after rounding.
    rest = min(max(rest, 0.05 * STATURE_BAND_M), 0.95 * STATURE_BAND_M)
    return float((band + (int(band) % 2 != wanted)) * STATURE_BAND_M + rest)
