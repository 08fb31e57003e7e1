# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from co_perception.engine.clock import TickClock, TimeStep

MS = 1_000_000


def make_clock(rate: float = 15.0) -> TickClock:
    return TickClock(rate, max_gap_ns=1000 * MS, max_reorder_ns=50 * MS)


@pytest.mark.parametrize(
    ("ahead_ms", "step"),
    [
        pytest.param(33, TimeStep.FORWARD, id="forward"),
        pytest.param(1000, TimeStep.FORWARD, id="longest-gap"),
        pytest.param(1001, TimeStep.GAP, id="gap"),
        pytest.param(0, TimeStep.DUPLICATE, id="duplicate"),
        pytest.param(-50, TimeStep.STRAGGLER, id="straggler"),
        pytest.param(-51, TimeStep.JUMP_BACK, id="jump-back"),
        pytest.param(-60_000, TimeStep.JUMP_BACK, id="loop"),
    ],
)
def test_clock_tells_how_a_stamp_follows(ahead_ms, step):
    clock = make_clock()
    assert clock.observe(100_000 * MS) is TimeStep.FIRST
    assert clock.observe((100_000 + ahead_ms) * MS) is step


def test_clock_keeps_the_newest_stamp_when_a_straggler_comes():
    clock = make_clock()
    clock.observe(100 * MS)
    clock.observe(70 * MS)
    assert clock.newest_ns == 100 * MS
    assert clock.observe(133 * MS) is TimeStep.FORWARD


@given(
    rate=st.sampled_from([7.5, 10.0, 15.0, 29.97, 30.0, 100.0]),
    origin=st.integers(0, 2 * 10**18),
    ahead=st.integers(0, 10**15),
)
def test_clock_last_tick_is_the_last_within_a_snap(rate, origin, ahead):
    clock = make_clock(rate)
    clock.observe(origin)
    tick = clock.last_tick(origin + ahead)
    assert clock.tick_ns(tick) <= origin + ahead + clock.snap_ns < clock.tick_ns(tick + 1)


def test_clock_does_not_drift_over_a_year():
    clock = make_clock(15.0)
    clock.observe(0)
    year_sec = 365 * 24 * 3600
    assert clock.tick_ns(15 * year_sec) == year_sec * 10**9


@settings(max_examples=50)
@given(
    rate=st.sampled_from([15.0, 30.0, 60.0]),
    jitter=st.lists(st.integers(-9, 9), min_size=40, max_size=40),
)
def test_clock_gives_a_tick_per_image_in_spite_of_jitter(rate, jitter):
    """At the model's rate every image settles one tick, at n times the rate every nth one."""
    clock = make_clock(15.0)
    clock.observe(0)
    period = Fraction(10**9) / Fraction(rate)
    every = int(rate / 15)
    ticks = [0]
    for index, milliseconds in enumerate(jitter, start=1):
        jitter_ns = milliseconds * MS if index % every == 0 else 0
        ticks.append(clock.last_tick(int(index * period) + jitter_ns))
    steps = [after - before for before, after in itertools.pairwise(ticks[::every])]
    assert steps == [1] * len(steps)
