# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from co_perception.engine.clock import TickClock
from co_perception.engine.resample import Pose, SampleTrack, interpolate_points

MS = 1_000_000
RATE = 15.0
POSITION_TOLERANCE = 1e-5
"""Of positions in 0..1, kept in float32."""


def make_track(interpolation_ms: int = 250) -> tuple[TickClock, SampleTrack]:
    clock = TickClock(RATE, max_gap_ns=1000 * MS, max_reorder_ns=0)
    return clock, SampleTrack(clock, max_interpolation_ns=interpolation_ms * MS)


def pose_at(stamp_ns: int, value: float | None = None) -> Pose:
    """A pose that moves on a straight line, 1 image width in 10 s."""
    x = stamp_ns / 1e10 if value is None else value
    return Pose(stamp_ns, np.array([[x, 1.0 - x, 0.5]], np.float32), 4 / 3)


@settings(max_examples=100)
@given(gaps_ms=st.lists(st.integers(1, 900), min_size=1, max_size=60))
def test_track_feeds_every_tick_once_and_on_the_line(gaps_ms):
    """Whatever the images' rate, a straight motion comes out straight, at the model's rate."""
    clock, track = make_track()
    stamp_ns, fed = 0, []
    for gap_ms in [0, *gaps_ms]:
        stamp_ns += gap_ms * MS
        clock.observe(stamp_ns)
        for tick in track.push(pose_at(stamp_ns)):
            assert tick.end_ns <= stamp_ns and tick.sample.stamp_ns <= stamp_ns
            assert tick.start_ns <= tick.sample.stamp_ns <= tick.end_ns
            assert abs(tick.sample.stamp_ns - clock.tick_ns(tick.tick)) <= clock.snap_ns
            expected = tick.sample.stamp_ns / 1e10
            assert abs(float(tick.sample.points[0, 0]) - expected) <= POSITION_TOLERANCE
            fed.append(tick.tick)
    assert fed == list(range(len(fed)))
    assert fed[-1] == clock.last_tick(stamp_ns)


@pytest.mark.parametrize("rate", [5.0, 10.0, 12.0, 15.0, 25.0, 30.0, 60.0, 120.0])
def test_track_gives_the_model_rate_from_any_camera(rate):
    clock, track = make_track()
    count = 0
    for index in range(int(10 * rate) + 1):
        stamp_ns = int(index * 1e9 / rate)
        clock.observe(stamp_ns)
        count += len(track.push(pose_at(stamp_ns)))
    assert count == 10 * RATE + 1


def test_track_takes_near_images_as_they_are():
    clock, track = make_track()
    clock.observe(0)
    track.push(pose_at(0))
    near = 75 * MS  # the tick is at 66.7 ms
    clock.observe(near)
    (tick,) = track.push(pose_at(near, value=0.7))
    assert (tick.start_ns, tick.end_ns, tick.sample.stamp_ns) == (near, near, near)
    assert tick.sample.points[0, 0] == np.float32(0.7)


def test_track_counts_only_short_interpolation_as_evidence():
    clock, track = make_track(interpolation_ms=250)
    clock.observe(0)
    track.push(pose_at(0))
    short = track.push(pose_at(240 * MS))
    long = track.push(pose_at(540 * MS))
    assert all(tick.real for tick in short)
    assert not any(tick.real for tick in long if tick.start_ns != tick.end_ns)


def test_track_begins_at_the_next_tick_when_a_person_comes_between_ticks():
    clock, track = make_track()
    clock.observe(0)
    assert track.push(pose_at(30 * MS)) == []
    (tick,) = track.push(pose_at(100 * MS))
    assert tick.tick == 1 and tick.start_ns == 30 * MS


def test_track_reset_forgets_the_last_pose():
    clock, track = make_track()
    clock.observe(0)
    track.push(pose_at(0))
    track.reset()
    assert track.last_ns is None
    (tick,) = track.push(pose_at(200 * MS))
    assert (tick.tick, tick.start_ns) == (3, 200 * MS)


@pytest.mark.parametrize(("share", "expected"), [(0.4, np.nan), (0.6, 1.0)])
def test_interpolation_takes_a_joint_missing_on_one_side_from_the_nearer_pose(share, expected):
    before = np.array([[np.nan, np.nan, 0.0], [0.0, 0.0, 1.0]], np.float32)
    after = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]], np.float32)
    between = interpolate_points(before, after, share)
    np.testing.assert_allclose(between[0, :2], expected)
    np.testing.assert_allclose(between[1], [share, share, 1 - share], rtol=1e-6)
