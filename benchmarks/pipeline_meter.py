#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Run one node as it is, and note where its processor time goes (used by pipeline.py).

    python benchmarks/pipeline_meter.py REPORT NODE --ros-args ...

Threads are told apart by who made them and when, stages by the clock of their thread. Once a
second all counts are noted with the time; the list is written to REPORT at the end.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

TICK_SEC = 1.0 / os.sysconf("SC_CLK_TCK")
WORKERS = ("perception", "pose", "activity")
STAGES = ("pose, Python", "tracker, smoothing", "features, network")


def read_seconds(stat: Path) -> float:
    """Return the processor time in a /proc stat file, seconds; 0 if it is gone."""
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * TICK_SEC


class Meter:
    """Processor time by part; parts that run at the same time are told apart by thread."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._mediapipe: set[int] = set()
        self._names: dict[int, str] = {}
        self._tasks: dict[int, float] = {}  # those that have ended, too
        self._notes: list[dict[str, float]] = []

    def wrap(self, owner: Any, name: str, part: str, clock: Callable[[], float]) -> None:
        """Count a method's time, of its thread or of the whole process, as a part's."""
        method = getattr(owner, name)

        def measured(*args: Any, **kwargs: Any) -> Any:
            start = clock()
            try:
                return method(*args, **kwargs)
            finally:
                self.spent[part] += clock() - start
                self.calls[part] += 1

        setattr(owner, name, measured)

    def wrap_stages(self) -> None:
        """Count the stages of the pipeline."""
        from co_perception.pipeline import ActivityStage
        from co_perception.pose.estimator import GatedEstimator
        from co_perception.pose.mediapipe_tasks import TasksDetector
        from co_perception.skeleton.smoothing import SkeletonSmoother
        from co_perception.skeleton.tracking import PersonTracker

        self.wrap(TasksDetector, "follow", "searches and following", time.thread_time)
        self.wrap(TasksDetector, "look", "look, own thread", time.thread_time)
        self.wrap(TasksDetector, "look", "second looks", time.process_time)
        self.wrap(GatedEstimator, "estimate", "pose, Python", time.thread_time)
        self.wrap(PersonTracker, "update", "tracker, smoothing", time.thread_time)
        self.wrap(SkeletonSmoother, "update", "tracker, smoothing", time.thread_time)
        self.wrap(ActivityStage, "process", "features, network", time.thread_time)
        create = TasksDetector.__init__

        def noted(*args: Any, **kwargs: Any) -> None:
            before = _tasks()
            create(*args, **kwargs)
            self._mediapipe |= _tasks() - before

        TasksDetector.__init__ = noted  # type: ignore[method-assign]

    def note(self) -> None:
        """Note what every part has spent until now."""
        self._names.update({t.native_id or 0: t.name for t in threading.enumerate()})
        for task in _tasks():
            seconds = read_seconds(Path(f"/proc/self/task/{task}/stat"))
            self._tasks[task] = max(seconds, self._tasks.get(task, 0.0))
        worker = 0.0
        parts: Counter[str] = Counter()
        for task, seconds in self._tasks.items():
            name = self._names.get(task)
            if name in WORKERS:
                worker += seconds
            else:
                parts[self._part_of(task, name)] += seconds
        look, own = self.spent["second looks"], self.spent["look, own thread"]
        parts["pose networks"] -= look - own
        parts["second looks"] = look
        parts["pose, Python"] = self.spent["pose, Python"] - own
        for stage in STAGES[1:]:
            parts[stage] = self.spent[stage]
        parts["messages"] = worker - self.spent["pose, Python"] - sum(map(parts.get, STAGES[1:]))
        calls = {f"calls: {part}": float(n) for part, n in self.calls.items()}
        total = read_seconds(Path("/proc/self/stat"))
        parts["rest"] += total - sum(parts.values())
        self._notes.append({"time": time.monotonic(), "total": total, **parts, **calls})

    def _part_of(self, task: int, name: str | None) -> str:
        if task in self._mediapipe:
            return "pose networks"
        if name == "MainThread":
            return "executor"
        return {"frame reader": "camera, reader", "meter": "rest"}.get(name or "", "DDS")

    def run(self, report: Path) -> None:
        """Note once a second, and keep the report up to date."""
        while True:
            time.sleep(1.0)
            self.note()
            draft = report.with_suffix(".draft")
            draft.write_text(json.dumps(self._notes))
            draft.replace(report)


def _tasks() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/task")}


def main() -> None:
    """Wrap the stages, start the meter, become the node."""
    report, node = Path(sys.argv[1]), sys.argv[2]
    sys.argv[:3] = [node]
    meter = Meter()
    meter.wrap_stages()
    threading.Thread(target=meter.run, args=(report,), name="meter", daemon=True).start()
    importlib.import_module(f"co_perception.nodes.{node}").main()


if __name__ == "__main__":
    main()
