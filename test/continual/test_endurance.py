# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The long run finds what it is there to find: drift, states that grow, processes that grow."""

import runpy
import sys
from pathlib import Path

import pytest
import torch

from co_perception import continual as co
from co_perception.continual.endurance import check_endurance
from co_perception.continual.timing import TimeSpec, advance

COMMAND = Path(__file__).parents[2] / "benchmarks" / "endurance.py"


class RunningMean(co.ContinualModule):
    """A mean over a window of 4, kept as a sum that is corrected: what drifts."""

    leak = 0

    @property
    def time(self):
        return TimeSpec(receptive_field=4)

    def forward(self, x):
        return x.unfold(2, 4, 1).mean(-1)

    def frame_shape(self, shape):
        return shape

    def init_layers(self, frame):
        return {"window": frame.new_zeros((frame.shape[0], 4, frame.shape[1])), "sum": frame * 0}

    def step_layers(self, x, layers, tick):
        total = layers["sum"] + x - layers["window"][:, 0]
        window = torch.cat([layers["window"][:, 1:], x.unsqueeze(1)], 1)
        return total / 4, {"window": window, "sum": total}, advance(tick, self.time)


class GrowingWindow(RunningMean):
    """A window that is a view of ever more storage."""

    def step_layers(self, x, layers, tick):
        held = layers["window"]
        whole = held.new_empty(held.untyped_storage().size() // 4 + x.numel())
        window = whole[-held.numel() :].view_as(held)
        window.copy_(torch.cat([held[:, 1:], x.unsqueeze(1)], 1))
        return window.mean(1), {**layers, "window": window}, advance(tick, self.time)


class HoardingMean(RunningMean):
    """A right answer by a module that keeps every step of the past."""

    def __init__(self):
        super().__init__()
        self.hoard = []

    def step_layers(self, x, layers, tick):
        self.hoard.append(torch.ones(30_000))
        window = torch.cat([layers["window"][:, 1:], x.unsqueeze(1)], 1)
        return window.mean(1), {**layers, "window": window}, advance(tick, self.time)


def test_drift_of_a_running_sum_is_found():
    with pytest.raises(AssertionError, match=r"after \d+ steps: drift [1-9].*e-0"):
        check_endurance(RunningMean(), (3,), steps=3000, tolerance=1e-7)


def test_a_state_that_grows_is_found():
    with pytest.raises(AssertionError, match=r"drift 0.*state bytes \{\d+, \d+\}"):
        check_endurance(GrowingWindow(), (3,), steps=500)


def test_a_process_that_grows_is_found():
    with pytest.raises(AssertionError, match=r"the process grew by \d+ bytes in 500 steps"):
        check_endurance(HoardingMean(), (3,), steps=500)


def test_a_long_run_tells_what_it_saw():
    network = co.Sequential(
        co.Conv1d(3, 4, 3, stride=2, padding=1), co.MaxPool1d(3, padding=(1,)), co.BatchNorm(4)
    ).eval()
    result = check_endurance(network, (3,), steps=600, checks=10)
    state = network.init_state(torch.zeros(1, 3))
    assert result.steps == 600
    assert 10 <= result.checks <= 12
    assert result.drift <= 1e-6
    assert result.state_bytes == sum(4 * leaf.numel() for _, leaf in co.flatten_state(state)) + 4
    assert result.step_usec > 0


def test_too_few_steps_are_refused():
    with pytest.raises(ValueError, match=r"expected at least \d+ steps for a check, got 5"):
        check_endurance(co.AvgPool1d(8), (3,), steps=5)


def run_command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [str(COMMAND), *map(str, arguments)])
    monkeypatch.syspath_prepend(str(COMMAND.parent))  # as Python does for a script
    threads = torch.get_num_threads()
    try:
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(COMMAND), run_name="__main__")
    finally:
        torch.set_num_threads(threads)
    return end.value.code


def test_command_prints_and_stores_its_table(monkeypatch, tmp_path, capsys):
    page = tmp_path / "endurance.md"
    page.write_text("# Endurance\n\n## Operators\n\nold\n\n## Networks\n\nkept\n")
    options = ("--operators", "--only", "relu*", "--steps", 50, "--store", page)
    assert run_command(monkeypatch, *options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["relu", "relu6", "all"]
    text = page.read_text()
    assert "old" not in text and text.endswith("## Networks\n\nkept\n")
    assert "| relu | 0.0e+00 |" in text and "50 steps" in text
    assert "--operators --only 'relu*' --steps 50" in text


def test_command_names_what_it_can_run(monkeypatch, capsys):
    assert run_command(monkeypatch) == 2
    assert "give --operators" in capsys.readouterr().err
    assert run_command(monkeypatch, "--operators", "--only", "x") == 2
    assert "no name in operators fits 'x'" in capsys.readouterr().err
