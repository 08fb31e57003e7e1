# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a machine had nothing else to do while it measured."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["MOST_LOAD", "LoadWatch", "Quiet", "read_load", "watch_load"]

MOST_LOAD = 0.5
"""Load per core, by others than the contestants, above which a result is not called quiet."""

_USER, _NICE, _SYSTEM, _IRQ, _SOFTIRQ, _STEAL = 0, 1, 2, 5, 6, 7


@dataclasses.dataclass(frozen=True)
class Quiet:
    """How busy a machine was with other things.

    Attributes:
        load_before: Mean load of the minute before, per core.
        load_during: Share of the cores' time that others took while measuring, 0..1; what a
            virtual machine's host took (steal) counts.
    """

    load_before: float
    load_during: float

    @property
    def is_quiet(self) -> bool:
        """Whether neither was above the limit."""
        return max(self.load_before, self.load_during) <= MOST_LOAD

    @property
    def reason(self) -> str:
        """What speaks against calling the result quiet; "" for nothing."""
        if self.is_quiet:
            return ""
        return (
            f"not quiet: load per core {self.load_before:.2f} before and {self.load_during:.2f} "
            f"during the run (at most {MOST_LOAD} is quiet); compare ratios, do not quote times"
        )


class LoadWatch:
    """Watches the load from its making on.

    Args:
        root: Where `proc` is.
        load_before: Mean load of the minute before, per core; None: asked of the system.
    """

    def __init__(self, root: Path = Path("/"), load_before: float | None = None) -> None:
        self._root = root
        self._cores = os.cpu_count() or 1
        self._before = read_load() if load_before is None else load_before
        self._busy, self._total = self._read_all()

    def finish(self, processes: Iterable[int], own_seconds: float = 0.0) -> Quiet:
        """Return how busy the machine was with other things than these.

        Args:
            processes: Ids of the contestants' processes, still there.
            own_seconds: Processor time that the caller spent, seconds.
        """
        busy, total = self._read_all()
        ours = sum(map(self._read_process, processes)) + own_seconds * os.sysconf("SC_CLK_TCK")
        spent = max(total - self._total, 1)
        return Quiet(self._before, max(0.0, (busy - self._busy - ours) / spent))

    def _read_all(self) -> tuple[int, int]:
        """Return busy and all ticks of all cores."""
        first = (self._root / "proc/stat").read_text().splitlines()[0]
        ticks = [int(field) for field in first.split()[1:9]]
        return sum(ticks[i] for i in (_USER, _NICE, _SYSTEM, _IRQ, _SOFTIRQ, _STEAL)), sum(ticks)

    def _read_process(self, pid: int) -> int:
        """Return the ticks of a process, 0 if it is gone."""
        try:
            text = (self._root / f"proc/{pid}/stat").read_text()
        except OSError:
            return 0
        fields = text.rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])


def read_load() -> float:
    """Return the mean load of the last minute, per core."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def watch_load(load_before: float | None = None) -> LoadWatch:
    """Start to watch this machine's load.

    Args:
        load_before: From `read_load` before work of one's own began, which is not others'.
    """
    return LoadWatch(load_before=load_before)
