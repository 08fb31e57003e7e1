# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The rendered person: painted where the joints are, hidden where something is before them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from co_perception.camera.demo import create_stage
from co_perception.camera.demo.figure import Figure
from co_perception.camera.demo.grid import ring_quads
from co_perception.camera.demo.looks import sample_look
from co_perception.camera.demo.painter import paint_figure
from co_perception.camera.demo.sight import is_visible
from co_perception.motion import (
    JOINTS,
    Body,
    View,
    look_at_origin,
    project,
    sample_body,
    solve,
)
from co_perception.motion.pose import base_pose

CHANGED = 12
# Shadow, hair and clothes reach beyond the joints.
MARGIN_PX = 60


@pytest.mark.parametrize("persons", [1, 3])
@pytest.mark.parametrize("label", ["stand", "squat", "bend", "jump", "sit_down"])
def test_persons_are_painted_where_the_joints_are(label: str, persons: int) -> None:
    stage = create_stage(width=640, height=480, seed=1, labels=[label], persons=persons)
    image, truths = stage.render(1.2)
    changed = np.abs(image.astype(int) - stage.room).max(axis=-1) > CHANGED
    for truth in truths:
        for (x, y), seen in zip(truth.joints_px, truth.visible, strict=True):
            if seen:
                assert changed[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].any()
    rows, columns = np.nonzero(changed)
    joints = np.concatenate([truth.joints_px for truth in truths])
    assert rows.min() > joints[:, 1].min() - MARGIN_PX
    assert columns.min() > joints[:, 0].min() - MARGIN_PX


@pytest.mark.parametrize(("azimuth", "expected"), [(0.0, "skin"), (180.0, "hair")])
def test_face_is_seen_from_the_front_and_hair_from_behind(azimuth: float, expected: str) -> None:
    body = sample_body(np.random.default_rng(0), "judge", child_share=0.0)
    look = replace(
        sample_look(np.random.default_rng(0)),
        skin=(40.0, 40.0, 220.0),
        hair=(220.0, 40.0, 40.0),
    )
    view = _view(azimuth)
    image = np.zeros((480, 640, 3), np.uint8)
    pose = solve(base_pose()[None], body)
    paint_figure(image, Figure(body, look), pose, 0, view)
    x, y = project(pose["skull"][0], view).round().astype(int)
    blue, _, red = image[y - 2 : y + 3, x - 2 : x + 3].mean(axis=(0, 1))
    assert (red > blue) == (expected == "skin")


def test_surface_is_finite_and_its_outside_is_lit_from_above() -> None:
    stage = create_stage(width=640, height=480, seed=2)
    figure, pose = stage.actors[0].figure, stage.actors[0].pose_at(1.0)
    points = figure.points(pose, 0)
    assert np.isfinite(points).all()
    assert figure.quads.max() == len(points) - 1
    assert len(figure.quads) == len(figure.colours) == len(figure.bias)
    assert figure.colours.min() >= 0.0
    # The quads of the skull look away from its middle.
    corners = points[figure.quads[-200:]]
    middle = corners.mean(axis=1)
    normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    outward = ((middle - pose["skull"][0]) * normal).sum(axis=1)
    big = np.linalg.norm(normal, axis=1) > 1e-6
    assert (outward[big] > 0.0).mean() > 0.8


def test_ring_quads_join_neighbours_and_close_the_ring() -> None:
    quads = ring_quads(3, 4, offset=10)
    assert quads.shape == (8, 4)
    assert quads[3].tolist() == [13, 10, 14, 17]
    assert sorted(set(quads.ravel().tolist())) == list(range(10, 22))


def _view(azimuth: float) -> View:
    return look_at_origin(
        width=640,
        height=480,
        azimuth_deg=azimuth,
        elevation_deg=0.0,
        distance=4.0,
        focal_px=700.0,
        target_height=1.0,
    )


def _from_the_left() -> tuple[NDArray[np.float64], Body, View]:
    body = sample_body(np.random.default_rng(0), "judge", child_share=0.0)
    return solve(base_pose()[None], body).joints[0], body, _view(90.0)


def test_far_side_is_hidden_by_the_near_side() -> None:
    joints, body, view = _from_the_left()
    seen = dict(zip(JOINTS, is_visible(0, [joints], [body], view), strict=False))
    # The left hip is behind the hanging hand.
    assert seen["left_shoulder"] and seen["left_knee"] and seen["left_ankle"] and seen["nose"]
    assert not seen["right_shoulder"] and not seen["right_hip"] and not seen["right_knee"]


def test_person_behind_another_is_hidden() -> None:
    joints, body, view = _from_the_left()
    behind = joints - np.array([1.0, 0.0, 0.0])
    both = [behind, joints]
    seen = is_visible(0, both, [body, body], view)
    assert seen.mean() < 0.3
    assert is_visible(1, both, [body, body], view).mean() > 0.4


def test_joints_outside_the_image_are_not_visible() -> None:
    joints, body, view = _from_the_left()
    away = joints + np.array([0.0, 0.0, 30.0])
    assert not is_visible(0, [away], [body], view).any()


def test_stool_stands_there_only_while_it_is_used() -> None:
    stage = create_stage(width=160, height=120, labels=["stand", "sit_down", "stand"], seed=1)
    actor = stage.actors[0]
    sit = next(s for s in actor.timeline.segments if s.label == "sit_down")
    seated = actor.stool.points(sit.end)
    assert seated is not None
    assert actor.stool.points(1.0) is None
    seat, hip = seated[:, 1].max(), actor.pose_at(sit.end)["mid_hip"][0]
    assert 0.02 < hip[1] - seat < 0.2
    near = seated[:, [0, 2]].mean(axis=0)
    assert np.linalg.norm(near - hip[[0, 2]]) < 0.15
