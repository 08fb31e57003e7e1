# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The network's input: independent of place, size and image shape, causal, clip == stream."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from co_perception.errors import ConfigError, ShapeError
from co_perception.skeleton.features import FeatureStream, clip_features, feature_channels

RATE = 15.0
STANDING = np.array(
    # nose, shoulders, elbows, wrists, hips, knees, ankles; left is the person's own
    [[0, -88], [18, -60], [-18, -60], [22, -28], [-22, -28], [24, 0], [-24, 0]]
    + [[10, 0], [-10, 0], [10, 48], [-10, 48], [10, 96], [-10, 96]],
    np.float32,
)


def walk_clip(frames: int = 30, seed: int = 0) -> np.ndarray:
    """A figure in pixels that moves as a whole and in its joints: (T, 13, 2)."""
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(0, 1.5, (frames, 13, 2)), axis=0)
    drift = np.linspace(0, 60, frames)[:, None, None] * np.array([1.0, 0.1])
    return (STANDING + steps + drift + [200, 240]).astype(np.float32)


def shares(pixels: np.ndarray, size: tuple[int, int], visibility: float = 0.9) -> np.ndarray:
    points = np.concatenate([pixels / np.asarray(size), np.ones((*pixels.shape[:-1], 1))], axis=-1)
    points[..., 2] = visibility
    return points.astype(np.float32)


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (720, 1280)], ids=["4:3", "16:9", "up"])
def test_features_do_not_depend_on_image_shape(size):
    """The same pixels in a 4:3, a 16:9 and an upright image are the same pose."""
    clip = walk_clip()
    reference = clip_features(shares(clip, (640, 640)), (640, 640), RATE)
    np.testing.assert_allclose(
        clip_features(shares(clip, size), size, RATE), reference, rtol=1e-4, atol=1e-4
    )


def test_features_do_not_depend_on_place_and_size():
    clip = walk_clip()
    reference = clip_features(shares(clip, (640, 480)), (640, 480), RATE)
    moved = clip * 2.5 + [33.0, -20.0]
    np.testing.assert_allclose(
        clip_features(shares(moved, (1920, 1080)), (1920, 1080), RATE),
        reference,
        rtol=1e-3,
        atol=1e-3,
    )


@given(seed=st.integers(0, 1000), holes=st.integers(0, 60))
def test_stream_equals_clip(seed, holes):
    rng = np.random.default_rng(seed)
    points = shares(walk_clip(20, seed), (640, 480))
    points[rng.integers(0, 20, holes), rng.integers(0, 13, holes)] = (np.nan, np.nan, 0)
    stream = FeatureStream()
    steps = [stream.step(frame, (640, 480), 1 / RATE) for frame in points]
    clip = clip_features(points, (640, 480), RATE)
    np.testing.assert_array_equal(np.stack(steps, axis=1), clip)
    assert np.isfinite(clip).all()


def test_later_frames_never_change_earlier_features():
    points = shares(walk_clip(), (640, 480))
    changed = points.copy()
    changed[20:] += 0.3
    a, b = (clip_features(p, (640, 480), RATE) for p in (points, changed))
    np.testing.assert_array_equal(a[:, :20], b[:, :20])
    assert not np.array_equal(a[:, 20:], b[:, 20:])


def test_batch_equals_single_clips():
    clips = np.stack([shares(walk_clip(seed=s), (640, 480)) for s in range(3)])
    together = clip_features(clips, (640, 480), RATE)
    alone = [clip_features(clip, (640, 480), RATE) for clip in clips]
    # numpy 1 sums a batch in another order: the last bit of a float32 may differ.
    np.testing.assert_allclose(together, np.stack(alone), rtol=0.0, atol=1e-6)


def test_missing_joint_is_zero_everywhere_but_in_velocity():
    points = shares(walk_clip(4), (640, 480))
    points[2, 6] = (np.nan, np.nan, 0.0)
    features = clip_features(points, (640, 480), RATE)
    assert (features[:3, 2, 6] == 0).all()
    assert (features[2, 1] > 0.89).all()


def test_one_missing_hip_does_not_move_the_others():
    """The root falls back to the other hip: a jump of half a hip width at most."""
    points = shares(walk_clip(4), (640, 480))
    full = clip_features(points, (640, 480), RATE)
    points[2:, 7] = (np.nan, np.nan, 0.0)
    partial = clip_features(points, (640, 480), RATE)
    assert np.abs(partial[:2, 3, 0] - full[:2, 3, 0]).max() < 0.25


def test_upper_body_alone_is_scaled_like_the_whole():
    points = shares(np.repeat(STANDING[None] + [200, 240], 5, axis=0), (640, 480))
    whole = clip_features(points, (640, 480), RATE)
    points[:, 7:] = (np.nan, np.nan, 0.0)
    upper = clip_features(points, (640, 480), RATE)
    np.testing.assert_allclose(upper[:2, -1, :7], whole[:2, -1, :7], atol=0.35)


def test_unseen_joint_has_no_visibility():
    """Neither a position without confidence nor confidence without a position is a joint."""
    points = shares(walk_clip(2), (640, 480))
    points[1, 5, :2] = np.nan
    points[1, 6, 2] = 0.01
    features = clip_features(points, (640, 480), RATE)
    assert (features[:3, 1, 5:7] == 0).all()


def test_frame_without_trunk_is_empty_and_the_next_has_no_velocity():
    points = shares(walk_clip(6), (640, 480))
    points[2:4, [1, 2, 7, 8]] = (np.nan, np.nan, 0.0)
    points[4:, :, :2] += 0.3
    features = clip_features(points, (640, 480), RATE)
    assert (features[:, 2:4] == 0).all()
    assert (features[3:, 4] == 0).all() and (features[2, 4] > 0).all()
    assert (features[3:, 5] != 0).any()


def test_nobody_seen_gives_zeros():
    points = np.full((5, 13, 3), np.nan, np.float32)
    assert (clip_features(points, (640, 480), RATE) == 0).all()


def test_velocity_is_in_body_scales_per_second():
    still = np.repeat(STANDING[None] + [200, 240], 5, axis=0)
    moving = still + np.arange(5)[:, None, None] * np.array([8.0, 0.0])
    velocity = clip_features(shares(moving, (640, 480)), (640, 480), RATE)[3:, :, 0]
    scale = 0.95 * 48 / 0.85 if 0.95 * 48 / 0.85 > 60 else 60.0
    expected = 8.0 * RATE / scale / 2.0
    np.testing.assert_allclose(velocity[:, 1:], [[expected] * 4, [0.0] * 4], atol=1e-3)
    assert (velocity[:, 0] == 0).all()


def test_reset_forgets():
    points = shares(walk_clip(6), (640, 480))
    stream = FeatureStream()
    first = [stream.step(p, (640, 480), 1 / RATE) for p in points]
    stream.reset()
    again = [stream.step(p, (640, 480), 1 / RATE) for p in points]
    np.testing.assert_array_equal(first, again)


def test_wrong_input_is_refused():
    with pytest.raises(ShapeError, match=r"\(\.\.\., 13, 3\).*\(33, 3\).*to_layout"):
        FeatureStream().step(np.zeros((33, 3)), (640, 480), 0.1)
    with pytest.raises(ShapeError, match="T, 13, 3"):
        clip_features(np.zeros((13, 3)), (640, 480), RATE)
    with pytest.raises(ConfigError, match="'common13', got 'coco17'"):
        FeatureStream("coco17")
    with pytest.raises(ConfigError, match="root_scaled; got 'raw'"):
        feature_channels("raw")
