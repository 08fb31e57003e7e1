# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Smooth functions of time: eases, wandering noise and curves through keys.

All are functions of continuous time, so a motion can be read at any rate and any moment.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "KeyCurve", "Wander", "ease"]

FloatArray: TypeAlias = NDArray[np.float64]


def ease(x: FloatArray) -> FloatArray:
    """Go from 0 to 1 with the minimum-jerk profile of a human reach; flat outside 0..1.

    Source: Flash and Hogan, The coordination of arm movements (1985), equation 3.
    """
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * x * (10.0 + x * (6.0 * x - 15.0)))


class Wander:
    """Slow wandering of `size` channels around zero: a few sines of random rate and phase."""

    def __init__(
        self, rng: np.random.Generator, size: int, low_hz: float = 0.08, high_hz: float = 0.7
    ) -> None:
        self._rate = 2.0 * np.pi * rng.uniform(low_hz, high_hz, (4, size))
        self._phase = rng.uniform(0.0, 2.0 * np.pi, (4, size))
        weight = 1.0 / self._rate
        self._weight = weight / np.sqrt((weight**2).sum(axis=0))

    def __call__(self, t: FloatArray) -> FloatArray:
        """Return (T, size) with a spread of about one at the times t (T,), seconds."""
        angle = np.asarray(t, np.float64)[:, None, None] * self._rate + self._phase
        return np.asarray((self._weight * np.sin(angle)).sum(axis=1))


class KeyCurve:
    """A curve through keys that never overshoots them.

    Piecewise cubic with the slopes of Fritsch and Carlson, Monotone piecewise cubic
    interpolation (1980), harmonic-mean form: it rests at turning points and runs through the
    others, as a limb does.
    """

    def __init__(self, times: FloatArray, values: FloatArray, period: float | None) -> None:
        """Keep keys at rising times (K,) with values (K, D); with a period the curve repeats."""
        self._period = period
        if period is not None:
            times = np.concatenate([times - period, times, times + period])
            values = np.concatenate([values, values, values])
        self._times, self._values = times, values
        step = np.diff(times)[:, None]
        secant = np.diff(values, axis=0) / step
        product = secant[:-1] * secant[1:]
        w1, w2 = 2.0 * step[1:] + step[:-1], step[1:] + 2.0 * step[:-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (w1 + w2) / (w1 / secant[:-1] + w2 / secant[1:])
        self._slopes = np.zeros_like(values)
        self._slopes[1:-1] = np.where(product > 0.0, mean, 0.0)

    def __call__(self, t: FloatArray) -> FloatArray:
        """Return (T, D) at the times t (T,); outside unrepeated keys the ends hold."""
        t = np.asarray(t, np.float64)
        if self._period is not None:
            t = np.mod(t, self._period)
        t = np.clip(t, self._times[0], self._times[-1])
        i = np.clip(np.searchsorted(self._times, t, side="right") - 1, 0, len(self._times) - 2)
        step = (self._times[i + 1] - self._times[i])[:, None]
        s = (t - self._times[i])[:, None] / step
        s2, s3 = s * s, s * s * s
        return np.asarray(
            (2 * s3 - 3 * s2 + 1) * self._values[i]
            + (s3 - 2 * s2 + s) * step * self._slopes[i]
            + (3 * s2 - 2 * s3) * self._values[i + 1]
            + (s3 - s2) * step * self._slopes[i + 1]
        )
