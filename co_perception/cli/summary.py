# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a run amounted to: figures for machines and tables for people."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from co_perception.engine.activity import SCENE
from co_perception.pipeline import PipelineResult
from co_perception.skeleton.types import TrackState
from co_perception.timeline import AnswerLog

__all__ = ["RunStats", "print_summary"]


class RunStats:
    """Collects figures while the pipeline runs."""

    def __init__(self) -> None:
        self.frames = 0
        self.empty_frames = 0
        self._timings: dict[str, list[float]] = defaultdict(list)
        self._people: set[str] = set()
        self._last_ns: int | None = None
        self.media_sec = 0.0

    def add(self, result: PipelineResult) -> None:
        """Note one processed image."""
        self.frames += 1
        stamp_ns = result.frame.stamp_ns
        if self._last_ns is not None and stamp_ns > self._last_ns:
            self.media_sec += (stamp_ns - self._last_ns) * 1e-9
        self._last_ns = stamp_ns
        for stage, seconds in result.timings.items():
            self._timings[stage].append(seconds)
        seen = {
            s.body_id for s in result.skeletons if s.track_state in (TrackState.NEW, TrackState.OK)
        }
        self._people |= seen
        is_scene = any(activity.stream_id == SCENE for activity in result.activities)
        self.empty_frames += not (seen or is_scene)

    def to_dict(self, log: AnswerLog, **more: Any) -> dict[str, Any]:
        """Return everything as plain values; `more` comes first."""
        score = log.score()
        truth = None
        if score is not None:
            truth = {
                "balanced": score.balanced,
                "right": score.right,
                "counted": score.counted,
                "unknown": score.unknown,
                "unanswered": score.unanswered,
            }
        return {
            **more,
            "frames": self.frames,
            "empty_frames": self.empty_frames,
            "media_sec": round(self.media_sec, 3),
            "people": len(self._people),
            "stages_ms": {name: _spread(values) for name, values in self._timings.items()},
            "activities_sec": _seconds_per_label(log),
            "truth": truth,
        }


def _spread(seconds: list[float]) -> dict[str, float]:
    values = np.asarray(seconds) * 1e3
    return {
        "mean": round(float(values.mean()), 2),
        "p95": round(float(np.percentile(values, 95)), 2),
    }


def _seconds_per_label(log: AnswerLog) -> dict[str, dict[str, float]]:
    people: dict[str, dict[str, float]] = {}
    for name, spans in log.spans().items():
        seconds: dict[str, float] = defaultdict(float)
        for span in spans:
            seconds[span.text] += span.end_sec - span.start_sec
        people[name] = {text: round(value, 2) for text, value in seconds.items()}
    return people


def print_summary(console: Console, summary: dict[str, Any]) -> None:
    """Print the figures of a run as tables."""
    facts = Table.grid(padding=(0, 2))
    empty = f", nobody in {summary['empty_frames']}" if summary["empty_frames"] else ""
    facts.add_row("source", str(summary["source"]))
    facts.add_row("images", f"{summary['frames']}{empty}, {summary['dropped_frames']} dropped")
    facts.add_row(
        "time", f"{summary['media_sec']:.1f} s in {summary['wall_sec']:.1f} s"
        f" ({summary['images_per_sec']:.1f} images/s)"
    )  # fmt: skip
    for stage, spread in summary["stages_ms"].items():
        facts.add_row(stage, f"{spread['mean']:.1f} ms, p95 {spread['p95']:.1f} ms")
    for name, path in summary["files"].items():
        facts.add_row(name, str(path))
    console.print(facts)
    if summary["activities_sec"]:
        console.print(_activity_table(summary["activities_sec"]))
    else:
        console.print("Nobody was seen.")
    if summary["truth"] is not None:
        console.print(_truth_table(summary["truth"]))
        unsure = "'unknown' in {unknown} images, no answer in {unanswered}"
        console.print(f"(synthetic; {unsure.format(**summary['truth'])})", style="dim")


def _activity_table(people: dict[str, dict[str, float]]) -> Table:
    table = Table("person", "activities by time", box=None, pad_edge=False)
    for name, seconds in people.items():
        ranked = sorted(seconds.items(), key=lambda item: -item[1])
        words = (f"{text.replace('_', ' ')} {value:.1f} s" for text, value in ranked)
        table.add_row(name.rpartition("_")[2], ", ".join(words))
    return table


def _truth_table(truth: dict[str, Any]) -> Table:
    table = Table("true activity", "right", "images", box=None, pad_edge=False)
    for label, counted in sorted(truth["counted"].items()):
        share = truth["right"].get(label, 0) / counted
        table.add_row(label.replace("_", " "), f"{share:.0%}", str(counted))
    if truth["balanced"] is not None:
        counted = sum(truth["counted"].values())
        table.add_row("mean over activities", f"{truth['balanced']:.0%}", str(counted))
    return table
