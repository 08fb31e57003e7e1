# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What `make demo` runs, end to end: the fused node and a subscriber in two processes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 8.0
LINE = re.compile(r"^ *[\d.]+ s  [a-z]\S* +\S+ +\d", re.MULTILINE)
LEAST_RATE_HZ = 2.0  # of messages; the busiest test machine makes more

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def run_demo(out: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the demo script; its output is text."""
    command = [sys.executable, "tools/demo.py", "--out", str(out), *arguments]
    return subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Return the output of a short demo and the folder of its results."""
    pytest.importorskip("rclpy")
    pytest.importorskip("mediapipe")
    out = tmp_path_factory.mktemp("demo")
    return run_demo(out, "--seconds", str(SECONDS)), out


def test_demo_ends_cleanly(demo):
    done, _ = demo
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout


def test_demo_prints_live_answers(demo):
    done, _ = demo
    (heard,) = re.findall(r"^(\d+) messages on /activity$", done.stdout, re.MULTILINE)
    assert int(heard) >= LEAST_RATE_HZ * SECONDS
    assert len(LINE.findall(done.stdout)) >= SECONDS
    assert re.search(r"^ *[\d.]+ s .* valid$", done.stdout, re.MULTILINE), done.stdout


def test_demo_leaves_a_video_and_a_picture(demo):
    cv2 = pytest.importorskip("cv2")
    _, out = demo
    video = cv2.VideoCapture(str(out / "demo.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) >= LEAST_RATE_HZ * SECONDS
    assert video.read()[1].std() > 1.0
    picture = cv2.imread(str(out / "timeline.png"))
    assert picture is not None
    assert min(picture.shape[:2]) > 100


def test_demo_of_a_missing_file_says_so(tmp_path):
    pytest.importorskip("rclpy")
    done = run_demo(tmp_path, str(tmp_path / "no such.mp4"))
    assert done.returncode != 0
    assert "no such.mp4" in done.stdout
    assert "Traceback" not in done.stdout
