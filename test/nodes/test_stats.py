# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Figures of the diagnostics, on a clock that the test moves."""

import pytest

from co_perception.nodes.stats import NodeStatistics, RateMeter, Throttle, percentile


class Clock:
    """Seconds that stand still unless told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.0, 1), (1.0, 100)])
def test_percentile_is_a_value_of_the_list(share, expected):
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_percentile_of_nothing_is_zero():
    assert percentile([], 0.5) == 0.0


def test_rate_is_a_mean_over_seconds_and_falls_to_zero():
    clock = Clock()
    meter = RateMeter(clock)
    for _ in range(100):
        clock.now += 0.1
        meter.tick()
    assert meter.rate == pytest.approx(10.0, rel=0.03)
    clock.now += 60.0
    assert meter.rate == 0.0
    assert meter.silence_sec == pytest.approx(60.0)


def test_statistics_speak_in_the_units_of_their_names():
    clock = Clock()
    stats = NodeStatistics(clock)
    for k in range(1, 101):
        clock.now += 0.05
        stats.received(stamp_age_sec=0.001 * k)
        stats.processed({"pose": 0.002 * k}, people=2)
    stats.count("dropped", 3)
    stats.count("bad: encoding")
    text = stats.as_text()
    assert text["input rate [Hz]"] == "20.0"
    assert text["pose p50 [ms]"] == "100.0"
    assert text["pose p95 [ms]"] == "190.0"
    assert text["stamp age p50 [ms]"] == "50.0"
    assert (text["received"], text["dropped"], text["people"]) == ("100", "3", "2")
    assert text["bad: encoding"] == "1"
    stats.clear()
    assert stats.as_text()["received"] == "0"


def test_throttle_lets_each_key_through_once_a_period():
    clock = Clock()
    throttle = Throttle(5.0, clock)
    assert throttle.allows("a")
    assert throttle.allows("b")
    assert not throttle.allows("a")
    clock.now += 5.0
    assert throttle.allows("a")
