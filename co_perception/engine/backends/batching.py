# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Whether rows step as one batch or one by one: measured once, then remembered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np

from co_perception.engine.cache import cache_path, read_cached, write_cached
from co_perception.engine.fast.groups import RowGroups
from co_perception.engine.fast.lane import Executor

__all__ = ["Batching", "choose_batching"]

_ROWS = 4
_SECONDS, _MOST_ROUNDS = 0.15, 5
_Clock = Callable[[], float]


class Batching(NamedTuple):
    """How rows step.

    Attributes:
        together: As one batch, in lockstep groups.
        reason: Why, in words.
    """

    together: bool
    reason: str


def choose_batching(
    phases: Sequence[Executor], rows: int, key: Sequence[str], *, clock: _Clock = time.perf_counter
) -> Batching:
    """Return how rows step faster on this machine: a few steps of both, taking turns.

    In half of these steps every second row stands still, as people do who are hidden and cameras
    of another rate: a batch computes and carries them along, single steps leave them alone.

    It takes a second or two where the runtime compiles for a number of rows, else 0.2 s, and
    nothing for a single row or for what is remembered. The numbers do not depend on the answer
    but by rounding.

    Args:
        phases: One executor per phase.
        rows: Rows of the state.
        key: What the answer depends on, beside the number of rows and the machine.
        clock: Seconds.
    """
    if rows == 1:
        return Batching(False, "a single row")
    count = min(rows, _ROWS)
    path = cache_path("batching", str(count), *key)
    ratio, how = _read_ratio(read_cached(path)), "remembered"
    if ratio is None:
        ratio, how = _measure(phases, count, clock), "measured"
        write_cached(path, json.dumps(ratio).encode())
    said = "as one batch" if ratio < 1.0 else "one by one"
    return Batching(
        ratio < 1.0, f"rows step {said}: a batch of {count} {how} as {ratio:.2f} of single steps"
    )


def _read_ratio(content: bytes | None) -> float | None:
    """Return the ratio in a cached file; None where there is none."""
    try:
        ratio = float(json.loads(content or b""))
    except (ValueError, TypeError):
        return None
    return ratio if ratio > 0 else None


def _measure(phases: Sequence[Executor], rows: int, clock: _Clock) -> float:
    """Return the time of rows as a batch, of their time one by one."""
    batch, single = (RowGroups(phases, rows, together=together) for together in (True, False))
    for groups in (batch, single):  # the first steps allocate, or compile
        _time_steps(groups, clock)
    ratios: list[float] = []
    start = clock()
    while len(ratios) < _MOST_ROUNDS and (not ratios or clock() - start < _SECONDS):
        ratios.append(_time_steps(batch, clock) / _time_steps(single, clock))
    return median(ratios)


def _time_steps(groups: RowGroups, clock: _Clock) -> float:
    """Return seconds of a period in which all rows move, and of one in which half of them do."""
    frames = np.zeros((groups.rows, *groups.plan.step_shape), np.float32)
    everybody = np.ones(groups.rows, np.bool_)
    start = clock()
    for update in (everybody, np.arange(groups.rows) % 2 == 0):
        for _ in range(groups.plan.period):
            groups.step(frames, update)
    return max(clock() - start, 1e-9)
