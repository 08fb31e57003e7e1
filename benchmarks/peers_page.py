# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A contest with peers as a section of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from co_perception.bench import Measurement, Result, paired_ratio

__all__ = ["ROOF", "to_section"]

ROOF = "roof"
"""Group of the contestant that does nothing but arithmetic."""

_HEADINGS = (
    "contestant",
    "median ms",
    "ms per row",
    "min ms",
    "p95 ms",
    "times the peer",
    "differs",
    "of the roof",
    "mJ",
    "state MB",
)


def to_section(title: str, measurement: Measurement, macs: float) -> str:
    """Return a contest as a section.

    Args:
        title: Of the section.
        measurement: The contest; ratios are to each group's first, the peer.
        macs: Multiply-adds of a step of one row.
    """
    roof = next((r for r in measurement.results if r.contestant.group == ROOF), None)
    columns = [h for h in _HEADINGS if h != "mJ" or measurement.energy_source]
    lines = [
        f"## {title}",
        "",
        f"{_describe(measurement)}.",
        _describe_roof(roof, macs),
        _describe_windows(measurement.results),
        "",
        "| " + " | ".join(columns) + " |",
        "|---" + "|---:" * (len(columns) - 1) + "|",
    ]
    for result in measurement.results:
        if result is not roof:
            cells = _cells(result, roof, macs)
            lines.append("| " + " | ".join(cells.get(h, "") for h in columns) + " |")
    return "\n".join([*lines, ""])


def _describe(measurement: Measurement) -> str:
    machine: dict[str, Any] = measurement.machine
    return (
        f"{measurement.date[:10]}, {machine['processor']} ({' '.join(machine['flags'])}), "
        f"1 thread pinned, {measurement.contest.rounds} rounds in turns; "
        f"{measurement.quiet.reason or 'quiet machine'}; energy: "
        f"{measurement.energy_source or 'the machine tells none'}"
    )


def _describe_roof(roof: Result | None, macs: float) -> str:
    if roof is None or roof.latency is None:
        return ""
    speed = roof.about["operations"] / roof.latency.median / 1e6
    return (
        f"A step of one row is {macs / 1e6:.1f} million multiply-adds; the roof, one fp32 matrix "
        f"product in the same turns, {speed:.0f} GFLOP/s."
    )


def _describe_windows(results: Sequence[Result]) -> str:
    """Say how many times the clip networks' speed each of ours has, round by round."""
    done = [result for result in results if result.latency]
    clips = [result for result in done if result.contestant.spec.get("kind") == "clip"]
    if not clips:
        return ""
    fp32 = [clip for clip in clips if clip.contestant.spec["precision"] == "fp32"]
    rivals = {
        "torch": next(clip for clip in clips if clip.contestant.spec["engine"] == "torch"),
        "the fastest engine in fp32": min(fp32, key=_median),
        "the fastest in any precision": min(clips, key=_median),
    }
    names = (
        f"{words} ({clip.contestant.spec['engine']} {clip.contestant.spec['precision']})"
        for words, clip in rivals.items()
    )
    said = []
    for ours in filter(_is_ours, done):
        ratios = (paired_ratio(ours.rounds, clip.rounds).median for clip in rivals.values())
        told = " / ".join(f"**{ratio:.3g}**" for ratio in ratios)
        said.append(f"{ours.about['backend']} {ours.about['precision']} {told}")
    return f"Times the sliding window on {', '.join(names)}: {'; '.join(said)}."


def _median(result: Result) -> float:
    return result.latency.median if result.latency else 0.0


def _is_ours(result: Result) -> bool:
    return "folder" in result.contestant.spec


def _cells(result: Result, roof: Result | None, macs: float) -> dict[str, str]:
    """Return the cells of a contestant by heading."""
    if result.failure or result.latency is None:
        return {"contestant": result.contestant.name, "median ms": result.failure.splitlines()[0]}
    latency, ratio, rows = result.latency, result.ratio, int(result.about["shape"][0])
    state = result.about.get("state_bytes")
    cells = {
        "contestant": result.contestant.name,
        "median ms": f"{latency.median:.2f}",
        "ms per row": f"{latency.median / rows:.2f}",
        "min ms": f"{latency.min:.2f}",
        "p95 ms": f"{latency.p95:.2f}",
        "times the peer": "1",
    }
    if ratio:
        cells["times the peer"] = f"**{ratio.median:.3g}** ({ratio.low:.3g} to {ratio.high:.3g})"
    if result.difference is not None:
        cells["differs"] = f"{result.difference:.0e}"
    if state:
        cells["state MB"] = f"{state / 1e6:.1f}"
    if result.joules is not None:
        cells["mJ"] = f"{result.joules * 1e3:.1f}"
    is_fp32 = result.about.get("precision") == "fp32"
    if _is_ours(result) and is_fp32 and roof is not None and roof.rounds:
        share = 2 * macs * rows / roof.about["operations"]
        share *= paired_ratio(result.rounds, roof.rounds).median
        cells["of the roof"] = f"{share:.0%}"
    return cells
