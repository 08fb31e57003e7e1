# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Who is who from image to image: stable ids for skeletons, by the distance of their joints.

Skeletons are assigned to tracks so that the summed joint distance is smallest (Kuhn, "The
Hungarian method for the assignment problem", 1955; scipy's implementation). A track that finds no
skeleton is repeated as LOST for the grace time, then reported REMOVED once. Ids are never used
again, not even by a tracker made after a restart.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from co_perception.errors import ConfigError
from co_perception.skeleton.types import Skeleton, TrackState

__all__ = ["PersonTracker", "TrackerConfig", "joint_distance"]

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SEEN = 0.1
"""Joints less visible than this say nothing of where a person is."""


@dataclass(frozen=True)
class TrackerConfig:
    """Parameters of the tracker.

    Attributes:
        grace_sec: How long a person may be out of sight and keep the id.
        max_distance: Largest mean joint distance, in figure sizes, that is still the same person
            from one image to the next.
        max_speed: By how much that distance grows per second without a sighting, figure sizes/s.
        duplicate_distance: Two skeletons closer than this, in figure sizes, are one person seen
            twice; the less confident one is dropped.
    """

    grace_sec: float = 1.0
    max_distance: float = 0.3
    max_speed: float = 0.6
    duplicate_distance: float = 0.08

    def __post_init__(self) -> None:
        for name in ("max_distance", "max_speed"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"Tracker '{name}': expected > 0, got {getattr(self, name)}.")
        for name in ("grace_sec", "duplicate_distance"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"Tracker '{name}': expected >= 0, got {getattr(self, name)}.")


@dataclass(eq=False)
class _Track:
    """A person: the last sighting, and when it was."""

    body_id: str
    skeleton: Skeleton
    born_ns: int
    seen_ns: int


def joint_distance(a: Skeleton, b: Skeleton) -> float:
    """Return the mean distance of the joints seen in both, in figure sizes; inf if there are none.

    The figure size is the larger diagonal of the two skeletons' boxes, in pixels.
    """
    if a.layout != b.layout:
        return float("inf")
    both = _seen(a) & _seen(b)
    size = max(_diagonal(a), _diagonal(b))
    if not both.any() or size <= 0:
        return float("inf")
    offsets = a.points_px[both] - b.points_px[both]
    return float(np.hypot(offsets[:, 0], offsets[:, 1]).mean()) / size


def _seen(skeleton: Skeleton) -> NDArray[np.bool_]:
    points = skeleton.points
    return np.asarray(np.isfinite(points[:, :2]).all(axis=1) & (points[:, 2] >= _SEEN))


def _diagonal(skeleton: Skeleton) -> float:
    seen = _seen(skeleton)
    return float(np.linalg.norm(np.ptp(skeleton.points_px[seen], axis=0))) if seen.any() else 0.0


class PersonTracker:
    """Give skeletons their ids; one tracker per camera, owned by one thread."""

    def __init__(self, config: TrackerConfig | None = None, *, session: str | None = None) -> None:
        """Create a tracker.

        Args:
            config: Parameters.
            session: What makes the ids of this tracker unlike those of any other; default: the
                time of its creation in microseconds. Give one to get the same ids in a replay.
        """
        self._config = config or TrackerConfig()
        self._session = session or _base36(time.time_ns() // 1000)
        self._count = 0
        self._tracks: list[_Track] = []
        self._stamp_ns: int | None = None

    def reset(self) -> list[str]:
        """Forget everybody; return the ids that are gone."""
        gone = [track.body_id for track in self._tracks]
        self._tracks.clear()
        self._stamp_ns = None
        return gone

    def update(self, skeletons: list[Skeleton], stamp_ns: int) -> list[Skeleton]:
        """Assign ids to the skeletons of one image.

        Call it for every processed image, empty ones too: absence ages the tracks.

        Args:
            skeletons: All people of the image, in any order.
            stamp_ns: The image's time. A time before the previous one ends every track: the
                stream started over, and who was who is not known.

        Returns:
            The skeletons with id, track state and age, oldest track first; then LOST people with
            their last skeleton, and those REMOVED at this image.
        """
        removed = []
        if self._stamp_ns is not None and stamp_ns < self._stamp_ns:
            removed = self._tracks
            self._tracks = []
        self._stamp_ns = stamp_ns
        found = self._drop_duplicates(skeletons)
        newborn = self._assign(found, stamp_ns)
        grace_ns = int(self._config.grace_sec * 1e9)
        removed = removed + [t for t in self._tracks if stamp_ns - t.seen_ns > grace_ns]
        self._tracks = [t for t in self._tracks if stamp_ns - t.seen_ns <= grace_ns]
        self._tracks.sort(key=lambda track: (track.seen_ns != stamp_ns, track.born_ns))
        seen_or_lost = [self._report(track, stamp_ns, track in newborn) for track in self._tracks]
        return seen_or_lost + [
            replace(track.skeleton, track_state=TrackState.REMOVED) for track in removed
        ]

    def _drop_duplicates(self, skeletons: list[Skeleton]) -> list[Skeleton]:
        kept: list[Skeleton] = []
        for skeleton in sorted(skeletons, key=lambda s: -s.confidence):
            limit = self._config.duplicate_distance
            if all(joint_distance(skeleton, other) >= limit for other in kept):
                kept.append(skeleton)
        return kept

    def _assign(self, found: list[Skeleton], stamp_ns: int) -> list[_Track]:
        """Hand every skeleton to its track or a new one; return the new ones."""
        taken: set[int] = set()
        if self._tracks and found:
            cost = np.array([[self._cost(t, s, stamp_ns) for s in found] for t in self._tracks])
            for row, column in zip(*linear_sum_assignment(cost), strict=True):
                if cost[row, column] < _FAR:
                    self._tracks[row].skeleton = found[column]
                    self._tracks[row].seen_ns = stamp_ns
                    taken.add(int(column))
        newborn = [self._birth(s, stamp_ns) for i, s in enumerate(found) if i not in taken]
        self._tracks.extend(newborn)
        return newborn

    def _cost(self, track: _Track, skeleton: Skeleton, stamp_ns: int) -> float:
        distance = joint_distance(track.skeleton, skeleton)
        unseen_sec = (stamp_ns - track.seen_ns) * 1e-9
        limit = self._config.max_distance + self._config.max_speed * unseen_sec
        return distance if distance <= limit else _FAR

    def _birth(self, skeleton: Skeleton, stamp_ns: int) -> _Track:
        self._count += 1
        return _Track(f"p{self._session}_{self._count}", skeleton, stamp_ns, stamp_ns)

    def _report(self, track: _Track, stamp_ns: int, new: bool) -> Skeleton:
        if track.seen_ns != stamp_ns:
            state = TrackState.LOST
        else:
            state = TrackState.NEW if new else TrackState.OK
        track.skeleton = replace(
            track.skeleton,
            body_id=track.body_id,
            track_state=state,
            track_age_ns=stamp_ns - track.born_ns,
        )
        return track.skeleton


# The assignment needs finite costs; every real distance is far below.
_FAR = 1e6


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
