# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What was answered over time beside what was true: a record, figures and a picture of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from co_perception.camera.source import PersonTruth
from co_perception.engine.activity import SCENE, UNKNOWN, Activity, Validity
from co_perception.errors import ConfigError, DependencyError
from co_perception.palette import NEUTRAL, label_rgb
from co_perception.skeleton.types import Skeleton, TrackState

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["AnswerLog", "Score", "Span"]

WARMING_UP = "warming up"
NOT_USABLE = "no answer"

_MAX_PEOPLE_SHOWN = 8
_MATCH_DISTANCE = 0.5
"""A skeleton belongs to a known person when the centres of their boxes are at most this share of
the person's height apart."""


@dataclass
class Span:
    """A stretch of time with one answer or one true activity, seconds since the first frame."""

    text: str
    start_sec: float
    end_sec: float


@dataclass(frozen=True)
class Score:
    """How answers agree with the truth, in frames.

    Attributes:
        right: Answered with the true label, per true label.
        counted: Frames that count, per true label.
        unknown: Counted frames with the answer "unknown".
        unanswered: Counted frames without a usable answer.
    """

    right: dict[str, int]
    counted: dict[str, int]
    unknown: int
    unanswered: int

    @property
    def balanced(self) -> float | None:
        """Mean over the activities of the share that is right, 0..1; None: nothing counted."""
        shares = [self.right.get(label, 0) / n for label, n in self.counted.items() if n]
        return float(np.mean(shares)) if shares else None


@dataclass
class _Row:
    """One line of the picture."""

    name: str
    spans: list[Span] = field(default_factory=list)

    def add(self, text: str, start_sec: float, end_sec: float, gap_sec: float) -> None:
        last = self.spans[-1] if self.spans else None
        if last is not None and last.text == text and start_sec - last.end_sec <= gap_sec:
            last.end_sec = end_sec
            return
        if last is not None and start_sec - last.end_sec <= gap_sec:
            last.end_sec = start_sec
        self.spans.append(Span(text, start_sec, end_sec))

    @property
    def length_sec(self) -> float:
        return sum(span.end_sec - span.start_sec for span in self.spans)


class AnswerLog:
    """Collects the answers of a run, image by image; memory grows only when answers change."""

    def __init__(self, *, settle_sec: float = 0.0, gap_sec: float = 1.0) -> None:
        """Start an empty log.

        Args:
            settle_sec: Frames this soon after the true activity has changed are not counted: a
                network that looks back over a window cannot know yet.
            gap_sec: Spans farther apart than this are not joined.
        """
        self._settle_sec = settle_sec
        self._gap_sec = gap_sec
        self._truth: dict[str, _Row] = {}
        self._answers: dict[str, _Row] = {}
        self._owner: dict[str, str] = {}
        self._origin_ns: int | None = None
        self._last_ns = 0
        self._now_sec = 0.0
        self._right: dict[str, int] = {}
        self._counted: dict[str, int] = {}
        self._unknown = 0
        self._unanswered = 0

    def add(
        self,
        stamp_ns: int,
        skeletons: Sequence[Skeleton],
        activities: Sequence[Activity],
        truth: Sequence[PersonTruth] = (),
    ) -> None:
        """Note the answers for one image.

        Args:
            stamp_ns: Its time; a time that goes back (a loop) continues after the last one.
            skeletons: People, REMOVED ones are left out.
            activities: Matched by body id; that of a scene stands for itself.
            truth: What is known of rendered people; a scene is not judged by it.
        """
        before_sec = self._advance(stamp_ns)
        by_id = {activity.stream_id: activity for activity in activities}
        people = [s for s in skeletons if s.track_state != TrackState.REMOVED]
        named = {person.name: person for person in truth}
        for person in truth:
            row = self._truth.setdefault(person.name, _Row(person.name))
            row.add(person.label, before_sec, self._now_sec, self._gap_sec)
        seen = self._match(people, truth)
        for skeleton in people:
            if (activity := by_id.get(skeleton.body_id)) is None:
                continue
            owner = seen.get(skeleton.body_id) or self._owner.get(skeleton.body_id)
            name = owner or skeleton.body_id
            row = self._answers.setdefault(name, _Row(name))
            row.add(_answer(activity), before_sec, self._now_sec, self._gap_sec)
        if not people and (scene := by_id.get(SCENE)):
            row = self._answers.setdefault(SCENE, _Row(SCENE))
            row.add(_answer(scene), before_sec, self._now_sec, self._gap_sec)
            return
        answers = {
            seen[s.body_id]: by_id[s.body_id]
            for s in people
            if s.body_id in seen and s.body_id in by_id
        }
        for name, person in named.items():
            self._count(person, answers.get(name), stamp_ns)

    def score(self) -> Score | None:
        """Return how answers and truth agree; None when no truth is known, or for a scene."""
        if not self._truth or SCENE in self._answers:
            return None
        return Score(dict(self._right), dict(self._counted), self._unknown, self._unanswered)

    def spans(self) -> dict[str, list[Span]]:
        """Return the answers over time per person."""
        return {name: list(row.spans) for name, row in self._answers.items()}

    def save(self, path: str | Path, title: str = "") -> None:
        """Draw the picture: a row of truth (where known) and one of answers for each person.

        Raises:
            DependencyError: If matplotlib is not installed.
            ConfigError: If the file cannot be written.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise DependencyError(
                "Timeline picture: matplotlib is missing; install it with "
                "'pip install matplotlib'."
            ) from error
        rows = self._rows()
        # A Figure of its own, not pyplot: no global state, so any thread may save.
        figure = Figure(figsize=(12, 1.4 + 0.5 * max(1, len(rows))), dpi=110, layout="constrained")
        axes = figure.add_subplot()
        self._paint(axes, rows, title)
        try:
            figure.savefig(path)
        except (OSError, ValueError) as error:
            raise ConfigError(f"Timeline picture '{path}': cannot be written: {error}.") from error

    def _advance(self, stamp_ns: int) -> float:
        """Move the clock of the picture; return where it was."""
        if self._origin_ns is None:
            self._origin_ns = stamp_ns
        elif stamp_ns < self._last_ns:
            self._origin_ns = stamp_ns - round(self._now_sec * 1e9)
        self._last_ns = stamp_ns
        before_sec, self._now_sec = self._now_sec, (stamp_ns - self._origin_ns) * 1e-9
        return max(before_sec, self._now_sec - self._gap_sec)

    def _match(self, people: Sequence[Skeleton], truth: Sequence[PersonTruth]) -> dict[str, str]:
        """Say which skeleton is which known person: the nearest one, each at most once."""
        found: dict[str, str] = {}
        pairs = sorted(
            (distance, skeleton.body_id, person.name)
            for skeleton in people
            for person in truth
            if (distance := _distance(skeleton, person)) <= _MATCH_DISTANCE
        )
        for _, body_id, name in pairs:
            if body_id not in found and name not in found.values():
                found[body_id] = name
        self._owner.update(found)
        return found

    def _count(self, person: PersonTruth, answer: Activity | None, stamp_ns: int) -> None:
        if stamp_ns - person.since_ns < self._settle_sec * 1e9:
            return
        label = person.label
        self._counted[label] = self._counted.get(label, 0) + 1
        if answer is None or not answer.usable:
            self._unanswered += 1
        elif answer.label == label:
            self._right[label] = self._right.get(label, 0) + 1
        elif answer.label == UNKNOWN:
            self._unknown += 1

    def _rows(self) -> list[tuple[str, _Row]]:
        """Return the lines of the picture from top to bottom."""
        names = list(self._truth)
        others = [row for name, row in self._answers.items() if name not in self._truth]
        # Many short tracks would hide the long ones.
        others.sort(key=lambda row: -row.length_sec)
        kept = others[: max(0, _MAX_PEOPLE_SHOWN - len(names))]
        rows = []
        for name in names:
            rows.append((f"{name}: truth", self._truth[name]))
            rows.append((f"{name}: answer", self._answers.get(name, _Row(name))))
        order = list(self._answers)
        for row in sorted(kept, key=lambda row: order.index(row.name)):
            rows.append((f"person {row.name.rpartition('_')[2][-8:]}", row))
        return rows

    def _paint(self, axes: Axes, rows: list[tuple[str, _Row]], title: str) -> None:
        end_sec = max(self._now_sec, 1e-3)
        for index, (_, row) in enumerate(rows):
            for span in row.spans:
                _paint_span(axes, span, len(rows) - 1 - index, end_sec)
        axes.set_yticks(range(len(rows)), [name for name, _ in reversed(rows)])
        axes.set_ylim(-0.6, max(1, len(rows)) - 0.4)
        axes.set_xlim(0.0, end_sec)
        axes.set_xlabel("seconds")
        axes.set_title(title or "Activities over time", loc="left", fontsize=11)
        if not rows:
            axes.text(0.5, 0.5, "nobody was seen", transform=axes.transAxes, ha="center")
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="0.9")
        axes.set_axisbelow(True)
        axes.legend(handles=_legend(row for _, row in rows), loc="upper left",
                    bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)  # fmt: skip


def _answer(activity: Activity) -> str:
    if activity.usable:
        return activity.label
    return WARMING_UP if activity.validity == Validity.WARMING_UP else NOT_USABLE


def _distance(skeleton: Skeleton, person: PersonTruth) -> float:
    """Distance between the boxes' centres, in heights of the known person's box."""
    joints = person.joints_px[np.isfinite(person.joints_px).all(axis=1)]
    if not len(joints):
        return float("inf")
    low, high = joints.min(axis=0), joints.max(axis=0)
    x_min, y_min, x_max, y_max = skeleton.box
    centre = np.array([x_min + x_max, y_min + y_max]) / 2 * skeleton.image_size
    return float(np.linalg.norm(centre - (low + high) / 2) / max(high[1] - low[1], 1.0))


def _style(text: str) -> dict[str, Any]:
    """How a span looks: activities in their colour, everything else in shades of grey."""
    if text == WARMING_UP:
        return {"facecolor": "0.96", "edgecolor": "0.75", "hatch": "////", "linewidth": 0.0}
    if text == NOT_USABLE:
        return {"facecolor": "none", "edgecolor": "0.8", "linewidth": 0.8, "linestyle": ":"}
    rgb = NEUTRAL if text == UNKNOWN else label_rgb(text)
    return {"facecolor": [channel / 255 for channel in rgb], "edgecolor": "white"}


def _paint_span(axes: Axes, span: Span, y: int, end_sec: float) -> None:
    length_sec = span.end_sec - span.start_sec
    axes.broken_barh([(span.start_sec, length_sec)], (y - 0.36, 0.72), **_style(span.text))
    words = span.text.replace("_", " ")
    # About 110 letters of this size fit across the picture.
    if span.text not in (WARMING_UP, NOT_USABLE) and length_sec / end_sec * 110 > len(words) + 1:
        middle = span.start_sec + length_sec / 2
        axes.text(
            middle, y, words, ha="center", va="center", fontsize=8, color="0.1", clip_on=True
        )


def _legend(rows: Iterable[_Row]) -> list[Any]:
    from matplotlib.patches import Patch

    texts = {span.text for row in rows for span in row.spans}
    last = (UNKNOWN, WARMING_UP, NOT_USABLE)
    order = sorted(texts.difference(last)) + [text for text in last if text in texts]
    return [Patch(label=text.replace("_", " "), **_style(text)) for text in order]
