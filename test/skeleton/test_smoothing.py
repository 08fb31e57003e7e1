# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The One-Euro filter on stamps, and the smoother of tracked skeletons."""

import numpy as np
import pytest

from co_perception.errors import ConfigError
from co_perception.skeleton import Skeleton, TrackState
from co_perception.skeleton.smoothing import OneEuroConfig, OneEuroFilter, SkeletonSmoother

RATE = 30
PERIOD_NS = 10**9 // RATE


def run_filter(samples: np.ndarray, **options: float) -> np.ndarray:
    one_euro = OneEuroFilter(OneEuroConfig(**options))
    return np.stack([one_euro(s, t * PERIOD_NS) for t, s in enumerate(samples)])


def test_filter_follows_the_published_equations():
    """Against a scalar transcription of the paper's algorithm 1."""
    rng = np.random.default_rng(0)
    samples = np.cumsum(rng.normal(0, 0.05, 100))
    config = OneEuroConfig(min_cutoff_hz=1.0, beta=0.5, derivative_cutoff_hz=1.0)
    expected, speed, dt = [samples[0]], 0.0, PERIOD_NS * 1e-9

    def alpha(cutoff: float) -> float:
        tau = 1 / (2 * np.pi * cutoff)
        return 1 / (1 + tau / dt)

    for raw in samples[1:]:
        speed += alpha(config.derivative_cutoff_hz) * ((raw - expected[-1]) / dt - speed)
        weight = alpha(config.min_cutoff_hz + config.beta * abs(speed))
        expected.append(expected[-1] + weight * (raw - expected[-1]))
    one_euro = OneEuroFilter(config)
    got = [one_euro(np.array([[s]]), t * PERIOD_NS)[0, 0] for t, s in enumerate(samples)]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_jitter_shrinks_and_motion_is_kept():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.01, (120, 5, 2))
    assert run_filter(noise)[30:].std() < 0.5 * noise.std()
    ramp = np.linspace(0, 8, 120)[:, None, None] * np.ones((1, 5, 2))
    lag = np.abs(run_filter(ramp) - ramp)[30:].max()
    assert lag < 0.08  # a joint at 2 figure sizes per second lags less than 40 ms


def test_missing_point_stays_missing_and_starts_anew():
    samples = np.zeros((6, 2, 2))
    samples[:, 1] = 5.0
    samples[2:4, 0] = np.nan
    samples[4:, 0] = 9.0
    result = run_filter(samples)
    assert np.isnan(result[2:4, 0]).all()
    np.testing.assert_array_equal(result[4, 0], [9.0, 9.0])
    np.testing.assert_allclose(result[:, 1], 5.0)


def test_repeated_and_backward_stamps_do_not_raise():
    one_euro = OneEuroFilter()
    one_euro(np.zeros((1, 2)), 10 * PERIOD_NS)
    held = one_euro(np.ones((1, 2)), 10 * PERIOD_NS)
    np.testing.assert_array_equal(held, [[0.0, 0.0]])
    gone = one_euro(np.full((1, 2), np.nan), 10 * PERIOD_NS)
    assert np.isnan(gone).all()
    np.testing.assert_array_equal(one_euro(np.ones((1, 2)), 5 * PERIOD_NS), [[1.0, 1.0]])


def test_bad_parameters_are_named():
    with pytest.raises(ConfigError, match="min_cutoff_hz.*> 0.*0"):
        OneEuroConfig(min_cutoff_hz=0)
    with pytest.raises(ConfigError, match="beta.*-1"):
        OneEuroConfig(beta=-1)


def skeleton(offset: float, body_id: str, state: TrackState = TrackState.OK) -> Skeleton:
    points = np.full((13, 3), 0.5, np.float32)
    points[:, 1] = np.linspace(0.2, 0.8, 13)
    points[:, 0] += offset
    world = np.zeros((13, 3), np.float32)
    return Skeleton("common13", points, (640, 480), 0.9, world, body_id, state)


def test_people_are_smoothed_apart():
    alone = SkeletonSmoother()
    both = SkeletonSmoother()
    rng = np.random.default_rng(2)
    for t, offset in enumerate(rng.normal(0, 0.01, 20)):
        a = alone.update([skeleton(offset, "pa")], t * PERIOD_NS)
        ab = both.update([skeleton(0.3, "pb"), skeleton(offset, "pa")], t * PERIOD_NS)
        np.testing.assert_array_equal(a[0].points, ab[1].points)
        assert [s.body_id for s in ab] == ["pb", "pa"]


def test_lost_people_pass_and_removed_people_are_forgotten():
    smoother = SkeletonSmoother()
    smoother.update([skeleton(0.0, "pa")], 0)
    lost = skeleton(0.1, "pa", TrackState.LOST)
    assert smoother.update([lost], PERIOD_NS)[0] is lost
    smoother.update([skeleton(0.1, "pa", TrackState.REMOVED)], 2 * PERIOD_NS)
    fresh = skeleton(0.2, "pa")
    np.testing.assert_allclose(
        smoother.update([fresh], 3 * PERIOD_NS)[0].points, fresh.points, atol=1e-6
    )
