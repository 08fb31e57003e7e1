# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Contestants side by side: compared first, then timed in turns."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.bench.contestant import Contestant, Worker, WorkerError
from co_perception.bench.energy import EnergyMeter, find_energy_meter
from co_perception.bench.machine import describe_machine
from co_perception.bench.quiet import Quiet, watch_load
from co_perception.bench.statistics import Latency, Ratio, paired_ratio, summarise
from co_perception.errors import ConfigError

__all__ = ["Contest", "Measurement", "Result", "run_contest"]

Say = Callable[[str], None]

_CALIBRATION_STEPS = 5


@dataclasses.dataclass(frozen=True)
class Contest:
    """How to measure.

    Attributes:
        contestants: In the order of the table; the first of each group is what the others of the
            group are compared with.
        rounds: Times that every contestant gets its turn, 1 or more.
        seconds: About how long a turn is, seconds.
        threads: Processors that a contestant may use.
        seed: Of the frames.
    """

    contestants: tuple[Contestant, ...]
    rounds: int = 5
    seconds: float = 1.0
    threads: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        names = [contestant.name for contestant in self.contestants]
        if not names or len(set(names)) != len(names):
            raise ConfigError(f"Contest: expected contestants of different names, got {names}")
        cores = len(os.sched_getaffinity(0))
        if not 1 <= self.threads <= cores or self.rounds < 1 or not 0 < self.seconds < 1e4:
            raise ConfigError(
                f"Contest: expected 1..{cores} threads, 1 or more rounds and seconds above 0, got "
                f"threads={self.threads}, rounds={self.rounds}, seconds={self.seconds}"
            )


@dataclasses.dataclass(frozen=True)
class Result:
    """What one contestant did.

    Attributes:
        contestant: Who.
        about: What the worker told of itself.
        failure: Why there is nothing else; "" if there is.
        start_seconds: From the start of the process to the end of its first step.
        memory_mib: Resident at the end.
        peak_mib: Resident at most.
        latency: Per step; of networks with a temporal stride per frame, mean of a period.
        frames_per_second: Rows per step divided by the median.
        ratio: Times faster than the first of the group; None for that one itself.
        difference: Largest difference of outputs from those of the group's first, relative to
            their spread.
        joules: Per step, of the whole board or package; None where nothing tells.
        rounds: The timings of each turn, nanoseconds per frame.
    """

    contestant: Contestant
    about: dict[str, Any] = dataclasses.field(default_factory=dict)
    failure: str = ""
    start_seconds: float = 0.0
    memory_mib: float = 0.0
    peak_mib: float = 0.0
    latency: Latency | None = None
    frames_per_second: float = 0.0
    ratio: Ratio | None = None
    difference: float | None = None
    joules: float | None = None
    rounds: tuple[tuple[int, ...], ...] = ()


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A contest that was held.

    Attributes:
        contest: How.
        machine: On what.
        quiet: Whether the machine had nothing else to do.
        date: When it began, with the zone.
        energy_source: What measured the energy; None where nothing tells.
        results: One per contestant.
    """

    contest: Contest
    machine: dict[str, object]
    quiet: Quiet
    date: str
    energy_source: str | None
    results: tuple[Result, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        plain = dataclasses.asdict(self)
        plain["quiet"] |= {"is_quiet": self.quiet.is_quiet, "reason": self.quiet.reason}
        return plain


class _Entry:
    """One contestant while the contest runs."""

    def __init__(self, contestant: Contestant) -> None:
        self.contestant = contestant
        self.worker: Worker | None = None
        self.failure = ""
        self.steps = 1
        self.rounds: list[tuple[int, ...]] = []
        self.difference: float | None = None
        self.joules = 0.0
        self.stepped = 0

    def attempt(self, work: Callable[[Worker], None]) -> None:
        """Let the worker do something; a failure ends this contestant, not the contest."""
        if self.worker is None or self.failure:
            return
        try:
            work(self.worker)
        except WorkerError as error:
            self.failure = str(error)

    def calibrate(self, worker: Worker, seconds: float) -> None:
        """Find how many steps make a turn."""
        period = int(worker.about["period"])
        timings = worker.run(_CALIBRATION_STEPS * period)
        self.steps = max(1, round(seconds * 1e9 / float(np.median(timings)) / period)) * period


def run_contest(
    contest: Contest, say: Say = lambda text: None, *, load_before: float | None = None
) -> Measurement:
    """Hold a contest.

    Every contestant is a process of its own, on the same processors. All are started first, each
    alone; then their outputs are compared; then they step in turns, and while one steps the
    others wait.

    Args:
        contest: Who and how.
        say: Takes a line of progress.
        load_before: Load per core before anything was prepared for this contest; None: now.
    """
    date = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    cpus = sorted(os.sched_getaffinity(0))[-contest.threads :]
    load, own = watch_load(load_before), time.process_time()
    gpu = any(c.spec.get("device", "cpu") != "cpu" for c in contest.contestants)
    meter = find_energy_meter(gpu=gpu)
    entries = [_Entry(contestant) for contestant in contest.contestants]
    with contextlib.ExitStack() as open_workers:
        for entry in entries:
            say(f"starting {entry.contestant.name}")
            _start(entry, cpus, open_workers)
        _compare_groups(entries, contest.seed, say)
        for entry in entries:
            entry.attempt(lambda worker, entry=entry: entry.calibrate(worker, contest.seconds))  # type: ignore[misc]
        for number in range(contest.rounds):
            say(f"round {number + 1} of {contest.rounds}")
            for entry in entries:
                _take_turn(entry, meter)
        pids = [entry.worker.pid for entry in entries if entry.worker and not entry.failure]
        quiet = load.finish(pids, time.process_time() - own)
        results = tuple(_conclude(entry, _first_of_group(entry, entries)) for entry in entries)
    source = meter.source if meter else None
    return Measurement(contest, describe_machine(), quiet, date, source, results)


def _start(entry: _Entry, cpus: Sequence[int], open_workers: contextlib.ExitStack) -> None:
    try:
        entry.worker = Worker(entry.contestant, cpus)
    except WorkerError as error:
        entry.failure = str(error)
    else:
        open_workers.callback(entry.worker.close)


def _take_turn(entry: _Entry, meter: EnergyMeter | None) -> None:
    if entry.worker is None or entry.failure:
        return
    if meter:
        meter.start()
    entry.attempt(lambda worker: entry.rounds.append(tuple(worker.run(entry.steps))))
    joules = meter.stop() if meter else 0.0
    if meter and not entry.failure:
        entry.joules += joules
        entry.stepped += entry.steps


def _first_of_group(entry: _Entry, entries: Sequence[_Entry]) -> _Entry:
    return next(e for e in entries if e.contestant.group == entry.contestant.group)


def _compare_groups(entries: Sequence[_Entry], seed: int, say: Say) -> None:
    """Compare outputs with those of each group's first; who differs is not timed."""
    references: dict[str, NDArray[np.float32]] = {}
    for entry in entries:
        group = entry.contestant.group
        members = [e for e in entries if e.contestant.group == group and e.worker]
        if len(members) < 2 or entry.worker is None or not _is_compared(entry):
            continue
        steps = max(int(e.worker.about.get("compare_steps", 1)) for e in members if e.worker)
        say(f"comparing {entry.contestant.name} over {steps} steps")
        entry.attempt(
            lambda worker, entry=entry, steps=steps: _compare(  # type: ignore[misc]
                entry, worker.compare(steps, seed), references
            )
        )


def _is_compared(entry: _Entry) -> bool:
    """Whether a contestant is to do the group's sum, and tells from which step on it can."""
    return bool(
        entry.contestant.tolerance is not None
        and entry.worker
        and "compare_steps" in entry.worker.about
    )


def _compare(
    entry: _Entry, outputs: NDArray[np.float32], references: dict[str, NDArray[np.float32]]
) -> None:
    reference = references.setdefault(entry.contestant.group, outputs)
    if reference is outputs:
        return
    name, tolerance = entry.contestant.name, entry.contestant.tolerance
    if outputs.shape != reference.shape:
        raise WorkerError(
            f"{name}: expected outputs {reference.shape} as the group's first gives, got "
            f"{outputs.shape}; it is another network"
        )
    entry.difference = float(np.abs(outputs - reference).max()) / _spread(reference)
    if tolerance is not None and not entry.difference <= tolerance:
        raise WorkerError(
            f"{name}: its outputs differ from those of the group's first by "
            f"{entry.difference:.1e} (at most {tolerance:.0e}): not timed, because it does not do "
            "the same sum"
        )


def _spread(outputs: NDArray[np.float32]) -> float:
    """Return the largest minus the smallest output: what decides a class, whatever the offset."""
    return float(np.ptp(outputs)) or float(np.abs(outputs).max())


def _conclude(entry: _Entry, first: _Entry) -> Result:
    """Return what is to be told of a contestant; its worker is still there."""
    memory = (0.0, 0.0)

    def measure(worker: Worker) -> None:
        nonlocal memory
        memory = worker.measure_memory()

    entry.attempt(measure)
    if entry.worker is None or entry.failure:
        about = entry.worker.about if entry.worker else {}
        return Result(entry.contestant, about, entry.failure, difference=entry.difference)
    latency = summarise([ns for turn in entry.rounds for ns in turn])
    paired = entry is not first and not first.failure
    return Result(
        contestant=entry.contestant,
        about=entry.worker.about,
        start_seconds=entry.worker.start_seconds,
        memory_mib=memory[0],
        peak_mib=memory[1],
        latency=latency,
        frames_per_second=1e3 * entry.worker.about["shape"][0] / latency.median,
        ratio=paired_ratio(entry.rounds, first.rounds) if paired else None,
        difference=entry.difference,
        joules=entry.joules / entry.stepped if entry.stepped else None,
        rounds=tuple(entry.rounds),
    )
