# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Decide over time which of the network's figures are people.

A figure that breaks a rule is out. A new one, or one that jumped, needs a second look at once
(no image is waited for); a confirmed one is looked at again in intervals, and dropped when all
looks have failed for a while. Figures are recognised from image to image by place and size only;
naming people is the tracker's business.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from co_perception.pose.gates import GateConfig, compute_extent, find_fault
from co_perception.pose.raw import RawPose
from co_perception.pose.second_look import Look, is_confirmed

__all__ = ["PersonGate"]

_NS_PER_SEC = 1_000_000_000
_MEMORY_SEC = 1.0  # a figure not seen for longer is a new one
_DOUBLINGS = 10
_TRUNK = [11, 12, 23, 24]
_DUPLICATE = 0.2  # two figures whose landmarks are nearer than this share of the extent are one


@dataclass(frozen=True)
class _Figure:
    """What is remembered of a figure; `due_ns` is when the next look is due."""

    centre: NDArray[np.float32]
    extent: float
    seen_ns: int
    due_ns: int
    confirmed_ns: int | None = None  # when a look last succeeded; None: no person
    failures: int = 0


class PersonGate:
    """Lets people through; not thread-safe.

    Args:
        look: Pose network without memory, for the second look.
        config: Thresholds.

    Attributes:
        refusals: How often each reason refused a figure since the last reset.
        misled: Whether the last image's figures were all refused, at least one of them right now
            by a rule or a look: a network that follows such a figure should search anew.
    """

    def __init__(self, look: Look, config: GateConfig | None = None) -> None:
        self._look = look
        self._config = config or GateConfig()
        self.reset()

    def reset(self) -> None:
        """Forget all figures."""
        self._figures: list[_Figure] = []
        self.refusals: Counter[str] = Counter()
        self.misled = False

    def admit(
        self, image_bgr: NDArray[np.uint8], poses: list[RawPose], stamp_ns: int
    ) -> list[RawPose]:
        """Return those of `poses` that are people; stamps must not run backwards."""
        size = (image_bgr.shape[1], image_bgr.shape[0])
        oldest = stamp_ns - int(_MEMORY_SEC * _NS_PER_SEC)
        known = [figure for figure in self._figures if figure.seen_ns >= oldest]
        self._figures = []
        self.misled = False
        people: list[RawPose] = []
        for pose in sorted(poses, key=lambda pose: -float(pose.visibility.mean())):
            fault = find_fault(pose, size, self._config)
            if fault is None and self._repeats(pose, people, size):
                fault = "duplicate"
            if fault is not None:
                self._refuse(fault)
                continue
            figure = self._judge(image_bgr, pose, self._recall(pose, size, known), stamp_ns)
            self._figures.append(figure)
            if figure.confirmed_ns is not None:
                people.append(pose)
        self._figures += known  # not seen now; they may come back
        self.misled = self.misled and not people
        return people

    def _refuse(self, reason: str) -> None:
        self.refusals[reason] += 1
        self.misled = True

    def _repeats(self, pose: RawPose, people: list[RawPose], size: tuple[int, int]) -> bool:
        extent = compute_extent(pose, size, self._config)
        for other in people:
            gap = np.linalg.norm((pose.points - other.points) * np.asarray(size), axis=1).mean()
            if gap < _DUPLICATE * extent:
                return True
        return False

    def _recall(
        self, pose: RawPose, size: tuple[int, int], known: list[_Figure]
    ) -> _Figure | None:
        """Take the remembered figure that `pose` continues out of `known`, if there is one."""
        centre, extent = _place(pose, size, self._config)
        jump = self._config.jump
        for figure in sorted(known, key=lambda f: float(np.linalg.norm(f.centre - centre))):
            larger, smaller = max(extent, figure.extent), min(extent, figure.extent)
            near = float(np.linalg.norm(figure.centre - centre)) <= jump * larger
            if near and larger <= (1.0 + 2.0 * jump) * smaller:
                known[:] = [other for other in known if other is not figure]
                return figure
        return None

    def _judge(
        self, image_bgr: NDArray[np.uint8], pose: RawPose, past: _Figure | None, stamp_ns: int
    ) -> _Figure:
        size = (image_bgr.shape[1], image_bgr.shape[0])
        centre, extent = _place(pose, size, self._config)
        figure = past or _Figure(centre, extent, stamp_ns, due_ns=stamp_ns)
        figure = replace(figure, centre=centre, extent=extent, seen_ns=stamp_ns)
        if stamp_ns < figure.due_ns:
            if figure.confirmed_ns is None:
                self.refusals["waits for a second look"] += 1
            return figure
        return self._look_again(image_bgr, pose, figure, stamp_ns)

    def _look_again(
        self, image_bgr: NDArray[np.uint8], pose: RawPose, figure: _Figure, stamp_ns: int
    ) -> _Figure:
        views = 2 if figure.confirmed_ns is None else 1
        if is_confirmed(image_bgr, pose, self._look, self._config, views=views):
            due = stamp_ns + int(self._config.look_interval_sec * _NS_PER_SEC)
            return replace(figure, confirmed_ns=stamp_ns, failures=0, due_ns=due)
        figure = replace(
            figure, failures=figure.failures + 1, due_ns=self._retry(figure, stamp_ns)
        )
        last = figure.confirmed_ns
        if last is not None and stamp_ns - last < self._patience_ns:
            return figure
        self._refuse("not found by a second look")
        return replace(figure, confirmed_ns=None)

    def _retry(self, figure: _Figure, stamp_ns: int) -> int:
        wait = self._config.retry_interval_sec * 2.0 ** min(figure.failures, _DOUBLINGS)
        return stamp_ns + int(min(wait, self._config.look_interval_sec) * _NS_PER_SEC)

    @property
    def _patience_ns(self) -> int:
        return int((self._config.look_interval_sec + self._config.doubt_sec) * _NS_PER_SEC)


def _place(
    pose: RawPose, size: tuple[int, int], config: GateConfig
) -> tuple[NDArray[np.float32], float]:
    """Return the trunk's centre and the extent, pixels."""
    centre: NDArray[np.float32] = (pose.points[_TRUNK] * np.asarray(size)).mean(axis=0)
    return centre, compute_extent(pose, size, config)
