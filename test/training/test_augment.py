# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Properties of the augmentation."""

import numpy as np
import pytest

from co_perception.skeleton.layouts import get_layout
from co_perception.training.augment import mirror, move_cameras, vary_bodies, vary_postures
from co_perception.training.degrade import degrade
from co_perception.training.self_made import script_motion
from co_perception.training.views import look_at_motions

LENGTH_TOLERANCE = 1e-4
JOINTS = get_layout("common13").joints


@pytest.fixture(scope="module")
def solid() -> np.ndarray:
    """(6, 40, 13, 3) metres."""
    motions = [script_motion(["wave", "walk"], seed=seed, split="train") for seed in range(6)]
    return np.stack([motion.points[:40] for motion in motions])


def _rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_mirror_swaps_left_and_right(solid: np.ndarray) -> None:
    flipped = mirror(solid)
    left, right = JOINTS.index("left_wrist"), JOINTS.index("right_wrist")
    np.testing.assert_array_equal(flipped[..., left, 0], -solid[..., right, 0])
    np.testing.assert_array_equal(flipped[..., left, 1:], solid[..., right, 1:])
    np.testing.assert_array_equal(mirror(flipped), solid)


def test_missing_joints_and_only_those_have_no_visibility(solid: np.ndarray) -> None:
    flat = np.repeat(look_at_motions(solid, _rng()), 20, axis=0)
    points = degrade(flat, _rng())
    missing = np.isnan(points[..., 0])
    assert missing.any() and not missing.all()
    np.testing.assert_array_equal(missing, np.isnan(points[..., 1]))
    np.testing.assert_array_equal(missing, points[..., 2] == 0.0)
    assert points[..., 2].max() <= 1.0


def test_strength_scales_the_jitter(solid: np.ndarray) -> None:
    flat = look_at_motions(solid, _rng())
    errors = [
        float(np.nanmean(np.abs(degrade(flat, _rng(), strength)[..., :2] - flat)))
        for strength in (0.5, 2.0)
    ]
    assert errors[1] > 1.2 * errors[0]


def test_bodies_differ_in_limb_lengths_but_not_within_a_sequence(solid: np.ndarray) -> None:
    varied = vary_bodies(solid, _rng())

    def forearm(points: np.ndarray) -> np.ndarray:
        return np.linalg.norm(points[:, :, 5] - points[:, :, 3], axis=-1)

    ratio = forearm(varied) / forearm(solid)
    assert ratio.std(axis=1).max() < LENGTH_TOLERANCE
    assert ratio[:, 0].std() > 0.01


def test_postures_keep_limb_lengths(solid: np.ndarray) -> None:
    varied = vary_postures(solid, _rng())
    assert np.abs(varied - solid).max() > 0.02
    for outer, inner in get_layout("common13").edge_indices:
        if (JOINTS[outer].split("_")[-1], JOINTS[inner].split("_")[-1]) == ("shoulder", "hip"):
            continue  # both ends of a trunk edge turn about the middle of the hips, one does not
        before = np.linalg.norm(solid[:, :, outer] - solid[:, :, inner], axis=-1)
        after = np.linalg.norm(varied[:, :, outer] - varied[:, :, inner], axis=-1)
        np.testing.assert_allclose(after, before, atol=LENGTH_TOLERANCE)


def test_a_moving_camera_moves_all_joints_alike(solid: np.ndarray) -> None:
    flat = np.repeat(look_at_motions(solid, _rng()), 8, axis=0)
    moved = move_cameras(flat, _rng())
    still = np.isclose(moved, flat, atol=LENGTH_TOLERANCE).all(axis=(1, 2, 3))
    assert 0.3 < still.mean() < 0.95
    arm, arm_before = (p[:, :, 5] - p[:, :, 3] for p in (moved, flat))
    zoom = np.linalg.norm(arm, axis=-1) / np.linalg.norm(arm_before, axis=-1)
    leg, leg_before = (p[:, :, 11] - p[:, :, 9] for p in (moved, flat))
    same = np.linalg.norm(leg, axis=-1) / np.linalg.norm(leg_before, axis=-1)
    np.testing.assert_allclose(zoom, same, rtol=0.01)


def test_equal_generators_give_equal_faults(solid: np.ndarray) -> None:
    flat = look_at_motions(solid, _rng())
    np.testing.assert_array_equal(degrade(flat, _rng()), degrade(flat, _rng()))
