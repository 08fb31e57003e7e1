# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The worker's end of a contest: a process that steps when it is told to and times itself.

One line of JSON in, one out. It needs the standard library and numpy alone, so that a peer can be
served from an environment that has nothing else of this package's.

    {"do": "compare", "steps": 80, "seed": 0}   -> {"outputs": [[...], ...]}: of the last steps
    {"do": "run", "steps": 100}                 -> {"ns": [...]}: one entry per frame
    {"do": "memory"}                            -> {"now_mib": ..., "peak_mib": ...}

All that a worker of another network needs is a class with `step` and `describe`, and

    serve(MySteps, json.loads(sys.argv[-1]))    # {"batch": 1, "threads": 1, "folder": ...}
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["KEPT_OUTPUTS", "Stepper", "make_frames", "serve"]

KEPT_OUTPUTS = 3
"""Outputs of a comparison that are handed over: those of the last steps that gave one."""

_POOL = 8  # frames made beforehand, so that no step waits for random numbers


class Stepper(Protocol):
    """What a worker times.

    Attributes:
        shape: Of one step's input, rows first.
        period: Steps after which the work repeats; they are timed together.
    """

    shape: tuple[int, ...]
    period: int

    def step(self, frame: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Advance by one frame and return what it gives, None for nothing yet."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return what else is to be told: precision, state bytes, versions.

        Who does the same sum as the others tells `compare_steps`, the steps from a cold start
        after which outputs are compared; without it a worker is timed only.
        """
        ...


def make_frames(shape: tuple[int, ...], count: int, seed: int) -> list[NDArray[np.float32]]:
    """Return the frames that every contestant sees, normally distributed."""
    generator = np.random.default_rng(seed)
    return [generator.standard_normal(shape, dtype=np.float32) for _ in range(count)]


def serve(make: Callable[[dict[str, Any]], Stepper], spec: dict[str, Any]) -> None:
    """Make a stepper, take one step, say so, and do what comes in until the input ends.

    What libraries print goes to the standard error, since the standard output is the line.

    Args:
        make: Makes the stepper of a specification.
        spec: The specification.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        stepper = make(spec)
        stepper.step(make_frames(stepper.shape, 1, seed=0)[0])
    except Exception as error:
        # the other end must learn of every failure: it has no other way to tell why nothing comes
        _answer(answers, {"error": f"{type(error).__name__}: {error}"})
        return
    about = {"shape": list(stepper.shape), "period": stepper.period, **stepper.describe()}
    _answer(answers, {"ready": about, **_memory()})
    _obey(sys.stdin, answers, make, spec, stepper)


def _obey(
    orders: Iterable[str],
    answers: TextIO,
    make: Callable[[dict[str, Any]], Stepper],
    spec: dict[str, Any],
    stepper: Stepper,
) -> None:
    frames = make_frames(stepper.shape, _POOL, seed=1)
    for line in orders:
        order = json.loads(line)
        if order["do"] == "run":
            _answer(answers, {"ns": _time(stepper, frames, order["steps"])})
        elif order["do"] == "compare":
            del stepper  # two at once would count twice in the peak of memory
            stepper = make(spec)
            _answer(answers, {"outputs": _compare(stepper, order["steps"], order["seed"])})
        else:
            _answer(answers, _memory())


def _time(stepper: Stepper, frames: list[NDArray[np.float32]], steps: int) -> list[int]:
    """Return nanoseconds per frame, each the mean of one period."""
    period, clock = stepper.period, time.perf_counter_ns
    timings, count = [], len(frames)
    for turn in range(max(1, steps // period)):
        start = clock()
        for i in range(turn * period, (turn + 1) * period):
            stepper.step(frames[i % count])
        timings.append((clock() - start) // period)
    return timings


def _compare(stepper: Stepper, steps: int, seed: int) -> list[list[float]]:
    """Return the last outputs of a stream that begins here."""
    outputs: list[list[float]] = []
    for frame in make_frames(stepper.shape, steps, seed):
        output = stepper.step(frame)
        if output is not None:
            row = np.asarray(output, dtype=np.float32).ravel().tolist()
            outputs = [*outputs[1 - KEPT_OUTPUTS :], row]
    return outputs


def _memory() -> dict[str, float]:
    """Return resident memory of this process, now and at its peak."""
    sizes = {}
    with open("/proc/self/status", encoding="utf-8") as status:
        for line in status:
            if line.startswith(("VmRSS:", "VmHWM:")):
                sizes[line[:5]] = round(int(line.split()[1]) / 1024, 1)
    return {"now_mib": sizes["VmRSS"], "peak_mib": sizes["VmHWM"]}


def _answer(answers: TextIO, content: dict[str, Any]) -> None:
    answers.write(json.dumps(content) + "\n")
    answers.flush()
