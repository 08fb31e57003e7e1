#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Measure how well MediaPipe sees the rendered demo person, activity by activity.

    python benchmarks/demo_person.py --seeds 4

prints for every activity the share of frames in which a person is found and the mean error of the
visible joints of the layout common13, in percent of the person's height in the picture. Only the
motions, bodies and views of the chosen split are shown.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from co_perception.camera.demo import create_stage
from co_perception.motion import LABELS
from co_perception.motion.timeline import make_timeline

Finder = Callable[[NDArray[np.uint8], int], "NDArray[np.float64] | None"]
"""Image (H, W, 3) BGR and stamp in nanoseconds to joints (13, 2) in pixels, or None."""

_MEDIAPIPE_JOINTS = [0, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]


@contextmanager
def create_finder() -> Iterator[Finder]:
    """Lend the package's pose estimator, a new one for every clip."""
    from co_perception.pose import create_estimator

    estimator = create_estimator()

    def find(image: NDArray[np.uint8], stamp_ns: int) -> NDArray[np.float64] | None:
        found = estimator.estimate(image, stamp_ns)
        return found[0].points_px[_MEDIAPIPE_JOINTS].astype(np.float64) if found else None

    yield find
    estimator.close()


@contextmanager
def create_solutions_finder() -> Iterator[Finder]:
    """Lend MediaPipe's older interface, without the package's gates."""
    from mediapipe.python.solutions.pose import Pose

    pose = Pose(model_complexity=1)

    def find(image: NDArray[np.uint8], stamp_ns: int) -> NDArray[np.float64] | None:
        found = pose.process(np.ascontiguousarray(image[..., ::-1])).pose_landmarks
        if found is None:
            return None
        size = np.array([image.shape[1], image.shape[0]])
        return np.array([[p.x, p.y] for p in found.landmark])[_MEDIAPIPE_JOINTS] * size

    yield find
    pose.close()


def measure(
    label: str, seed: int, split: str, size: tuple[int, int], rate: float, find: Finder
) -> tuple[int, list[float], list[float]]:
    """Show one activity once through and compare what is found with the truth.

    Returns:
        Number of frames, error of each frame with a person found (share of the person's height),
        and seconds of painting per frame.
    """
    labels = ["sit_down", "stand_up"] if label in ("sit_down", "stand_up") else [label]
    stage = create_stage(width=size[0], height=size[1], seed=seed, split=split, labels=labels)
    frames, errors, costs = 0, [], []
    for i in range(round(stage.duration * rate)):
        begin = time.process_time()
        image, (truth,) = stage.render(i / rate)
        costs.append(time.process_time() - begin)
        found = find(image, round(i / rate * 1e9))
        if truth.label != label or not truth.visible.any():
            continue
        frames += 1
        if found is not None:
            pose = stage.actors[0].pose_at(i / rate)
            depth = float(stage.view.depth(pose["mid_hip"])[0])
            tall = stage.view.focal_px * stage.actors[0].timeline.body.stature / depth
            away = np.linalg.norm(found - truth.joints_px, axis=1)[truth.visible]
            errors.append(float(np.nanmean(away)) / tall)
    return frames, errors, costs


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=4, help="clips per activity")
    parser.add_argument("--rate", type=float, default=15.0, help="frames per second")
    parser.add_argument("--split", default="judge", help="judge or train")
    parser.add_argument("--size", default="640x480", help="width x height, pixels")
    parser.add_argument("--labels", nargs="*", default=list(LABELS))
    parser.add_argument("--solutions", action="store_true", help="bare mp.solutions")
    options = parser.parse_args()
    width, height = (int(part) for part in options.size.split("x"))
    print(
        f"{'activity':<10} {'frames':>6} {'found %':>8} {'error %':>8}  style error %/found % ..."
    )
    total: list[tuple[int, int, float]] = []
    costs: list[float] = []
    for label in options.labels:
        frames, errors, notes = 0, [], []
        for seed in range(options.seeds):
            size = (width, height)
            with create_solutions_finder() if options.solutions else create_finder() as find:
                n, e, c = measure(label, seed, options.split, size, options.rate, find)
            frames, errors, costs = frames + n, errors + e, costs + c
            script = make_timeline([label], seed=seed, split=options.split)
            style = next(s.played.style for s in script.segments if s.label == label)
            notes.append(f"{style} {100 * np.mean(e) if e else np.nan:.1f}/{100 * len(e) / n:.0f}")
        total.append((frames, len(errors), float(np.sum(errors))))
        print(
            f"{label:<10} {frames:>6} {100 * len(errors) / frames:>8.1f} "
            f"{100 * np.mean(errors) if errors else np.nan:>8.2f}  {', '.join(notes)}",
            flush=True,
        )
    frames, found, error = (sum(column) for column in zip(*total, strict=True))
    print(f"{'all':<10} {frames:>6} {100 * found / frames:>8.1f} {100 * error / found:>8.2f}")
    print(f"painting {1e3 * np.median(costs):.1f} ms of processor time per {options.size} frame")


if __name__ == "__main__":
    main()
