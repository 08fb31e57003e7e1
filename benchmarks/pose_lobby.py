# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Count skeletons on the hand-checked empty and occupied frames of the lobby clip.

Usage: python benchmarks/pose_lobby.py [--data FOLDER] [--variant NAME|all] [--backend NAME]

The variants (cropped, mirrored, darkened, ...) are other clips for the estimator with the same
truth: a check that no rule is fitted to the one view.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from co_perception.pose.estimator import create_estimator

Image = NDArray[np.uint8]

CLIP = "intel_one_by_one_person.mp4"
EMPTY = ((0, 56), (208, 224), (456, 496), (704, 744), (880, 920), (1208, 1232), (1368, 1393))
PERSON = ((88, 176), (248, 432), (528, 680), (768, 840), (944, 1176), (1256, 1336))


def _shrink(image: Image) -> Image:
    """Put the image, at 70 %, into a grey frame of its own size."""
    height, width = image.shape[:2]
    small = cv2.resize(image, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    framed = np.full_like(image, 128)
    y, x = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    framed[y : y + small.shape[0], x : x + small.shape[1]] = small
    return framed


def _make_noise() -> Callable[[Image], Image]:
    rng = np.random.default_rng(0)
    return lambda image: np.clip(image + rng.normal(0, 15, image.shape), 0, 255).astype(np.uint8)


def make_variants() -> dict[str, Callable[[Image], Image]]:
    """Return the changes to the clip by name; "original" changes nothing."""
    return {
        "original": lambda image: image,
        "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
        "darkened": lambda image: (image * 0.4).astype(np.uint8),
        "brightened": lambda image: np.clip(image * 1.4, 0, 255).astype(np.uint8),
        "portrait": lambda image: np.ascontiguousarray(image[:, 290:600]),
        "zoomed": lambda image: cv2.resize(image[40:, 200:680], None, fx=1.6, fy=1.6),
        "legs_cut": lambda image: np.ascontiguousarray(image[:300, 200:680]),
        "shrunk": _shrink,
        "half": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5),
        "stretched": lambda image: cv2.resize(image, (768, 576)),
        "noisy": _make_noise(),
        "grey": lambda image: cv2.cvtColor(
            cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR
        ),
    }


def read_frames(path: Path) -> Iterator[Image]:
    """Yield the frames of a video."""
    capture = cv2.VideoCapture(str(path))
    while True:
        there, frame = capture.read()
        if not there:
            break
        yield frame
    capture.release()


def is_within(frame: int, intervals: tuple[tuple[int, int], ...]) -> bool:
    """Return whether `frame` lies in one of the closed intervals."""
    return any(first <= frame <= last for first, last in intervals)


def measure(path: Path, change: Callable[[Image], Image], backend: str) -> str:
    """Run the clip once and return the line of figures."""
    counts = {"empty": [0, 0], "person": [0, 0]}
    spent: list[float] = []
    with create_estimator(backend=backend) as estimator:
        for number, frame in enumerate(read_frames(path)):
            image = change(frame)
            start = time.perf_counter()
            found = bool(estimator.estimate(image, number * 100_000_000))
            spent.append(time.perf_counter() - start)
            for name, intervals in (("empty", EMPTY), ("person", PERSON)):
                if is_within(number, intervals):
                    counts[name][0] += found
                    counts[name][1] += 1
    (ghosts, empty), (seen, person) = counts["empty"], counts["person"]
    return (
        f"empty frames with a skeleton {ghosts:3d}/{empty} ({100 * ghosts / empty:5.1f} %)   "
        f"person frames with one {seen:3d}/{person} ({100 * seen / person:5.1f} %)   "
        f"{1e3 * np.mean(spent):.1f} ms mean, {1e3 * np.percentile(spent, 95):.1f} ms p95"
    )


def main() -> int:
    """Parse the arguments and print one line per variant."""
    variants = make_variants()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("CO_PERCEPTION_TEST_DATA"))
    parser.add_argument("--variant", default="original", choices=[*variants, "all"])
    parser.add_argument("--backend", default="auto")
    args = parser.parse_args()
    clip = Path(args.data or ".") / "clips" / CLIP
    if not clip.is_file():
        print(f"{clip} is not there; name the data folder with --data", file=sys.stderr)
        return 2
    for name in variants if args.variant == "all" else [args.variant]:
        print(f"{name:<11}{measure(clip, variants[name], args.backend)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
