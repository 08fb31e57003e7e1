# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`run` with a model of whole images: no pose estimator, one answer per image, id "scene"."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from co_perception.engine.activity import Validity

COUNT, RATE = 60, 15.0
LIMIT_SEC = 100
# MediaPipe is made impossible to import: a run that touched it would fail.
WITHOUT_POSE = (
    "import sys; sys.modules['mediapipe'] = None; sys.argv[0] = 'co-perception';"
    "from co_perception.cli.main import main; main()"
)


@pytest.fixture
def film(tmp_path):
    """A video of 4 s: a square that moves."""
    path = tmp_path / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), RATE, (128, 96))
    for k in range(COUNT):
        image = np.full((96, 128, 3), 60, np.uint8)
        image[30:60, k : k + 30] = (40, 200, 120)
        writer.write(image)
    writer.release()
    return path


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_POSE, "run", *map(str, arguments)],
        capture_output=True, text=True, timeout=LIMIT_SEC, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_image_of_a_film_is_answered_for_the_scene(film, scene_folder, tmp_path):
    video, picture, lines = (tmp_path / name for name in ("out.mp4", "out.png", "out.jsonl"))
    summary = json.loads(
        run(film, "--model", scene_folder, "-o", video, "--timeline", picture, "--jsonl", lines,
            "--json")
    )  # fmt: skip
    records = [json.loads(line) for line in lines.read_text().splitlines()]
    assert (summary["frames"], summary["empty_frames"], summary["people"]) == (COUNT, 0, 0)
    assert list(summary["stages_ms"]) == ["activity"]
    assert list(summary["activities_sec"]) == ["scene"]
    assert [r["sequence"] for r in records] == list(range(COUNT))
    scenes = [person for record in records for person in record["persons"]]
    assert [scene["body_id"] for scene in scenes] == ["scene"] * COUNT
    assert scenes[0]["validity"] == Validity.WARMING_UP and scenes[0]["label"] == ""
    assert scenes[-1]["validity"] == Validity.VALID and scenes[-1]["label"]
    assert scenes[-1]["state_steps"] == COUNT
    assert scenes[-1]["track_age"] == {"sec": 3, "nanosec": pytest.approx(933_333_333, abs=1000)}
    assert cv2.imread(str(picture)) is not None
    capture, last = cv2.VideoCapture(str(video)), None
    while (read := capture.read())[0]:
        last = read[1]
    assert last[:20, :40].std() > 10  # the panel in the corner of a plain background


def test_a_real_clip_runs_at_its_own_size(clips_dir, scene_folder):
    clip = clips_dir / "tfjs_pose_squats.mp4"
    summary = json.loads(run(clip, "--model", scene_folder, "--seconds", 6, "--json"))
    assert summary["frames"] > 20 and summary["empty_frames"] == 0
    assert summary["activities_sec"]["scene"]


def test_a_rendered_person_is_no_truth_for_a_scene(scene_folder, tmp_path):
    picture = tmp_path / "out.png"
    summary = json.loads(
        run("demo", "--rate", 15, "--seconds", 4, "--model", scene_folder, "--json",
            "--timeline", picture)
    )  # fmt: skip
    assert summary["frames"] == 61 and summary["truth"] is None
    assert picture.exists()
