# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Real MediaPipe on the rendered person: found, and with the joints where they are."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from co_perception.camera.demo import DemoSource
from co_perception.errors import WeightsError

MIN_FOUND = 0.95
MAX_ERROR_OF_HEIGHT = 0.06
RATE = 5.0
COMMON13_OF_MEDIAPIPE = [0, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]

Finder = Callable[[np.ndarray, int], "np.ndarray | None"]


@pytest.fixture
def find() -> Iterator[Finder]:
    """MediaPipe's own landmarker, without gates or smoothing of this package."""
    mediapipe = pytest.importorskip("mediapipe", exc_type=ImportError)
    from co_perception.pose.asset import find_pose_asset

    try:
        asset = find_pose_asset()
    except WeightsError as error:
        pytest.skip(str(error))
    vision = mediapipe.tasks.vision
    options = vision.PoseLandmarkerOptions(
        base_options=mediapipe.tasks.BaseOptions(model_asset_path=str(asset)),
        running_mode=vision.RunningMode.VIDEO,
    )
    with vision.PoseLandmarker.create_from_options(options) as landmarker:

        def call(image: np.ndarray, stamp_ns: int) -> np.ndarray | None:
            rgb = np.ascontiguousarray(image[..., ::-1])
            picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
            found = landmarker.detect_for_video(picture, stamp_ns // 1_000_000).pose_landmarks
            if not found:
                return None
            size = np.array([image.shape[1], image.shape[0]])
            points = np.array([[point.x, point.y] for point in found[0]])
            return np.asarray(points[COMMON13_OF_MEDIAPIPE] * size)

        yield call


@pytest.mark.parametrize(("seed", "size"), [(0, (640, 480)), (1, (480, 640))])
def test_mediapipe_finds_the_person_of_a_judge_script(
    find: Finder, seed: int, size: tuple[int, int]
) -> None:
    source = DemoSource(
        width=size[0],
        height=size[1],
        rate=RATE,
        seed=seed,
        seconds=(1.5, 2.5),
        loop=False,
        real_time=False,
    )
    view, actor = source.stage.view, source.stage.actors[0]
    errors, count = [], 0
    for frame in source:
        (truth,) = frame.truth
        points = find(frame.image, frame.stamp_ns)
        count += 1
        if points is not None:
            depth = view.depth(actor.pose_at(frame.index / RATE)["mid_hip"])[0]
            height_px = view.focal_px * actor.timeline.body.stature / depth
            away = np.linalg.norm(points - truth.joints_px, axis=1)[truth.visible]
            errors.append(away.mean() / height_px)
    assert len(errors) / count >= MIN_FOUND
    assert np.mean(errors) < MAX_ERROR_OF_HEIGHT
