# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Measurements that can be believed: every contestant in a process of its own, in turns, pinned.

Nothing here prints; `co-perception bench` and the scripts of benchmarks/ do.
"""

from co_perception.bench.contest import Contest, Measurement, Result, run_contest
from co_perception.bench.contestant import Contestant, WorkerError
from co_perception.bench.machine import describe_machine
from co_perception.bench.quiet import Quiet, read_load, watch_load
from co_perception.bench.statistics import Latency, paired_ratio, summarise

__all__ = [
    "Contest",
    "Contestant",
    "Latency",
    "Measurement",
    "Quiet",
    "Result",
    "WorkerError",
    "describe_machine",
    "paired_ratio",
    "read_load",
    "run_contest",
    "summarise",
    "watch_load",
]
