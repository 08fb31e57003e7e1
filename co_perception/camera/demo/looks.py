# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a rendered person wears: colours of skin, hair and clothes, drawn by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Colour", "Look", "sample_look"]

Colour = tuple[float, float, float]
"""Blue, green, red, 0..255."""

_SKIN = ((150, 180, 226), (128, 162, 214), (104, 138, 196), (76, 106, 164), (52, 72, 118))
_HAIR = ((34, 36, 42), (38, 52, 78), (46, 78, 120), (70, 112, 158), (92, 98, 104))
_SHIRT = (
    (176, 110, 44),
    (60, 66, 190),
    (96, 150, 70),
    (58, 148, 214),
    (150, 84, 122),
    (170, 160, 60),
)
_TROUSERS = ((96, 70, 52), (62, 60, 58), (110, 120, 132), (72, 92, 112), (84, 62, 40))
_SHOES = ((60, 58, 56), (208, 208, 212), (70, 72, 168), (120, 92, 60))


@dataclass(frozen=True)
class Look:
    """Colours and cut of a person's appearance.

    Attributes:
        skin, hair, shirt, trim, trousers, shoes, eyes: Colours.
        long_sleeves: True for sleeves to the wrist.
        long_hair: True for hair to the shoulders.
        stripe: "plain", "band" (one across the chest) or "stripes".
    """

    skin: Colour
    hair: Colour
    shirt: Colour
    trim: Colour
    trousers: Colour
    shoes: Colour
    eyes: Colour
    long_sleeves: bool
    long_hair: bool
    stripe: str


def sample_look(rng: np.random.Generator) -> Look:
    """Draw an appearance."""

    def pick(colours: tuple[tuple[int, int, int], ...]) -> Colour:
        b, g, r = colours[int(rng.integers(len(colours)))]
        jitter = rng.uniform(0.94, 1.06, 3)
        return (float(b * jitter[0]), float(g * jitter[1]), float(r * jitter[2]))

    shirt = pick(_SHIRT)
    return Look(
        skin=pick(_SKIN),
        hair=pick(_HAIR),
        shirt=shirt,
        trim=tuple(min(255.0, 0.35 * c + 150.0) for c in shirt),  # type: ignore[arg-type]
        trousers=pick(_TROUSERS),
        shoes=pick(_SHOES),
        eyes=pick(((90, 60, 40), (40, 62, 92), (110, 120, 60))),
        long_sleeves=bool(rng.random() < 0.3),
        long_hair=bool(rng.random() < 0.45),
        stripe=str(rng.choice(["plain", "band", "stripes"])),
    )
