# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The stool that stands there while somebody sits down, sits and rises."""

from __future__ import annotations

import numpy as np

from co_perception.camera.demo.grid import FloatArray, ring_quads
from co_perception.motion.body import Body
from co_perception.motion.curves import ease
from co_perception.motion.timeline import Timeline

__all__ = ["Stool"]

_AROUND = 16
_APPEAR_SEC = 0.5
_BEHIND_M, _SEAT_DROP_M, _CUSHION_M = 0.43, 0.40, 0.10
# Share of the height and radius, from the floor to the middle of the seat.
_RINGS = np.array(
    [
        (0.00, 0.16),
        (0.05, 0.15),
        (0.08, 0.045),
        (0.45, 0.038),
        (0.82, 0.045),
        (0.87, 0.17),
        (0.90, 0.185),
        (0.96, 0.188),
        (0.99, 0.17),
        (1.00, 0.0),
    ]
)
_WOOD, _CUSHION = (96.0, 132.0, 168.0), (92.0, 84.0, 150.0)


class Stool:
    """A round stool for one script; it grows out of the floor and sinks back.

    Attributes:
        quads, colours, bias: Surface as of `Figure`.
    """

    def __init__(self, timeline: Timeline) -> None:
        """Find out when and where it is needed."""
        self._stays = [
            (segment.start, after.end, segment.heading, segment.blend)
            for segment, after in zip(timeline.segments, timeline.segments[1:], strict=False)
            if segment.label == "sit_down"
        ]
        self._duration = timeline.duration
        self._body: Body = timeline.body
        self.quads = ring_quads(len(_RINGS), _AROUND)
        middle = 0.5 * (_RINGS[1:, 0] + _RINGS[:-1, 0])
        by_ring = np.where((middle > 0.88)[:, None], np.array(_CUSHION), np.array(_WOOD))
        self.colours = np.repeat(by_ring, _AROUND, axis=0)
        # What sits on it is nearer: the seat is painted first.
        self.bias = np.full(len(self.quads), 0.04)

    def points(self, t: float) -> FloatArray | None:
        """Return the surface's points (P, 3) at time `t`, seconds; None while it is not there."""
        t = float(np.mod(t, self._duration))
        for start, end, heading, blend in self._stays:
            begin = start - 0.5 * blend
            if begin < t < end + _APPEAR_SEC:
                into = ease(np.array([(t - begin) / _APPEAR_SEC, (end - t) / _APPEAR_SEC + 1.0]))
                return self._placed(float(into.min()), heading)
        return None

    def _placed(self, grown: float, heading: float) -> FloatArray:
        scale = self._body.scale
        height = (self._body.hip_height - (_SEAT_DROP_M + _CUSHION_M) * scale) * grown
        angle = np.arange(_AROUND) * 2.0 * np.pi / _AROUND
        radius = _RINGS[:, 1:] * scale
        points = np.empty((len(_RINGS), _AROUND, 3))
        points[..., 0] = radius * np.sin(angle) - np.sin(heading) * _BEHIND_M * scale
        points[..., 1] = _RINGS[:, :1] * height
        points[..., 2] = radius * np.cos(angle) - np.cos(heading) * _BEHIND_M * scale
        return points.reshape(-1, 3)
