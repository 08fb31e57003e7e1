#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Measure what the pipeline costs from the image to /activity, and where the time goes.

    python benchmarks/pipeline.py                        # fused, then three nodes; 2.5 minutes
    python benchmarks/pipeline.py --json cost.json --plot docs/images/pipeline.png
    python benchmarks/pipeline.py --clip clip.mp4 --pose-rate 15

The nodes are real processes with their defaults. One person, 640x480, is decoded beforehand into
a folder of bitmaps, played at 30 Hz, and one subscriber listens to `activity`. Figures are
seconds of processor time per second, from /proc; 1 is one core. The firm figure is of the fused
node as it is; where the time goes is of a second run under `pipeline_meter.py`. A machine that is
too busy drops images, which would look cheap: the cost per answered image at 30 Hz is printed too.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pipeline_meter import read_seconds

from co_perception.bench import describe_machine, watch_load
from co_perception.camera import open_source

SIZE, RATE = (640, 480), 30.0
UNIQUE = 300  # images that are stored; more are links to them
WAIT_SEC, WARM_UP_SEC = 60.0, 8.0
PARTS = (
    "pose networks", "second looks", "pose, Python", "tracker, smoothing", "features, network",
    "messages", "camera, reader", "executor", "DDS", "rest",
)  # fmt: skip
OF_POSE = PARTS[:3]
FIRM, FIRM_REST = 0.75, 0.10
SPLIT = ("camera_node", "pose_node", "activity_node")


def store_images(folder: Path, clip: str, count: int) -> None:
    """Decode one person into bitmaps, forth and back so that no image jumps."""
    source = open_source(clip, width=SIZE[0], height=SIZE[1], rate=RATE, real_time=False)
    images = [_letterbox(frame.image) for frame in islice(source, UNIQUE // 2)]
    source.close()
    store = folder / "store"
    store.mkdir()
    for number, image in enumerate(images):
        cv2.imwrite(str(store / f"{number}.bmp"), image)
    order = [*range(len(images)), *range(len(images) - 2, 0, -1)]
    played = folder / "images"
    played.mkdir()
    for number, which in enumerate(islice(cycle(order), count)):
        (played / f"{number}.bmp").symlink_to(store / f"{which}.bmp")


def _letterbox(image: np.ndarray) -> np.ndarray:
    """Fit an image into the size that is measured, with grey around it."""
    scale = min(SIZE[0] / image.shape[1], SIZE[1] / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    top, left = (SIZE[1] - height) // 2, (SIZE[0] - width) // 2
    return cv2.copyMakeBorder(
        small, top, SIZE[1] - height - top, left, SIZE[0] - width - left,
        cv2.BORDER_CONSTANT, value=(90, 90, 90),
    )  # fmt: skip


class Listener:
    """One subscriber of `activity`, in this process."""

    def __init__(self) -> None:
        import rclpy

        from co_perception.msg import ActivityArray

        rclpy.init()
        self._rclpy = rclpy
        self._node = rclpy.create_node("benchmark_listener")
        self.counts: Counter[str] = Counter()
        self._node.create_subscription(ActivityArray, "activity", self._on_activity, 10)

    def _on_activity(self, message: Any) -> None:
        self.counts["messages"] += 1
        self.counts["dropped"] += message.dropped_images
        self.counts["with a label"] += any(p.label for p in message.persons)

    def listen(self, seconds: float) -> None:
        """Spin for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._rclpy.spin_once(self._node, timeout_sec=left)

    def wait(self, processes: list[subprocess.Popen[bytes]]) -> None:
        """Return when the first answer is there."""
        self.counts.clear()
        end = time.monotonic() + WAIT_SEC
        while not self.counts["messages"]:
            ended = [process.args for process in processes if process.poll() is not None]
            if ended or time.monotonic() > end:
                raise SystemExit(f"no answer on 'activity'; processes that ended: {ended}")
            self._rclpy.spin_once(self._node, timeout_sec=0.2)


def start(node: str, parameters: dict[str, Any], report: Path | None) -> subprocess.Popen[bytes]:
    """Start a node, under the meter where a report is asked for."""
    run = ["-m", f"co_perception.nodes.{node}"]
    if report is not None:
        run = [str(Path(__file__).with_name("pipeline_meter.py")), str(report), node]
    pairs = [word for k, v in parameters.items() for word in ("-p", f"{k}:={_text(v)}")]
    return subprocess.Popen(
        [sys.executable, *run, "--ros-args", "--log-level", "warn", *pairs],
        stderr=subprocess.DEVNULL,
    )


def _text(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def measure(
    listener: Listener, nodes: tuple[str, ...], images: Path, options: argparse.Namespace,
    *, metered: bool,
) -> dict[str, Any]:  # fmt: skip
    """Run nodes together and return what each of them costs."""
    camera = {"camera": str(images), "rate": RATE}
    pose = {"pose_rate": options.pose_rate} if options.pose_rate else {}
    given = {
        "perception_node": {**camera, **pose}, "camera_node": camera, "pose_node": pose,
        "activity_node": {},
    }  # fmt: skip
    reports = {n: images.parent / f"{n}.json" if metered else None for n in nodes}
    # Those who listen first: what the camera says before is not heard.
    started = {n: start(n, given[n], reports[n]) for n in reversed(nodes)}
    watch = watch_load()
    try:
        listener.wait(list(started.values()))
        listener.listen(WARM_UP_SEC)
        listener.counts.clear()
        begin, before = time.monotonic(), _spent(started)
        listener.listen(options.seconds)
        end, after = time.monotonic(), _spent(started)
        counts = dict(listener.counts)
        if ended := [n for n, p in started.items() if p.poll() is not None]:
            raise SystemExit(f"{ended} ended before the measurement did")
        quiet = watch.finish([p.pid for p in started.values()], time.process_time())
    finally:
        for process in started.values():
            process.send_signal(signal.SIGINT)
        for process in started.values():
            process.wait(WAIT_SEC)
    cost = {n: (after[n] - before[n]) / (end - begin) for n in nodes}
    parts = {n: _parts(path, begin, end) for n, path in reports.items() if path}
    return {
        "nodes": cost, "total": sum(cost.values()), "parts": parts, "counts": counts,
        "seconds": end - begin, "quiet": quiet.is_quiet, "load": quiet.reason,
    }  # fmt: skip


def _spent(processes: dict[str, subprocess.Popen[bytes]]) -> dict[str, float]:
    return {n: read_seconds(Path(f"/proc/{p.pid}/stat")) for n, p in processes.items()}


def _parts(report: Path, begin: float, end: float) -> dict[str, float]:
    """Return the processor time per second of each part, between the notes next to both times."""
    notes = json.loads(report.read_text())
    first = min(notes, key=lambda note: abs(note["time"] - begin))
    last = min(notes, key=lambda note: abs(note["time"] - end))
    span = last["time"] - first["time"]
    return {p: (last.get(p, 0.0) - first.get(p, 0.0)) / span for p in PARTS}


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    fused = result["fused"]
    print(f"\n{result['machine']}\nclip: {result['clip']}; {fused['seconds']:.0f} s each\n")
    columns = [*fused["parts"].items(), *result["split"]["parts"].items()]
    print("| CPU s per s | " + " | ".join(name for name, _ in columns) + " |")
    print("|---|" + "---|" * len(columns))
    for part in PARTS:
        print(f"| {part} | " + " | ".join(f"{parts[part]:.3f}" for _, parts in columns) + " |")
    print("| **sum** | " + " | ".join(f"{sum(p.values()):.3f}" for _, p in columns) + " |")
    plain = result["plain"]
    rest = sum(v for k, v in fused["parts"]["perception_node"].items() if k not in OF_POSE)
    print(f"\nperception_node as it is: {plain['total']:.3f} CPU s per s (firm {FIRM})")
    print(f"all but pose: {rest:.3f} (firm {FIRM_REST}); three nodes: "
          f"{result['split']['total']:.3f}")  # fmt: skip
    for name in ("plain", "fused", "split"):
        run = result[name]
        rate = min(RATE, result["pose_rate"] or RATE) if name == "split" else RATE
        print(f"{name}: {run['counts']} in {run['seconds']:.0f} s; {_at_full_rate(run, rate)}; "
              f"{run['load'] or 'quiet'}")  # fmt: skip


def _at_full_rate(run: dict[str, Any], rate: float) -> str:
    """Say what an answered image costs, and what as many as there should be would."""
    per_image = run["total"] * run["seconds"] / max(run["counts"].get("messages", 0), 1)
    return f"{per_image * 1e3:.1f} ms an answer, {per_image * rate:.3f} CPU s per s at {rate:g} Hz"


def plot(result: dict[str, Any], path: Path) -> None:
    """Draw the parts as stacked bars."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    bars = {**result["fused"]["parts"], **result["split"]["parts"]}
    figure, axes = pyplot.subplots(figsize=(8.0, 4.2), layout="constrained")
    left = np.zeros(len(bars))
    for number, part in enumerate(PARTS):
        widths = np.array([max(parts[part], 0.0) for parts in bars.values()])
        colour = pyplot.get_cmap("tab10")(number)
        axes.barh(list(bars), widths, left=left, label=part, color=colour)
        left += widths
    axes.invert_yaxis()
    axes.set_xlabel("seconds of processor time per second (1 is one core)")
    axes.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.4, 1.25), frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, print, and write what is asked for."""
    data = os.environ.get("CO_PERCEPTION_TEST_DATA")
    clip = Path(data or "") / "clips" / "tfjs_pose_1.mp4"
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clip", default=str(clip) if data and clip.is_file() else "demo",
                        help="one person; default: a clip of CO_PERCEPTION_TEST_DATA, else the"
                        " demo person")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=30.0, help="of each of the three runs")
    parser.add_argument("--pose-rate", type=float, default=0.0, help="Hz; 0: every image")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--plot", type=Path, help="draw the parts here (.png)")
    options = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    result: dict[str, Any] = {"machine": describe_machine(), "clip": Path(options.clip).name,
                              "pose_rate": options.pose_rate}  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="co_perception_") as name:
        count = int((options.seconds + WARM_UP_SEC + WAIT_SEC) * RATE)
        store_images(Path(name), options.clip, count)
        listener, images = Listener(), Path(name) / "images"
        for run, nodes, metered in (
            ("plain", ("perception_node",), False),
            ("fused", ("perception_node",), True),
            ("split", SPLIT, True),
        ):
            result[run] = measure(listener, nodes, images, options, metered=metered)
    show(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    if options.plot:
        plot(result, options.plot)


if __name__ == "__main__":
    main()
