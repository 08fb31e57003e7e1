# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Energy, where the machine tells: RAPL counters, NVIDIA boards, the rails of a Jetson.

All of them measure the board or the package, not one process: take it on a quiet machine.
"""

from __future__ import annotations

import abc
import shutil
import subprocess
import threading
import time
from pathlib import Path

__all__ = ["EnergyMeter", "find_energy_meter"]

_SAMPLE_SECONDS = 0.05
_RAPL = "sys/class/powercap"
_HWMON = "sys/class/hwmon"
_JETSON_SENSORS = ("ina3221", "ina3221x")
_INPUT_RAILS = ("VDD_IN", "POM_5V_IN", "VIN_SYS_5V0")  # the whole board, by module generation


class EnergyMeter(abc.ABC):
    """Measures between `start` and `stop`.

    Attributes:
        source: What is measured, in words.
    """

    source: str

    @abc.abstractmethod
    def start(self) -> None:
        """Begin."""

    @abc.abstractmethod
    def stop(self) -> float:
        """Return joules since `start`."""


class RaplMeter(EnergyMeter):
    """Counters of the processor packages, microjoules.

    Args:
        zones: Folders of the packages.
    """

    source = "RAPL, processor packages"

    def __init__(self, zones: list[Path]) -> None:
        self._zones = zones
        self._before: list[int] = []

    def start(self) -> None:
        self._before = self._read()

    def stop(self) -> float:
        ranges = [int((zone / "max_energy_range_uj").read_text()) for zone in self._zones]
        spent = zip(self._before, self._read(), ranges)
        return sum((after - before) % (top + 1) for before, after, top in spent) / 1e6

    def _read(self) -> list[int]:
        return [int((zone / "energy_uj").read_text()) for zone in self._zones]


class _PowerMeter(EnergyMeter):
    """Adds up power readings over time, in a thread of its own."""

    @abc.abstractmethod
    def read_watts(self) -> float:
        """Return the power at this moment."""

    def start(self) -> None:
        self._stop, self._joules = threading.Event(), 0.0
        self._thread = threading.Thread(target=self._sample, name="energy", daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._stop.set()
        self._thread.join()
        return self._joules

    def _sample(self) -> None:
        last, watts = time.monotonic(), self.read_watts()
        while not self._stop.wait(_SAMPLE_SECONDS):
            now, new = time.monotonic(), self.read_watts()
            self._joules += (now - last) * (watts + new) / 2
            last, watts = now, new
        self._joules += (time.monotonic() - last) * watts


class JetsonMeter(_PowerMeter):
    """The input rail of a Jetson module.

    Args:
        folder: Of the sensor.
        channel: Number of the rail.
        rail: Its name.
    """

    def __init__(self, folder: Path, channel: str, rail: str) -> None:
        self.source = f"Jetson rail {rail}"
        self._volts = folder / f"in{channel}_input"
        self._amperes = folder / f"curr{channel}_input"

    def read_watts(self) -> float:
        """Return millivolts times milliamperes as watts."""
        return int(self._volts.read_text()) * int(self._amperes.read_text()) / 1e6


class NvidiaMeter(_PowerMeter):
    """The board power that NVIDIA's driver tells, of the first GPU."""

    source = "nvidia-smi, first GPU's board"
    COMMAND = ("nvidia-smi", "--id=0", "--query-gpu=power.draw", "--format=csv,noheader,nounits")

    def read_watts(self) -> float:
        """Ask the driver's own tool."""
        done = subprocess.run(self.COMMAND, capture_output=True, text=True, timeout=5, check=True)
        return float(done.stdout)


def find_energy_meter(root: Path = Path("/"), *, gpu: bool = False) -> EnergyMeter | None:
    """Return a meter for this machine; None where nothing tells.

    Args:
        root: Where `sys` is.
        gpu: Whether the work runs on an NVIDIA board, which has a meter of its own.
    """
    if jetson := _find_jetson(root / _HWMON):
        return jetson
    if gpu and shutil.which("nvidia-smi"):
        meter = NvidiaMeter()
        return meter if _can_read(meter) else None
    zones = sorted((root / _RAPL).glob("intel-rapl:[0-9]"))
    packages = [zone for zone in zones if _is_readable(zone / "energy_uj")]
    return RaplMeter(packages) if packages else None


def _find_jetson(folder: Path) -> JetsonMeter | None:
    for sensor in sorted(folder.glob("hwmon*")):
        name = sensor / "name"
        if not _is_readable(name) or name.read_text().strip() not in _JETSON_SENSORS:
            continue
        for label in sorted(sensor.glob("in*_label")):
            rail = label.read_text().strip()
            if rail in _INPUT_RAILS:
                return JetsonMeter(sensor, label.name[2:].partition("_")[0], rail)
    return None


def _is_readable(path: Path) -> bool:
    """Tell whether a file can be read: the counters of RAPL are often the root's alone."""
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def _can_read(meter: NvidiaMeter) -> bool:
    try:
        meter.read_watts()
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return True
