# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The pinhole camera, for every shape of image."""

import numpy as np
import pytest

from co_perception.motion import View, look_at_origin, make_timeline, project, sample_view

SIZES = [(640, 480), (1280, 720), (480, 640), (720, 1280), (512, 512)]


def _view(width: int, height: int, azimuth: float = 0.0, roll: float = 0.0) -> View:
    return look_at_origin(
        width=width,
        height=height,
        azimuth_deg=azimuth,
        elevation_deg=0.0,
        distance=4.0,
        focal_px=800.0,
        target_height=1.0,
        roll_deg=roll,
    )


@pytest.mark.parametrize("size", SIZES)
def test_projection_by_hand(size: tuple[int, int]) -> None:
    # Seen from the front the person's left is on the image's right; pixels are square.
    points = np.array([[0.0, 1.0, 0.0], [0.5, 1.0, 0.0], [0.0, 1.5, 0.0], [0.5, 1.0, 2.0]])
    centre = np.array(size) / 2
    expected = centre + [[0.0, 0.0], [100.0, 0.0], [0.0, -100.0], [200.0, 0.0]]
    np.testing.assert_allclose(project(points, _view(*size)), expected, atol=1e-9)


def test_azimuth_and_roll_turn_the_right_way() -> None:
    nose_ahead = np.array([[0.0, 1.0, 0.5]])
    # From the person's left the person looks to the image's left.
    assert project(nose_ahead, _view(640, 480, azimuth=90.0))[0, 0] < 320.0
    above = project(np.array([[0.0, 2.0, 0.0]]), _view(640, 480, roll=10.0))[0]
    assert above[0] < 320.0 and above[1] < 240.0


def test_points_behind_the_camera_are_missing() -> None:
    assert np.isnan(project(np.array([[0.0, 1.0, 5.0]]), _view(640, 480))).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("split", ["train", "judge"])
def test_sampled_views_hold_the_person(size: tuple[int, int], split: str) -> None:
    inside = []
    for seed in range(12):
        script = make_timeline(["walk", "jump", "wave", "bend"], seed=seed, split=split)
        view = sample_view(seed, split, width=size[0], height=size[1], stature=script.body.stature)
        pixels = project(script.sample(5.0)[0], view)
        inside.append(((pixels >= 0) & (pixels < np.array(size))).all(axis=-1).mean())
        tall = np.ptp(pixels[0, :, 1])
        assert 0.25 * min(size) < tall < size[1]
    assert np.mean(inside) > 0.98
    assert min(inside) > 0.9
