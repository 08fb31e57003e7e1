# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECOND = 1_000_000_000
MAX_GROWTH_BYTES = 4 * 2**20
"""The process holds some 60 MB; 18,000 further images may not add what a leak per image would."""
ROOT = Path(__file__).resolve().parents[2]

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None  # importing it raises ImportError
import numpy as np
import co_perception, co_perception.engine
heavy = {"cv2", "mediapipe", "onnxruntime", "scipy", "matplotlib", "rclpy"} & set(sys.modules)
assert not heavy, heavy
from co_perception.engine import Recogniser
from co_perception.skeleton.types import Skeleton
points = np.random.default_rng(0).random((13, 3)).astype(np.float32)
points[:, 2] = 1.0
with Recogniser.from_folder(sys.argv[1]) as recogniser:
    for i in range(30):
        (activity,) = recogniser.update(
            i * 66_666_667, {"p1": Skeleton("common13", points, (640, 480), 0.9)}
        )
assert activity.usable, activity
print(recogniser.backend.name, activity.label, activity.scores[0].label)
heavy = {m for m in ("cv2", "scipy") if m in sys.modules}
assert not heavy, heavy
"""


def test_the_engine_runs_where_torch_is_not_installed(saved_folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(saved_folder)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("onnxruntime ")


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_twenty_thousand_images_take_no_more_memory(open_recogniser, person):
    """People come and go all the time, nobody takes the events: about 22 minutes of video."""
    recogniser = open_recogniser(max_streams=2)
    pool = [person(1, k * SECOND // 15) for k in range(50)]
    before = 0
    for i in range(20_000):
        if i == 2_000:
            gc.collect()
            before = resident_bytes()
        visit, place = divmod(i, 50)
        recogniser.update(i * SECOND // 15, {f"v{visit}": pool[place]})
    gc.collect()
    assert recogniser.counters.steps == 20_000
    assert len(recogniser.streams) <= 2
    assert resident_bytes() - before < MAX_GROWTH_BYTES
