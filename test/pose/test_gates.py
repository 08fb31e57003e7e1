# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Each rule refuses what it names and lets ordinary people through."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from co_perception.pose.gates import RULES, GateConfig, compute_extent, find_fault
from co_perception.pose.raw import RawPose

CONFIG = GateConfig()
IMAGE_SIZE = (640, 480)
Maker = Callable[..., RawPose]


def crouch_towards_camera(pose: RawPose) -> RawPose:
    """Fold the trunk away in the image; in 3-D it keeps its length."""
    points = pose.points.copy()
    points[:23, 1] += 0.3 * 0.9
    return replace(pose, points=points)


def show_upper_body(pose: RawPose) -> RawPose:
    """Move the hips and all below out of the image and out of sight."""
    points, visibility = pose.points.copy(), pose.visibility.copy()
    points[23:, 1] += 1.0
    visibility[23:] = 0.05
    return replace(pose, points=points, visibility=visibility)


@pytest.mark.parametrize(
    "create",
    [
        pytest.param(lambda make: make(), id="standing"),
        pytest.param(lambda make: show_upper_body(make()), id="upper body"),
        pytest.param(lambda make: crouch_towards_camera(make()), id="bent towards the camera"),
        pytest.param(lambda make: make(height=0.25), id="far away"),
    ],
)
def test_people_break_no_rule(create: Callable[[Maker], RawPose], make_person: Maker) -> None:
    assert find_fault(create(make_person), IMAGE_SIZE, CONFIG) is None


def hide(pose: RawPose, joints: slice) -> RawPose:
    visibility = pose.visibility.copy()
    visibility[joints] = 0.1
    return replace(pose, visibility=visibility)


def lose(pose: RawPose) -> RawPose:
    points = pose.points.copy()
    points[16] = np.nan
    return replace(pose, points=points)


def scale_world(pose: RawPose, factor: float) -> RawPose:
    return replace(pose, world=pose.world * factor)


@pytest.mark.parametrize(
    ("create", "fault"),
    [
        pytest.param(lambda make: lose(make()), "not finite", id="nan"),
        pytest.param(lambda make: hide(make(), slice(0, 13)), "not visible", id="legs alone"),
        pytest.param(lambda make: make(middle=(0.5, 1.6)), "outside the image", id="below"),
        pytest.param(lambda make: make(height=0.1), "too small", id="small"),
        pytest.param(lambda make: scale_world(make(), 0.3), "no human trunk", id="doll"),
        pytest.param(lambda make: scale_world(make(), 3.0), "no human trunk", id="giant"),
    ],
)
def test_rule_refuses(create: Callable[[Maker], RawPose], fault: str, make_person: Maker) -> None:
    assert fault in RULES
    assert find_fault(create(make_person), IMAGE_SIZE, CONFIG) == fault


def test_small_in_pixels_is_small(make_person: Maker) -> None:
    assert find_fault(make_person(height=0.8), (30, 40), CONFIG) == "too small"


def test_extent_counts_only_what_is_in_view(make_person: Maker) -> None:
    whole = compute_extent(make_person(), IMAGE_SIZE, CONFIG)
    upper = compute_extent(show_upper_body(make_person()), IMAGE_SIZE, CONFIG)
    assert 0.0 < upper < 0.75 * whole
    assert compute_extent(hide(make_person(), slice(0, 33)), IMAGE_SIZE, CONFIG) == 0.0
