# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Compare landmarks, before any smoothing, with the reference of the squats clip.

Usage: python benchmarks/pose_reference.py [--data FOLDER] [--backend tasks|solutions] [--step N]

Prints one line; ends with 1 where the mean distance is 10 px or more. For "solutions" run it in an
environment with an older mediapipe (`pip install "mediapipe<0.10.30" "numpy<2"`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np

from co_perception.pose.estimator import create_estimator

CLIP, REFERENCE = "tfjs_pose_squats.mp4", "tfjs_pose_squats.full.json"
FRAME_NS = 200_000_000  # 5 frames per second
LIMIT_PX = 10.0


def main() -> int:
    """Parse the arguments, run the clip and print the distances."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("CO_PERCEPTION_TEST_DATA"))
    parser.add_argument("--backend", default="tasks", choices=["solutions", "tasks"])
    parser.add_argument("--step", type=int, default=1, help="use every n-th frame")
    args = parser.parse_args()
    folder = Path(args.data or ".") / "clips"
    if not (folder / CLIP).is_file():
        print(f"{folder / CLIP} is not there; name the data folder with --data", file=sys.stderr)
        return 2
    reference = np.array(json.loads((folder / REFERENCE).read_text()))[:, :, :2]
    capture = cv2.VideoCapture(str(folder / CLIP))
    distances = []
    frames = range(0, len(reference), args.step)
    with create_estimator(backend=args.backend) as estimator:
        for number in range(len(reference)):
            _, image = capture.read()
            people = estimator.estimate(image, number * FRAME_NS) if number in frames else []
            for person in people:
                gaps = person.points_px - reference[number]
                distances.append(np.linalg.norm(gaps, axis=1))
    capture.release()
    mean = float(np.mean(distances)) if distances else float("inf")
    print(
        f"{args.backend}: person in {len(distances)} of {len(frames)} frames, distance from the "
        f"reference {mean:.2f} px mean, {np.percentile(distances, 95):.2f} px p95"
        if distances
        else f"{args.backend}: nobody found in {len(frames)} frames"
    )
    return 0 if mean < LIMIT_PX and len(distances) == len(frames) else 1


if __name__ == "__main__":
    sys.exit(main())
