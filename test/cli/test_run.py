# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`run` from source to files, with real MediaPipe and the real model."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from co_perception.engine import find_model
from co_perception.engine.activity import Validity
from co_perception.skeleton.types import TrackState

pytestmark = pytest.mark.usefixtures("real_parts")

LIMIT_SEC = 100


def run(*arguments, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "co_perception.cli.main", "run", *map(str, arguments)],
        capture_output=True, text=True, timeout=LIMIT_SEC, check=False,
        env={**os.environ, "COLUMNS": "160"},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


def frames_in(path):
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.read()[0]:
        count += 1
    return count


def people_seen(record):
    return [p for p in record["persons"] if p["track_state"] in (TrackState.NEW, TrackState.OK)]


def test_a_real_clip_leaves_video_picture_and_lines(clips_dir, tmp_path):
    film, picture, lines = (tmp_path / name for name in ("out.mp4", "out.png", "out.jsonl"))
    done = run(clips_dir / "tfjs_pose_squats.mp4", "-o", film, "--timeline", picture,
               "--jsonl", lines, "--json")  # fmt: skip
    summary = json.loads(done.stdout)
    assert summary["frames"] == 65
    assert summary["dropped_frames"] == 0
    assert summary["media_sec"] == pytest.approx(12.8)
    assert frames_in(film) == 65
    assert cv2.imread(str(picture)) is not None
    records = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [record["sequence"] for record in records] == list(range(65))
    assert sum(len(people_seen(record)) == 1 for record in records) >= 0.95 * 65
    usable = [p["label"] for r in records for p in r["persons"] if p["validity"] >= Validity.HELD]
    assert usable
    assert all(usable)


def test_the_demo_is_judged_against_its_truth_and_repeats_itself(tmp_path):
    first, second = (
        json.loads(run("demo", "--seconds", 4, "--rate", 15, "--seed", 3, "--json").stdout)
        for _ in range(2)
    )
    assert first["frames"] == 61
    assert first["truth"]["counted"]
    for key in ("frames", "activities_sec", "truth", "people"):
        assert first[key] == second[key]


def test_the_summary_is_readable_and_lines_go_to_standard_output():
    done = run("demo", "--seconds", 1, "--rate", 10, "--jsonl", "-")
    assert [json.loads(line)["sequence"] for line in done.stdout.splitlines()] == list(range(11))
    assert "images" in done.stderr
    assert "pose" in done.stderr


def test_a_source_without_people_says_that_nobody_was_seen(tmp_path):
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((96, 96, 3), 80, np.uint8))
    done = run(tmp_path)
    assert "Nobody was seen." in done.stdout
    assert "3, nobody in 3" in done.stdout


@pytest.mark.skipif(shutil.which("gst-launch-1.0") is None, reason="needs gst-launch-1.0")
def test_a_live_source_counts_what_it_drops_from_the_first_image_on():
    done = run("gst:videotestsrc is-live=true", "--seconds", 1, "--jsonl", "-", "--json")
    *lines, summary = map(json.loads, done.stdout.splitlines())
    assert lines[0]["dropped_images"] == 0
    assert sum(line["dropped_images"] for line in lines) == pytest.approx(
        summary["dropped_frames"], abs=1
    )
    assert summary["empty_frames"] == summary["frames"] == len(lines)


def test_ctrl_c_ends_a_run_in_order(tmp_path):
    film, lines = tmp_path / "out.mp4", tmp_path / "out.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "co_perception.cli.main", "run", "demo", "--realtime", "--loop",
         "-o", str(film), "--jsonl", str(lines), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + LIMIT_SEC
    while not (film.exists() and film.stat().st_size > 20_000):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LIMIT_SEC)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert json.loads(out)["frames"] == len(lines.read_text().splitlines())
    assert frames_in(film) > 0


def test_a_model_folder_that_does_not_fit_is_refused(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(find_model(), folder)
    card = folder / "model.yaml"
    card.write_text(card.read_text().replace("common13", "coco17"))
    done = run("demo", "--model", folder, "--seconds", 1, code=2)
    assert "coco17" in done.stderr
    assert "Traceback" not in done.stderr
