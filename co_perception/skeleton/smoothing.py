# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Smoothing of joints with the One-Euro filter, clocked by the images' stamps.

Source: Casiez, Roussel, Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy
Input in Interactive Systems", CHI 2012. A low-pass filter whose cutoff rises with speed: jitter of
a resting joint is removed, a fast joint is followed with little lag.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ConfigError
from co_perception.skeleton.types import Skeleton, TrackState

__all__ = ["OneEuroConfig", "OneEuroFilter", "SkeletonSmoother"]


@dataclass(frozen=True)
class OneEuroConfig:
    """Parameters of the filter.

    Attributes:
        min_cutoff_hz: Cutoff for a resting joint; lower removes more jitter.
        beta: Rise of the cutoff per unit of speed; here Hz per (figure size / s).
        derivative_cutoff_hz: Cutoff of the speed estimate.
    """

    min_cutoff_hz: float = 1.5
    beta: float = 6.0
    derivative_cutoff_hz: float = 2.0

    def __post_init__(self) -> None:
        for name in ("min_cutoff_hz", "derivative_cutoff_hz"):
            if not getattr(self, name) > 0:
                raise ConfigError(
                    f"Smoothing '{name}': expected > 0 Hz, got {getattr(self, name)}."
                )
        if not self.beta >= 0:
            raise ConfigError(f"Smoothing 'beta': expected >= 0, got {self.beta}.")


def _blend(cutoff_hz: NDArray[np.float64] | float, dt_sec: float) -> NDArray[np.float64]:
    """Weight of the new sample of a first-order low-pass filter (equation 5 of the paper)."""
    return np.asarray(1.0 / (1.0 + 1.0 / (2.0 * np.pi * np.asarray(cutoff_hz) * dt_sec)))


class _Sample(NamedTuple):
    """The last answer and the speed that goes with it, (J, D) each."""

    stamp_ns: int
    value: NDArray[np.float64]
    speed: NDArray[np.float64]


class OneEuroFilter:
    """Filter an array of points over time; each row of the array is one point.

    A missing point (NaN) stays missing, and starts anew when it is seen again.
    """

    def __init__(self, config: OneEuroConfig | None = None) -> None:
        self._config = config or OneEuroConfig()
        self._last: _Sample | None = None

    def reset(self) -> None:
        """Forget all samples."""
        self._last = None

    def __call__(
        self, points: NDArray[np.floating], stamp_ns: int, size: float = 1.0
    ) -> NDArray[np.float32]:
        """Return the smoothed points.

        Args:
            points: (J, D); NaN rows are missing.
            stamp_ns: Time of the sample. A repeated stamp returns the last answer for the points
                that are still there, an earlier one starts anew.
            size: Length that speeds are measured in (the figure's size, same unit as `points`).
        """
        raw = np.asarray(points, np.float64)
        last = self._last
        if last is None or last.value.shape != raw.shape or stamp_ns < last.stamp_ns:
            self._last = _Sample(stamp_ns, raw, np.zeros_like(raw))
        elif stamp_ns == last.stamp_ns:
            both = np.isfinite(last.value) & np.isfinite(raw)
            return np.where(both, last.value, raw).astype(np.float32)
        else:
            self._last = self._filter(raw, last, stamp_ns, size)
        return self._last.value.astype(np.float32)

    def _filter(
        self, raw: NDArray[np.float64], last: _Sample, stamp_ns: int, size: float
    ) -> _Sample:
        dt_sec = (stamp_ns - last.stamp_ns) * 1e-9
        known, seen = np.isfinite(last.value), np.isfinite(raw)
        change = np.where(known & seen, (raw - last.value) / dt_sec, 0.0)
        alpha = _blend(self._config.derivative_cutoff_hz, dt_sec)
        speed = np.where(seen, alpha * change + (1.0 - alpha) * last.speed, 0.0)
        # One cutoff per point, from the length of its velocity: no distortion along the axes.
        pace = np.linalg.norm(speed, axis=-1, keepdims=True) / max(size, 1e-9)
        beta = _blend(self._config.min_cutoff_hz + self._config.beta * pace, dt_sec)
        value = np.where(known, beta * raw + (1.0 - beta) * last.value, raw)
        return _Sample(stamp_ns, value, speed)


class SkeletonSmoother:
    """Smooth every tracked person's joints; one filter per body id."""

    def __init__(self, config: OneEuroConfig | None = None) -> None:
        self._config = config or OneEuroConfig()
        self._filters: dict[str, tuple[OneEuroFilter, OneEuroFilter]] = {}

    def reset(self) -> None:
        """Forget all people."""
        self._filters.clear()

    def update(self, skeletons: list[Skeleton], stamp_ns: int) -> list[Skeleton]:
        """Return the tracked skeletons of one image with smoothed points, in the same order.

        A lost person's repeated skeleton passes as it is; a removed person's filter is dropped.
        """
        smoothed = [self._smooth(skeleton, stamp_ns) for skeleton in skeletons]
        alive = {s.body_id for s in skeletons if s.track_state != TrackState.REMOVED}
        self._filters = {key: value for key, value in self._filters.items() if key in alive}
        return smoothed

    def _smooth(self, skeleton: Skeleton, stamp_ns: int) -> Skeleton:
        if skeleton.track_state in (TrackState.LOST, TrackState.REMOVED):
            return skeleton
        image_filter, world_filter = self._filters.setdefault(
            skeleton.body_id, (OneEuroFilter(self._config), OneEuroFilter(self._config))
        )
        pixels = skeleton.points_px
        points = skeleton.points.copy()
        points[:, :2] = image_filter(pixels, stamp_ns, _figure_size(pixels)) / np.asarray(
            skeleton.image_size, np.float32
        )
        world = skeleton.world
        if world is not None:
            world = world_filter(world, stamp_ns, _figure_size(world))
        return replace(skeleton, points=points, world=world)


def _figure_size(points: NDArray[np.floating]) -> float:
    """Diagonal of the box around the known points."""
    known = points[np.isfinite(points).all(axis=-1)]
    return float(np.linalg.norm(np.ptp(known, axis=0))) if len(known) > 1 else 1.0
