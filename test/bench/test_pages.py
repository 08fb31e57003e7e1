# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of a contest: sections of pages and pictures."""

from pathlib import Path

import pytest

from co_perception.bench import Contest, Contestant, Measurement, Quiet, Result, summarise
from co_perception.bench.plots import plot_curves
from co_perception.bench.statistics import paired_ratio

MACHINE = {"processor": "A", "cores": 2, "flags": ["avx2"], "libraries": {}}


def make_result(name, nanoseconds, *, rows=1, first=None, group="net", spec=None, **about):
    rounds = ((nanoseconds,) * 3,) * 2
    return Result(
        Contestant(name, {"batch": rows, **(spec or {})}, group=group),
        about={"shape": [rows, 3], "precision": "fp32", **about},
        latency=summarise(rounds[0]),
        ratio=paired_ratio(rounds, first.rounds) if first else None,
        rounds=rounds,
    )


def make_measurement(*results):
    contest = Contest(tuple(result.contestant for result in results), rounds=2)
    return Measurement(contest, MACHINE, Quiet(0.1, 0.0), "2026-11-26T10:00:00", None, results)


@pytest.fixture
def to_section(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    from peers_page import to_section

    return to_section


def test_section_tells_ratios_the_share_of_the_roof_and_the_windows(to_section):
    peer = make_result("net peer x2", 20_000_000, rows=2)
    ours = make_result(
        "net ours x2", 2_000_000, rows=2, first=peer, spec={"folder": "f"}, backend="ort"
    )
    clips = [
        make_result(
            f"clip {engine} {precision}",
            nanoseconds,
            first=peer,
            spec={"kind": "clip", "engine": engine, "precision": precision},
        )
        for engine, precision, nanoseconds in (
            ("torch", "fp32", 60_000_000),
            ("openvino", "fp32", 16_000_000),
            ("openvino", "bf16", 8_000_000),
        )
    ]
    roof = make_result("product", 1_000_000, group="roof", operations=100_000_000)
    failed = Result(Contestant("gone", {}, group="net"), failure="gone: no folder\nmore")
    text = to_section("net", make_measurement(peer, ours, *clips, roof, failed), macs=20e6)
    assert text.startswith("## net\n\n2026-11-26, A (avx2), 1 thread pinned, 2 rounds in turns; ")
    assert "quiet machine; energy: the machine tells none." in text
    assert "20.0 million multiply-adds" in text and "100 GFLOP/s" in text
    # 2 rows x 40 MFLOP in 2 ms are 40 GFLOP/s
    assert "| net ours x2 | 2.00 | 1.00 | 2.00 | 2.00 | **10** (10 to 10) |  | 40% |  |" in text
    assert "any precision (openvino bf16): ort fp32 **30** / **8** / **4**." in text
    assert "| gone | gone: no folder |" in text
    assert "product |" not in text


def test_curves_are_drawn_of_what_has_several_batch_sizes(tmp_path):
    results = [make_result(f"net x{n}", 1_000_000 * n, rows=n) for n in (1, 2, 8)]
    path = tmp_path / "images" / "curve.png"
    plot_curves(make_measurement(*results), path)
    assert path.read_bytes().startswith(b"\x89PNG")
