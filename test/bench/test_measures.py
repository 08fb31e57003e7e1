# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Statistics, load, energy and the description of a machine, on files of machines we lack."""

import json
import os
import time

import pytest

from co_perception.bench.energy import JetsonMeter, RaplMeter, find_energy_meter
from co_perception.bench.machine import describe_machine
from co_perception.bench.quiet import LoadWatch, Quiet
from co_perception.bench.statistics import paired_ratio, summarise
from co_perception.errors import ConfigError


def test_latency_is_told_in_milliseconds_with_its_tail():
    latency = summarise([1_000_000] * 98 + [5_000_000, 9_000_000])
    assert (latency.median, latency.min, latency.steps) == (1.0, 1.0, 100)
    assert latency.p95 == 1.0
    assert 5.0 < latency.p99 < 9.0
    with pytest.raises(ConfigError, match="at least one step"):
        summarise([])


def test_ratio_is_the_median_of_pairs_so_that_drift_cancels():
    # the machine gets twice as slow half way: both contestants with it
    ours, theirs = [[10, 10], [20, 20], [20, 20]], [[30, 30], [60, 60], [80, 80]]
    ratio = paired_ratio(ours, theirs)
    assert (ratio.median, ratio.low, ratio.high, ratio.of_minima) == (3.0, 3.0, 4.0, 3.0)
    with pytest.raises(ConfigError, match="got 1 and 2"):
        paired_ratio([[1]], [[1], [1]])


def write_stat(root, busy, idle):
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/stat").write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\n")


def test_load_counts_others_only(tmp_path):
    write_stat(tmp_path, 1000, 1000)
    watch = LoadWatch(tmp_path, load_before=0.1)
    write_stat(tmp_path, 1600, 1400)  # 600 of 1000 ticks busy
    (tmp_path / "proc/7").mkdir()
    fields = " ".join(["S", *["0"] * 10, "350", "50", *["0"] * 20])
    (tmp_path / "proc/7/stat").write_text(f"7 (a (b) c) {fields}\n")
    quiet = watch.finish([7, 8])  # 400 of them ours; process 8 is gone
    assert quiet.load_during == pytest.approx(0.2)
    assert quiet.is_quiet
    assert quiet.reason == ""


@pytest.mark.parametrize("loads", [(0.6, 0.0), (0.0, 0.6)])
def test_busy_machine_is_not_called_quiet(loads):
    quiet = Quiet(*loads)
    assert not quiet.is_quiet
    assert "do not quote times" in quiet.reason


def test_this_machine_is_described():
    machine = describe_machine()
    assert machine["cores"] == os.cpu_count()
    assert machine["processor"]
    assert machine["memory_gib"] > 0
    assert "numpy" in machine["libraries"]
    json.dumps(machine)


def test_jetson_is_described_by_its_board(tmp_path):
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_text("NVIDIA Jetson Orin Nano Developer Kit\0")
    (tmp_path / "proc/cpuinfo").write_text("processor\t: 0\nFeatures\t: fp asimd asimdhp\n")
    machine = describe_machine(tmp_path)
    assert machine["processor"] == "NVIDIA Jetson Orin Nano Developer Kit"
    assert machine["flags"] == ["asimd", "asimdhp"]
    assert machine["memory_gib"] is None


def make_rapl(root, energy, top=1_000_000):
    zone = root / "sys/class/powercap/intel-rapl:0"
    zone.mkdir(parents=True, exist_ok=True)
    (zone / "energy_uj").write_text(str(energy))
    (zone / "max_energy_range_uj").write_text(str(top))


def test_rapl_counters_are_read_across_their_wrap(tmp_path):
    make_rapl(tmp_path, 900_000)
    meter = find_energy_meter(tmp_path)
    assert isinstance(meter, RaplMeter)
    meter.start()
    make_rapl(tmp_path, 400_000)
    assert meter.stop() == pytest.approx(0.5, abs=1e-4)


def test_jetson_rail_is_integrated_over_time(tmp_path):
    sensor = tmp_path / "sys/class/hwmon/hwmon3"
    sensor.mkdir(parents=True)
    contents = {
        "name": "ina3221",
        "in1_label": "VDD_IN",
        "in1_input": "5000",
        "curr1_input": "2000",
        "in2_label": "VDD_CPU",
    }
    for name, text in contents.items():
        (sensor / name).write_text(text + "\n")
    meter = find_energy_meter(tmp_path)
    assert isinstance(meter, JetsonMeter)
    assert meter.source == "Jetson rail VDD_IN"
    start = time.monotonic()
    meter.start()
    time.sleep(0.12)
    joules = meter.stop()
    assert joules == pytest.approx(10.0 * (time.monotonic() - start), rel=0.2)


def test_machine_that_tells_no_energy_has_no_meter(tmp_path):
    assert find_energy_meter(tmp_path) is None
