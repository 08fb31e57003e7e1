# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Scripts of activities in a row, joined by natural transitions, with a label at every moment.

```
activity A ........|.......... activity B
             [ blend ]          A and B are mixed; the frame is marked as a transition
                  ^             the label changes in the middle of the blend
```
A foot that must change its place during a blend is lifted, first the left one, then the right.
A script is a loop: its last segment blends into its first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ConfigError
from co_perception.motion.body import COMMON13, Body, sample_body
from co_perception.motion.clips import Performance, perform
from co_perception.motion.curves import FloatArray, ease
from co_perception.motion.kinematics import SolvedPose, solve
from co_perception.motion.pose import CHANNELS, SIZE, arm_detour, place
from co_perception.motion.splits import check_split, create_rng
from co_perception.motion.styles import LABELS

__all__ = ["Segment", "Timeline", "make_timeline"]

_BLEND_SEC = (0.5, 0.9)
_STEP_LIFT_M = 0.07


@dataclass(frozen=True)
class Segment:
    """One activity of a script: from `start` to `end` seconds, blended over `blend` at its start.

    Attributes:
        played: The performance; its time 0 is the segment's start.
        heading: Turn of the performance to the left, radians.
    """

    played: Performance
    start: float
    end: float
    blend: float
    heading: float

    def poses_at(self, t: FloatArray) -> FloatArray:
        """Return poses (T, D) at times (T,) since the segment's start, seconds."""
        return place(self.played.poses(t), 0.0, 0.0, self.heading)

    @property
    def label(self) -> str:
        """The activity."""
        return self.played.label


@dataclass(frozen=True)
class Timeline:
    """A script performed by one body.

    Attributes:
        segments: Activities in order, without gaps.
        body: Who performs.
        split: "train" or "judge".
    """

    segments: tuple[Segment, ...]
    body: Body
    split: str

    @property
    def duration(self) -> float:
        """Length of the loop, seconds."""
        return self.segments[-1].end

    def index_at(self, t: FloatArray) -> NDArray[np.int64]:
        """Return the segment (T,) at times (T,); times wrap at the duration."""
        ends = np.array([segment.end for segment in self.segments])
        return np.minimum(np.searchsorted(ends, self._wrap(t), side="right"), len(ends) - 1)

    def labels_at(self, t: FloatArray) -> list[str]:
        """Return the label at each of the times (T,), seconds."""
        return [self.segments[i].label for i in self.index_at(t)]

    def starts_at(self, t: FloatArray) -> FloatArray:
        """Return when the activity of each time (T,) began, on the same clock as `t`."""
        t = np.asarray(t, np.float64)
        starts = np.array([segment.start for segment in self.segments])
        return np.asarray(t - self._wrap(t) + starts[self.index_at(t)])

    def is_transition(self, t: FloatArray) -> NDArray[np.bool_]:
        """Return (T,) True within a blend between two activities."""
        t = self._wrap(t)
        out: NDArray[np.bool_] = np.zeros(len(t), np.bool_)
        for segment in self.segments:
            out |= np.abs(self._since(t, segment)) < 0.5 * segment.blend
        return out

    def poses_at(self, t: FloatArray) -> FloatArray:
        """Return pose vectors (T, D) at times (T,), seconds."""
        t = self._wrap(t)
        out = np.zeros((len(t), SIZE))
        now = self.index_at(t)
        for i, segment in enumerate(self.segments):
            inside = now == i
            if inside.any():
                out[inside] = segment.poses_at(t[inside] - segment.start)
        for last, segment in zip(self._before(), self.segments, strict=True):
            since = self._since(t, segment)
            inside = np.abs(since) < 0.5 * segment.blend
            if inside.any():
                since = since[inside]
                old = last.poses_at(last.end - last.start + since)
                out[inside] = _blend(old, segment.poses_at(since), since / segment.blend + 0.5)
        return out

    def solve_at(self, t: FloatArray) -> SolvedPose:
        """Return joints and frames at times (T,), seconds."""
        return solve(self.poses_at(t), self.body)

    def sample(self, rate: float) -> tuple[FloatArray, list[str], NDArray[np.bool_]]:
        """Read the whole script at `rate` Hz.

        Returns:
            (T, 13, 3) metres, the T labels, and (T,) True within blends.
        """
        t = np.arange(round(self.duration * rate)) / rate
        joints = self.solve_at(t).joints[:, : len(COMMON13)]
        return joints, self.labels_at(t), self.is_transition(t)

    def _wrap(self, t: FloatArray) -> FloatArray:
        return np.asarray(np.mod(np.asarray(t, np.float64), self.duration))

    def _since(self, t: FloatArray, segment: Segment) -> FloatArray:
        """Return the time since a segment's start, on the loop: negative shortly before it."""
        half = 0.5 * self.duration
        return np.asarray(np.mod(t - segment.start + half, self.duration) - half)

    def _before(self) -> tuple[Segment, ...]:
        return (self.segments[-1], *self.segments[:-1])


def _blend(old: FloatArray, new: FloatArray, share: FloatArray) -> FloatArray:
    """Mix two performances; each foot steps in its own half of the time."""
    new = new.copy()
    yaw = [CHANNELS["pelvis"].start, *range(*CHANNELS["foot_turn"].indices(SIZE))]
    # A person who walked round has turned by whole turns: those need no turning back.
    turns = np.round((old[:, yaw[0]] - new[:, yaw[0]]).mean() / (2.0 * np.pi))
    new[:, yaw] += 2.0 * np.pi * turns
    weight = np.repeat(ease(share)[:, None], SIZE, axis=1)
    lift = np.zeros_like(new)
    for side, name in enumerate(("foot_l", "foot_r")):
        own = ease(2.0 * share - side)
        at = CHANNELS[name]
        columns = [*range(*at.indices(SIZE))]
        columns += [CHANNELS["foot_turn"].start + side, CHANNELS["foot_pitch"].start + side]
        weight[:, columns] = own[:, None]
        far = np.hypot(*(new[:, [at.start, at.stop - 1]] - old[:, [at.start, at.stop - 1]]).T)
        lift[:, at.start + 1] = np.minimum(_STEP_LIFT_M, 0.5 * far) * np.sin(np.pi * own)
    # The detour is largest half-way and gone at both ends.
    round_about = 4.0 * weight * (1.0 - weight) * arm_detour(old, new)
    return np.asarray(old + weight * (new - old) + lift + round_about)


def make_timeline(
    labels: Sequence[str] | None = None,
    *,
    seed: int = 0,
    split: str = "judge",
    seconds: tuple[float, float] = (4.0, 7.0),
    body: Body | None = None,
) -> Timeline:
    """Write a script and cast it.

    Args:
        labels: Activities in order; None: all of them, shuffled, with standing in between. Where
            somebody sits down, standing up follows, and the other way round.
        seed: Equal seeds give equal scripts; the splits share no script.
        split: "train" or "judge".
        seconds: Shortest and longest time for an activity. Whole repetitions are performed, and
            sitting down and standing up take the time they need.
        body: Who performs; None: drawn from the split.

    Raises:
        ConfigError: If a label is unknown, none is given, or the times are not positive.
    """
    check_split(split)
    if not 0.0 < seconds[0] <= seconds[1]:
        raise ConfigError(f"make_timeline: expected 0 < shortest <= longest, got {seconds}")
    rng = create_rng(split, seed, "timeline")
    body = body or sample_body(create_rng(split, seed, "body"), split)
    order = _shuffled(rng) if labels is None else _completed(labels)
    segments: list[Segment] = []
    start = 0.0
    heading = 0.0
    for label in order:
        wanted = float(rng.uniform(*seconds))
        played = perform(label, wanted, rng, split, tempo=body.tempo, anywhere=False)
        length = _length(played, wanted, rng)
        if label != "stand_up":
            heading = float(np.clip(rng.normal(0.0, 0.12), -0.25, 0.25))
        blend = min(float(rng.uniform(*_BLEND_SEC)), 0.8 * length)
        segments.append(Segment(played, start, start + length, blend, heading))
        start += length
    return Timeline(tuple(segments), body, split)


def _length(played: Performance, wanted: float, rng: np.random.Generator) -> float:
    """Return how long a performance lasts: whole repetitions, or a transition and a short rest."""
    if not played.repeats:
        return played.period + float(rng.uniform(0.3, 0.9))
    if played.label in ("stand", "walk", "run"):
        return wanted
    return max(1, round(wanted / played.period)) * played.period


def _shuffled(rng: np.random.Generator) -> list[str]:
    """Order all activities at random, standing first and now and then in between."""
    order = ["stand"]
    for i in rng.permutation(len(LABELS)):
        if LABELS[i] in ("stand", "stand_up"):
            continue
        order.append(LABELS[i])
        if LABELS[i] == "sit_down":
            order.append("stand_up")
        if rng.random() < 0.4:
            order.append("stand")
    return order


def _completed(labels: Sequence[str]) -> list[str]:
    """Check an order of activities and pair sitting down with standing up."""
    unknown = sorted(set(labels) - set(LABELS))
    if unknown or not labels:
        raise ConfigError(
            f"make_timeline: expected labels of {sorted(LABELS)}, got {unknown or 'none'}"
        )
    order: list[str] = []
    for label in labels:
        seated = bool(order) and order[-1] == "sit_down"
        if seated and label != "stand_up":
            order.append("stand_up")
        if label == "stand_up" and not seated:
            order.append("sit_down")
        order.append(label)
    return order + (["stand_up"] if order[-1] == "sit_down" else [])
