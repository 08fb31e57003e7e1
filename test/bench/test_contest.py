# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Contests: real processes in turns, compared before they are timed."""

import json
import os
import sys
from pathlib import Path

import pytest

from co_perception.bench import Contest, Contestant, run_contest
from co_perception.bench.contestant import Worker
from co_perception.errors import ConfigError

COMMAND = (sys.executable, str(Path(__file__).with_name("echo_worker.py")))


def make(name, group="", tolerance=1e-4, **spec):
    return Contestant(name, spec, COMMAND, group=group, tolerance=tolerance)


def hold(*contestants, **options):
    said = []
    contest = Contest(contestants, **{"rounds": 2, "seconds": 0.02, **options})
    return run_contest(contest, said.append), said


def test_contestants_are_compared_timed_in_turns_and_put_in_ratio():
    measured, said = hold(make("slow", seconds=0.004), make("fast", seconds=0.001))
    slow, fast = measured.results
    assert (slow.failure, fast.failure) == ("", "")
    assert slow.ratio is None
    assert fast.ratio.median == pytest.approx(slow.latency.median / fast.latency.median, rel=0.5)
    assert fast.ratio.median > 1.5
    assert slow.latency.min >= 4.0
    assert fast.difference == 0.0
    assert len(fast.rounds) == 2
    assert fast.frames_per_second == pytest.approx(2e3 / fast.latency.median)  # two rows a step
    assert 0 < fast.memory_mib <= fast.peak_mib
    assert fast.start_seconds > 0
    assert said[-1] == "round 2 of 2"
    assert json.loads(json.dumps(measured.to_dict()))["quiet"].keys() >= {"is_quiet", "reason"}


def test_load_of_our_own_preparation_is_not_others():
    measured = run_contest(Contest((make("ours"),), rounds=1, seconds=0.02), load_before=0.9)
    assert measured.quiet.load_before == 0.9
    assert "0.90 before" in measured.quiet.reason


def test_periods_are_timed_as_one_and_told_per_frame():
    measured, _ = hold(make("strided", period=4, seconds=0.001))
    (result,) = measured.results
    assert result.latency.min == pytest.approx(1.0, rel=0.5)
    assert all(len(turn) >= 1 for turn in result.rounds)


def test_who_does_another_sum_is_not_timed():
    measured, _ = hold(
        make("ours"),
        make("wrong", scale=1.1),
        make("free", scale=2.0, tolerance=None),
        make("elsewhere", group="other", scale=3.0),
    )
    ours, wrong, free, elsewhere = measured.results
    assert "wrong: its outputs differ from those of the group's first by " in wrong.failure
    assert 0.03 < wrong.difference < 0.1  # a tenth of the largest, relative to all the spread
    assert wrong.latency is None
    assert ours.latency and free.latency and elsewhere.latency
    assert free.difference is None
    assert elsewhere.ratio is None  # the first of its own group


def test_who_tells_no_step_to_compare_from_is_timed_only():
    command = (*COMMAND, "--another-sum")
    measured, said = hold(make("ours"), Contestant("another", {"scale": 2.0}, command))
    _, another = measured.results
    assert another.failure == "" and another.difference is None
    assert another.ratio is not None
    assert not any(line.startswith("comparing another") for line in said)


def test_difference_is_relative_to_the_spread_whatever_the_offset():
    measured, _ = hold(make("ours", offset=100.0), make("near", offset=100.1, tolerance=2e-2))
    assert "its outputs differ" in measured.results[1].failure


def test_failures_say_why_and_leave_the_others_alone():
    measured, _ = hold(
        make("ours"),
        make("no folder", fails="model.yaml is missing"),
        make("dies", group="b", dies_at=9),
        Contestant("nowhere", {}, ("./no-such-python",)),
    )
    ours, no_folder, dies, nowhere = measured.results
    assert ours.latency is not None
    assert "no folder: RuntimeError: model.yaml is missing" in no_folder.failure
    assert "dies: it ended without an answer" in dies.failure
    assert "is its environment there?" in nowhere.failure


def test_worker_is_pinned_and_its_prints_stay_off_the_line():
    cpu = max(os.sched_getaffinity(0))
    worker = Worker(make("ours"), [cpu])
    try:
        assert os.sched_getaffinity(worker.pid) == {cpu}
        assert worker.about["threads"] == 1
        assert worker.compare(4, seed=0).shape == (3, 6)
        assert len(worker.run(5)) == 5
    finally:
        worker.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contestants": ()}, "different names"),
        ({"contestants": (make("a"), make("a"))}, "different names"),
        ({"threads": 0}, r"1\.\.\d+ threads"),
        ({"rounds": 0}, "1 or more rounds"),
        ({"seconds": 0.0}, "seconds above 0"),
    ],
)
def test_contest_refuses_what_cannot_be_measured(options, message):
    with pytest.raises(ConfigError, match=message):
        Contest(**{"contestants": (make("a"),), **options})
