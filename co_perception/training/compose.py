# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Compose streams: what a person did before an activity is part of what the network sees.

```
recording A ....|blend|.... recording B ....        labels A  ignored  B
held first pose .......|.... short clip ....        ignored            clip
```
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from co_perception.training.classes import CLASSES, IGNORE
from co_perception.training.motions import TRAINING_RATE, Motion, resample

__all__ = ["MotionPool", "compose_stream", "frame_weights", "hold_first", "join"]

_BLEND_FRAMES = 5
_RAMP_SEC = 0.7
_SPEEDS = (0.75, 1.35)
_GAIT_MPS = {CLASSES.index("walk"): (0.6, 1.6), CLASSES.index("run"): (1.5, 3.5)}
_TRAVEL_SHARE = 0.5
_HIPS = slice(7, 9)


class MotionPool:
    """Recordings of one kind, found by class.

    Args:
        motions: Recordings that may be joined to each other (all 2-D or all 3-D).
        same_group: Whether only recordings of one group (one subject) are joined.
    """

    def __init__(self, motions: Sequence[Motion], *, same_group: bool = False) -> None:
        self.motions = list(motions)
        self.same_group = same_group
        self._by_class: dict[int, list[int]] = {}
        self._by_group: dict[str, list[int]] = {}
        for index, motion in enumerate(self.motions):
            self._by_group.setdefault(motion.group, []).append(index)
            for label in np.unique(motion.labels):
                if label != IGNORE:
                    self._by_class.setdefault(int(label), []).append(index)

    @property
    def classes(self) -> list[int]:
        """Classes that a recording can be drawn for, `OTHER` among them."""
        return sorted(self._by_class)

    def draw(self, label: int, rng: np.random.Generator) -> Motion:
        """Return a recording that contains the class."""
        return self.motions[int(rng.choice(self._by_class[label]))]

    def draw_neighbour(self, motion: Motion, rng: np.random.Generator) -> Motion:
        """Return a recording that may be joined to `motion`."""
        if self.same_group:
            return self.motions[int(rng.choice(self._by_group[motion.group]))]
        return self.motions[int(rng.integers(len(self.motions)))]


def hold_first(motion: Motion, frames: int) -> Motion:
    """Put `frames` copies of the first pose before a motion; their label is `IGNORE`."""
    held = np.repeat(motion.points[:1], frames, axis=0)
    labels = np.concatenate([np.full(frames, IGNORE, np.int16), motion.labels])
    return replace(motion, points=np.concatenate([held, motion.points]), labels=labels)


def join(first: Motion, second: Motion) -> Motion:
    """Let one motion pass into another, where the person stands then; the blend is `IGNORE`."""
    root_before = first.points[-1, _HIPS].mean(axis=0)
    root_after = second.points[0, _HIPS].mean(axis=0)
    moved = second.points + (root_before - root_after)
    share = np.linspace(0.0, 1.0, _BLEND_FRAMES + 2, dtype=np.float32)[1:-1, None, None]
    blend = (1.0 - share) * first.points[-1] + share * moved[0]
    points = np.concatenate([first.points, blend, moved])
    ignored = np.full(_BLEND_FRAMES, IGNORE, np.int16)
    labels = np.concatenate([first.labels, ignored, second.labels])
    return replace(first, points=points, labels=labels)


def _travel(motion: Motion, rng: np.random.Generator) -> Motion:
    """Let walks and runs in place move ahead, at a speed that fits the gait."""
    if motion.points.shape[-1] != 3 or rng.random() > _TRAVEL_SHARE:
        return motion
    speed = np.zeros(len(motion), np.float32)
    for label, limits in _GAIT_MPS.items():
        speed[motion.labels == label] = rng.uniform(*limits)
    if not speed.any():
        return motion
    kernel = np.ones(5, np.float32) / 5.0
    path = np.cumsum(np.convolve(speed, kernel, mode="same")) / motion.rate
    across = motion.points[:, 7] - motion.points[:, 8]
    # Ahead is where the hips point: at a right angle to them, on the ground.
    ahead = np.stack([across[:, 2], np.zeros(len(motion)), -across[:, 0]], axis=1).mean(axis=0)
    ahead /= max(float(np.linalg.norm(ahead)), 1e-6)
    offset = (path[:, None] * ahead).astype(np.float32)
    return replace(motion, points=motion.points + offset[:, None])


def _prepared(motion: Motion, rng: np.random.Generator) -> Motion:
    return resample(
        motion, TRAINING_RATE, speed=float(rng.uniform(*_SPEEDS)), offset=float(rng.random())
    )


def compose_stream(
    pool: MotionPool, label: int, frames: int, rng: np.random.Generator, *, in_place: bool = False
) -> Motion:
    """Compose one stream of `frames` frames at the training rate that contains a class.

    Args:
        pool: Where recordings come from.
        label: Class id that must occur.
        frames: Length.
        rng: Draws everything.
        in_place: Whether the pool's walks and runs are in place and may be made to travel.
    """
    motion = _prepared(pool.draw(label, rng), rng)
    if in_place:
        motion = _travel(motion, rng)
    # What came before: nothing (a cold start), a held pose, or another recording.
    kind = rng.random()
    if kind < 0.35:
        motion = hold_first(motion, int(rng.integers(1, frames // 2)))
    elif kind < 0.75:
        before = _prepared(pool.draw_neighbour(motion, rng), rng)
        motion = join(before, motion)
    while len(motion) < frames:
        motion = join(motion, _prepared(pool.draw_neighbour(motion, rng), rng))
    return _cut_around(motion, label, frames, rng)


def _cut_around(motion: Motion, label: int, frames: int, rng: np.random.Generator) -> Motion:
    """Cut `frames` frames so that a frame of the class lies in the later two thirds."""
    found = np.flatnonzero(motion.labels == label)
    # A class that a recording held for one frame may be gone after resampling.
    wanted = int(rng.choice(found if len(found) else len(motion)))
    start = wanted - int(rng.integers(frames // 3, frames))
    start = min(max(start, 0), len(motion) - frames)
    return motion.cut(start, start + frames)


def frame_weights(labels: NDArray[np.int16], rate: float = TRAINING_RATE) -> NDArray[np.float32]:
    """Weigh each frame: 0 where ignored, rising over the first moments of an activity.

    Args:
        labels: (N, T).
        rate: Frames per second.

    Returns:
        (N, T) in 0..1.
    """
    ramp = max(1, round(_RAMP_SEC * rate))
    age = np.zeros(labels.shape, np.int64)
    for frame in range(1, labels.shape[1]):
        same = labels[:, frame] == labels[:, frame - 1]
        age[:, frame] = np.where(same, age[:, frame - 1] + 1, 0)
    weights = np.minimum((age + 1) / ramp, 1.0) ** 2
    return np.where(labels == IGNORE, 0.0, weights).astype(np.float32)
