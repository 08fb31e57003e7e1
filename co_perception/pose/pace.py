# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Which images of a camera are looked at when fewer poses than images are wanted.

images at 30 Hz   | | | | | | | | |
slots of 15 Hz    |---|---|---|---|      the first image of each slot is looked at
looked at         x   x   x   x   x
"""

from __future__ import annotations

__all__ = ["LookPace"]

_EARLY_SHARE = 0.25
"""An image so early, as a share of the period, belongs to the next slot: stamps jitter."""

_ANCHOR_GAP_NS = 1_000_000_000
"""After a gap as long as this the engine lays its ticks anew, and so do we."""


class LookPace:
    """Slots of equal length on image time, laid from the first image on.

    The engine lays its ticks from the same image: with the model's rate, every pose is at a tick.

    Args:
        rate: Slots per second; 0: every image is looked at.
    """

    def __init__(self, rate: float) -> None:
        self._period_ns = 1e9 / rate if rate > 0 else 0.0
        self.reset()

    def reset(self) -> None:
        """Lay the slots anew at the next image."""
        self._origin_ns: int | None = None
        self._slot = 0
        self._newest_ns = 0

    def is_due(self, stamp_ns: int) -> bool:
        """Whether an image lies in a slot of which none was looked at."""
        if not self._period_ns or self._is_new(stamp_ns):
            return True
        return self._slot_of(stamp_ns) > self._slot

    def looked(self, stamp_ns: int) -> None:
        """Note that an image was looked at."""
        if not self._period_ns:
            return
        if self._is_new(stamp_ns):
            self._origin_ns = stamp_ns
        self._slot = self._slot_of(stamp_ns)
        self._newest_ns = stamp_ns

    def _is_new(self, stamp_ns: int) -> bool:
        return self._origin_ns is None or stamp_ns - self._newest_ns > _ANCHOR_GAP_NS

    def _slot_of(self, stamp_ns: int) -> int:
        assert self._origin_ns is not None
        return int((stamp_ns - self._origin_ns) / self._period_ns + _EARLY_SHARE)
