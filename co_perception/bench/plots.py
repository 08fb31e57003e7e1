# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a contest: bars for contestants, curves where one is held at several batch sizes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from co_perception.bench.contest import Measurement, Result
from co_perception.errors import DependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_curves", "plot_measurement"]

_WIDTH, _DPI = 8.0, 130
_BAR_HEIGHT, _CURVE_HEIGHT = 0.34, 4.2
_MARGIN = 1.3  # inches, for title and axis


def plot_measurement(measurement: Measurement, path: Path) -> None:
    """Draw a measurement and write it as PNG, SVG or PDF, by the name's ending.

    Args:
        measurement: What was measured.
        path: Of the picture; its folder is made.

    Raises:
        DependencyError: If matplotlib is not installed.
    """
    done = [result for result in measurement.results if result.latency]
    curves = _group_curves(done)
    rows = 2 if curves else 1
    height = _MARGIN + _BAR_HEIGHT * len(done) + (_CURVE_HEIGHT if curves else 0)
    figure = _make_figure(measurement, height)
    heights = [_BAR_HEIGHT * len(done) + 0.6, _CURVE_HEIGHT][:rows]
    axes = figure.subplots(rows, 1, squeeze=False, gridspec_kw={"height_ratios": heights})
    _draw_bars(axes[0, 0], done)
    if curves:
        _draw_curves(axes[1, 0], curves)
    _save(figure, path)


def plot_curves(measurement: Measurement, path: Path) -> None:
    """Draw only what one row costs by the number of rows; arguments and errors as above."""
    figure = _make_figure(measurement, _CURVE_HEIGHT)
    _draw_curves(figure.subplots(), _group_curves(measurement.results))
    _save(figure, path)


def _make_figure(measurement: Measurement, height: float) -> Figure:
    """Return a figure under the title of a measurement."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DependencyError(
            "A picture of a benchmark needs matplotlib: pip install matplotlib"
        ) from error
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout="constrained")
    figure.suptitle(_title(measurement), fontsize=9)
    return figure


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _title(measurement: Measurement) -> str:
    machine, contest = measurement.machine, measurement.contest
    threads = "1 thread" if contest.threads == 1 else f"{contest.threads} threads"
    quiet = "quiet" if measurement.quiet.is_quiet else "NOT QUIET: compare ratios only"
    return f"{machine['processor']}, {threads}, {measurement.date[:10]}, {quiet}"


def _draw_bars(axes: Axes, results: Sequence[Result]) -> None:
    """Draw medians, with lines from the fastest step to the 95th percentile."""
    names = [result.contestant.name for result in results]
    latencies = [result.latency for result in results if result.latency]
    medians = [latency.median for latency in latencies]
    spread = [
        [latency.median - latency.min for latency in latencies],
        [latency.p95 - latency.median for latency in latencies],
    ]
    places = range(len(names))
    axes.barh(places, medians, xerr=spread, color="#6fa0d7", ecolor="#555555", capsize=2)
    axes.set_yticks(places, names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("ms per step: median, fastest, 95th percentile", fontsize=8)
    axes.grid(axis="x", alpha=0.3, which="both")
    for place, median in zip(places, medians):
        axes.annotate(
            f"{median:.3g}", (median, place), (4, 4), textcoords="offset points", fontsize=7
        )


def _group_curves(results: Sequence[Result]) -> dict[str, list[tuple[int, float]]]:
    """Return rows and milliseconds per row, by what is equal but for the batch size."""
    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for result in results:
        batch = int(result.contestant.spec.get("batch", 1))
        name = result.contestant.name.removesuffix(f" x{batch}")
        if result.latency:
            curves[name].append((batch, result.latency.median / batch))
    return {name: sorted(points) for name, points in curves.items() if len(points) > 1}


def _draw_curves(axes: Axes, curves: dict[str, list[tuple[int, float]]]) -> None:
    """Draw what one row costs as more of them step together."""
    for name, points in curves.items():
        axes.plot(*zip(*points), marker="o", markersize=3, label=name)
    batches = sorted({batch for points in curves.values() for batch, _ in points})
    axes.set_xscale("log", base=2)
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.set_yscale("log")
    axes.set_xlabel("rows (people, cameras) that step together", fontsize=8)
    axes.set_ylabel("ms per row", fontsize=8)
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=7)
