# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The estimator with the real MediaPipe: on hostile input, on the demo person, on real clips."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from co_perception.camera.demo.source import DemoSource
from co_perception.errors import ConfigError, ShapeError, StreamError, WeightsError
from co_perception.pose.asset import BUILD_COMMAND, default_asset_path
from co_perception.pose.estimator import GatedEstimator, create_estimator

pytest.importorskip("mediapipe", reason="mediapipe is not installed")
cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")

SECOND = 1_000_000_000
SQUATS, SQUATS_REFERENCE = "tfjs_pose_squats.mp4", "tfjs_pose_squats.full.json"
LOBBY = "intel_one_by_one_person.mp4"
# Looked at by hand; see the data's own page.
LOBBY_EMPTY = ((0, 56), (208, 224), (456, 496), (704, 744), (880, 920), (1208, 1232), (1368, 1393))
LOBBY_PERSON = ((88, 176), (248, 432), (528, 680), (768, 840), (944, 1176), (1256, 1336))
MEAN_DISTANCE_PX = 10.0
EMPTY_SHARE, PERSON_SHARE = 0.02, 0.95
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "pose_reference.py"


@pytest.fixture(scope="module")
def shared() -> Iterator[GatedEstimator]:
    """One estimator for the module: starting the networks takes half a second."""
    if not default_asset_path().is_file():
        pytest.skip(f"there is no pose asset; make it with `{BUILD_COMMAND}`")
    with create_estimator(backend="tasks") as estimator:
        assert isinstance(estimator, GatedEstimator)
        yield estimator


@pytest.fixture
def estimator(shared: GatedEstimator) -> GatedEstimator:
    """The shared estimator, reset."""
    shared.reset()
    return shared


@pytest.fixture(scope="module")
def person_image() -> NDArray[np.uint8]:
    """The demo person, standing."""
    frame = DemoSource(seed=0, labels=["stand"], real_time=False).read()
    assert frame is not None
    return frame.image


def read_clip(path: Path, step: int = 1) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield every `step`-th frame with its number."""
    capture = cv2.VideoCapture(str(path))
    number = 0
    while capture.grab():
        if number % step == 0:
            yield number, capture.retrieve()[1]
        number += 1
    capture.release()


def is_within(frame: int, intervals: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= frame <= last for first, last in intervals)


# Where nobody is


def make_still(kind: str) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    if kind == "noise":
        return rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    if kind == "blotches":
        return np.kron(rng.integers(0, 256, (12, 16, 3)), np.ones((40, 40, 1))).astype(np.uint8)
    return np.full((480, 640, 3), {"black": 0, "white": 255}[kind], np.uint8)


@pytest.mark.parametrize("kind", ["black", "white", "noise", "blotches"])
def test_nobody_is_found_where_nothing_is(estimator: GatedEstimator, kind: str) -> None:
    assert [estimator.estimate(make_still(kind), i * SECOND // 30) for i in range(3)] == [[]] * 3


def make_dummy(seed: int) -> NDArray[np.uint8]:
    """Draw a block with a ball on top, two sticks below and two at its sides."""
    rng = np.random.default_rng(seed)
    image = np.full((480, 640, 3), rng.integers(90, 230), np.uint8)
    dark = tuple(int(v) for v in rng.integers(0, 120, 3))
    top, foot, half = (int(rng.integers(*r)) for r in ((60, 140), (330, 430), (10, 60)))
    middle = (top + foot) // 2
    cv2.rectangle(image, (320 - half, top + 30), (320 + half, middle), dark, -1)
    cv2.circle(image, (320, top), int(rng.integers(15, 35)), (120, 140, 190), -1)
    for side in (-1, 1):
        knee, shoulder = (320 + side * half // 2, middle), (320 + side * half, top + 50)
        ankle = (320 + side * int(rng.integers(10, 60)), foot)
        hand = (320 + side * int(rng.integers(40, 110)), int(rng.integers(top, top + 200)))
        cv2.line(image, knee, ankle, dark, int(rng.integers(6, 24)))
        cv2.line(image, shoulder, hand, dark, int(rng.integers(6, 20)))
    return cv2.GaussianBlur(image, (0, 0), 2.0)


def test_dummies_fool_the_network_more_often_than_the_gates(estimator: GatedEstimator) -> None:
    """Nearly drawn people: some may pass, but most of what the network believes must not."""
    fooled = passed = 0
    detector = estimator._open_detector()
    for seed in range(100):
        image = make_dummy(seed)
        fooled += bool(detector.look(image))
        estimator.reset()
        passed += bool(estimator.estimate(image, 0))
    assert fooled >= 5
    assert passed <= fooled / 2


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (7, 5)])
def test_tiny_images_are_empty(estimator: GatedEstimator, size: tuple[int, int]) -> None:
    assert estimator.estimate(np.zeros((*size, 3), np.uint8), 0) == []


# What a person looks like


def test_demo_person_is_found_at_once(
    estimator: GatedEstimator, person_image: NDArray[np.uint8]
) -> None:
    (person,) = estimator.estimate(person_image, 0)
    assert person.layout == "mediapipe33" and person.image_size == (640, 480)
    assert person.points.shape == (33, 3) and person.points.dtype == np.float32
    assert person.points[:, 2].min() >= 0.0 and person.points[:, 2].max() <= 1.0
    assert person.confidence > 0.8 and person.body_id == ""
    assert person.world is not None and person.world.shape == (33, 3)
    nose, ankles = person.world[0], person.world[27:29]
    assert nose[1] < -0.3 and (ankles[:, 1] > 0.4).all()  # metres, y down
    assert person.points[0, 1] < person.points[27, 1]


def test_image_shape_does_not_matter(
    estimator: GatedEstimator, person_image: NDArray[np.uint8]
) -> None:
    """Landscape, portrait, small, not contiguous: the same joints in pixels."""
    (whole,) = estimator.estimate(person_image, 0)
    left = int(np.clip(whole.points_px[:, 0].mean() - 120, 0, 400))
    portrait = person_image[:, left : left + 240]
    (cut,) = estimator.estimate(portrait, SECOND)
    assert cut.image_size == (240, 480)
    gap = np.linalg.norm(cut.points_px + [left, 0] - whole.points_px, axis=1)[11:29]
    assert gap.mean() < MEAN_DISTANCE_PX
    (small,) = estimator.estimate(person_image[::2, ::2], 2 * SECOND)
    assert np.abs(small.points[11:29, :2] - whole.points[11:29, :2]).mean() < 0.02


def test_two_people_are_two_skeletons(person_image: NDArray[np.uint8]) -> None:
    if not default_asset_path().is_file():
        pytest.skip(f"there is no pose asset; make it with `{BUILD_COMMAND}`")
    pair = np.hstack([person_image[:, 120:520], person_image[:, 520:119:-1]])
    with create_estimator(max_people=2, backend="tasks") as estimator:
        people = estimator.estimate(pair, 0)
        assert len(people) == 2
        sides = sorted(float(person.points[23:25, 0].mean()) for person in people)
        assert sides[0] < 0.5 < sides[1]
        estimator.estimate(np.zeros_like(pair), SECOND)
        assert estimator.estimate(np.zeros_like(pair), 2 * SECOND) == []


# Stamps, sizes and ends


def test_stamps_never_raise(estimator: GatedEstimator, person_image: NDArray[np.uint8]) -> None:
    second = SECOND
    stamps = [0, second, second, second, second - 1, second // 2, -5, -5, 2**62, 2**62, 0, second]
    assert all(len(estimator.estimate(person_image, stamp)) == 1 for stamp in stamps)


def test_stamp_going_back_resets(
    estimator: GatedEstimator, person_image: NDArray[np.uint8]
) -> None:
    estimator.estimate(person_image, 10 * SECOND)
    estimator.estimate(make_still("noise"), 11 * SECOND)
    assert estimator._stamp_ns == 11 * SECOND
    estimator.estimate(person_image, SECOND)
    assert estimator._now_ns == SECOND


def test_image_may_change_size_mid_stream(
    estimator: GatedEstimator, person_image: NDArray[np.uint8]
) -> None:
    images = [person_image, person_image[:, 100:540], person_image[::2, ::2], person_image]
    for i, image in enumerate(images * 2):
        (person,) = estimator.estimate(image, i * SECOND // 30)
        assert person.image_size == image.shape[1::-1]


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.zeros((480, 640), np.uint8), id="grey"),
        pytest.param(np.zeros((480, 640, 4), np.uint8), id="four channels"),
        pytest.param(np.zeros((480, 640, 3), np.float32), id="float"),
        pytest.param(np.zeros((480, 640, 3), np.uint16), id="16 bit"),
        pytest.param(np.zeros((0, 640, 3), np.uint8), id="empty"),
        pytest.param([[1, 2, 3]], id="list"),
    ],
)
def test_wrong_images_are_named(estimator: GatedEstimator, image: NDArray[np.uint8]) -> None:
    with pytest.raises(ShapeError, match="pose estimator"):
        estimator.estimate(image, 0)


def test_close_twice_and_use_after() -> None:
    if not default_asset_path().is_file():
        pytest.skip(f"there is no pose asset; make it with `{BUILD_COMMAND}`")
    estimator = create_estimator(backend="tasks")
    estimator.close()
    estimator.close()
    with pytest.raises(StreamError, match="closed"):
        estimator.estimate(np.zeros((480, 640, 3), np.uint8), 0)
    with pytest.raises(StreamError, match="closed"):
        estimator.reset()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"name": "openpose"}, "name: expected one of mediapipe", id="name"),
        pytest.param({"backend": "gpu"}, "auto, solutions, tasks", id="backend"),
        pytest.param({"max_people": 0}, "max_people", id="people"),
        pytest.param({"min_confidence": 1.5}, "min_confidence", id="confidence"),
        pytest.param({"backend": "solutions", "max_people": 2}, "one person", id="solutions"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_estimator(**arguments)  # type: ignore[arg-type]


def test_asset_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pose.task"
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="no `.task` bundle"):
        create_estimator(model_path=path)


# Real clips


def test_squats_agree_with_the_reference(estimator: GatedEstimator, clips_dir: Path) -> None:
    reference = np.array(json.loads((clips_dir / SQUATS_REFERENCE).read_text()))[..., :2]
    gaps = []
    for number, image in read_clip(clips_dir / SQUATS):
        (person,) = estimator.estimate(image, number * SECOND // 5)
        gaps.append(np.linalg.norm(person.points_px - reference[number], axis=1))
    assert len(gaps) == 65
    assert np.mean(gaps) < MEAN_DISTANCE_PX


def test_squats_agree_with_the_reference_by_mp_solutions(clips_dir: Path) -> None:
    python = os.environ.get("CO_PERCEPTION_SOLUTIONS_PYTHON")
    if python is None and importlib.util.find_spec("mediapipe.python") is not None:
        python = sys.executable
    if python is None:
        pytest.skip(
            "mediapipe is newer than mp.solutions; CO_PERCEPTION_SOLUTIONS_PYTHON may name the "
            "python of an environment with mediapipe<0.10.30"
        )
    command = [python, str(BENCHMARK), "--backend", "solutions", "--data", str(clips_dir.parent)]
    paths = os.pathsep.join([str(BENCHMARK.parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("clip", ["intel_asl_walk.mkv", "tfjs_pose_1.mp4"])
def test_people_of_other_clips_are_kept(
    estimator: GatedEstimator, clips_dir: Path, clip: str
) -> None:
    """An upper body that fills the image, and a rendered whole one."""
    seen = [
        len(estimator.estimate(i, n * SECOND // 30)) for n, i in read_clip(clips_dir / clip, 2)
    ]
    assert seen == [1] * len(seen)


@pytest.mark.parametrize("mirror", [False, True], ids=["as it is", "mirrored"])
def test_lobby_nobody_is_invented_and_nobody_lost(
    estimator: GatedEstimator, clips_dir: Path, mirror: bool
) -> None:
    """Every fourth frame; `benchmarks/pose_lobby.py` runs them all."""
    empty: list[bool] = []
    person: list[bool] = []
    for number, image in read_clip(clips_dir / LOBBY, 4 if not mirror else 16):
        found = bool(
            estimator.estimate(image[:, ::-1] if mirror else image, number * SECOND // 10)
        )
        if is_within(number, LOBBY_EMPTY):
            empty.append(found)
        elif is_within(number, LOBBY_PERSON):
            person.append(found)
    assert np.mean(empty) <= EMPTY_SHARE
    assert np.mean(person) >= PERSON_SHARE
