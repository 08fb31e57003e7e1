# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Every example that needs no ROS runs as it stands, quickly and without a warning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = [
    path
    for path in sorted((ROOT / "examples").glob("*.py"))
    if "import rclpy" not in path.read_text()
]
SAYS = {
    "compose_a_cin": "steps, chunks and clips agree",
    "convert_a_torch_network": "on a clip of 8 frames the two differ by",
    "detect_actions_in_features": "of 500 frames",
    "follow_people": "from the clip network's",
    "stream_a_video": "no answer",
    "train_with_truncated_backpropagation": "frame 1200",
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert SAYS.get(path.stem, "") in done.stdout
    assert len(done.stdout.splitlines()) >= 3


def test_examples_are_found():
    assert set(SAYS) <= {path.stem for path in EXAMPLES}
