# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The other end of the line to a worker: starts it pinned, tells it what to do, reads answers."""

from __future__ import annotations

import dataclasses
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import CoPerceptionError

__all__ = ["OWN_WORKER", "Contestant", "Worker", "WorkerError"]

OWN_WORKER = (sys.executable, "-m", "co_perception.bench.worker")
"""Command of a worker that serves this package's networks."""

_OPEN_TIMEOUT = 300.0  # a first export and compilation may take a while
_STEP_TIMEOUT = 300.0
_CLOSE_TIMEOUT = 10.0
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_LAST_WORDS = 600  # characters of a worker's standard error that an error repeats


class WorkerError(CoPerceptionError):
    """A contestant of a benchmark could not start, answer or finish."""


@dataclasses.dataclass(frozen=True)
class Contestant:
    """One line of a contest.

    Attributes:
        name: For tables, unique in the contest.
        spec: What the worker makes: plain values, see the worker.
        command: Starts the worker; the specification is added as its last argument.
        environment: Variables beside the caller's.
        group: Contestants of one group do the same sum: outputs are compared with those of the
            group's first, and ratios are taken to it.
        tolerance: Largest difference of outputs from those of the group's first, relative to
            their spread; None: not compared, because it is another function by nature. Who tells
            no `compare_steps` is not compared either.
    """

    name: str
    spec: Mapping[str, Any]
    command: Sequence[str] = OWN_WORKER
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    group: str = ""
    tolerance: float | None = 1e-4


class Worker:
    """A running contestant.

    Args:
        contestant: What to start.
        cpus: Processors that it may use, as many as it may have threads.

    Raises:
        WorkerError: If it cannot be started, or says why it cannot do its work.
    """

    def __init__(self, contestant: Contestant, cpus: Sequence[int]) -> None:
        self.contestant = contestant
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        threads = {name: str(len(cpus)) for name in _THREAD_VARIABLES}
        spec = {**contestant.spec, "threads": len(cpus)}
        start = time.perf_counter()
        try:
            self._process = subprocess.Popen(
                [*contestant.command, json.dumps(spec)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env={**os.environ, **threads, **contestant.environment},
                text=True,
                preexec_fn=lambda: os.sched_setaffinity(0, cpus),
            )
        except OSError as error:
            self._complaints.close()
            raise WorkerError(f"{contestant.name}: {error}; is its environment there?") from error
        answer = self._read(_OPEN_TIMEOUT)
        self.start_seconds = time.perf_counter() - start
        self.about: dict[str, Any] = answer["ready"]

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    def run(self, steps: int) -> list[int]:
        """Step, and return nanoseconds per frame: one entry per period of the network."""
        timings: list[int] = self._ask({"do": "run", "steps": steps})["ns"]
        return timings

    def compare(self, steps: int, seed: int) -> NDArray[np.float32]:
        """Return the last outputs, (outputs, numbers), of a stream of so many frames from cold."""
        return np.array(
            self._ask({"do": "compare", "steps": steps, "seed": seed})["outputs"], np.float32
        )

    def measure_memory(self) -> tuple[float, float]:
        """Return resident memory now and at its peak, MiB."""
        answer = self._ask({"do": "memory"})
        return answer["now_mib"], answer["peak_mib"]

    def close(self) -> None:
        """End the process."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(_CLOSE_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._complaints.close()

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._failure("it has ended") from error
        return self._read(_STEP_TIMEOUT)

    def _read(self, timeout: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(timeout):
                raise self._failure(f"no answer within {timeout:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise self._failure("it ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise self._failure(answer["error"])
        return answer

    def _failure(self, what: str) -> WorkerError:
        self._process.kill()
        self._process.wait()
        self._complaints.seek(0)
        words = self._complaints.read().decode(errors="replace").strip()[-_LAST_WORDS:]
        self.close()
        return WorkerError(f"{self.contestant.name}: {what}" + (f"\n{words}" if words else ""))
