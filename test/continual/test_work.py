# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A step does the work of the newest output and no more, and the summary says how much."""

import pytest
import torch

from co_perception import continual as co
from co_perception.continual import gallery
from co_perception.errors import ConfigError, StreamError

MOST_WORK = 1.02  # of the ideal: what a clip costs more when it is one period longer
WORKING = ("conv", "pool", "rnn", "lstm", "gru", "linear", "attention", "encoder")
GRAPH = co.graph_partitions(5, ((1, 0), (2, 1), (3, 1), (4, 3)))
NETWORK = co.Sequential(
    co.GraphConv(4, 6, GRAPH),
    co.Residual(co.Conv2d(6, 6, (9, 1), padding=(4, 0))),
    co.AvgPool2d((8, None), padding=("causal", 0)),
    co.Lambda(lambda x: x.squeeze(-1), shape=lambda s: s[:1]),
    co.Linear(6, 3),
)
STRIDED = co.Sequential(
    co.Conv1d(4, 6, 5, stride=2, padding=2),
    co.ReLU(),
    co.Residual(
        co.Conv1d(6, 6, 3, stride=3, padding=1),
        co.Conv1d(6, 6, 1, stride=3),
    ),
    co.AvgPool1d(2),
    co.Conv1d(6, 3, 2, padding="causal"),
)
MODULES = {
    **{name: (example.create(), example.shape) for name, example in gallery.EXAMPLES.items()},
    "network": (NETWORK, (4, 5)),
    "strided_network": (STRIDED, (4,)),
}


def count_ideal(net, frame):
    """Return what a clip costs more when it is one output longer."""
    frames = 2 * net.receptive_field + 12 * net.time_stride
    clip = frame.unsqueeze(2).expand(*frame.shape[:2], frames, *frame.shape[2:])
    return co.count_macs(net, clip) - co.count_macs(net, clip[:, :, : frames - net.time_stride])


def count_period(net, frame):
    """Return what the steps of one period cost, phase by phase."""
    state, executed = net.init_state(frame), []
    for phase in range(net.time_stride):
        executed.append(co.count_macs(net.forward_step, frame, state, phase=phase))
        _, _, state = net.forward_step(frame, state, phase=phase)
    return executed


@pytest.mark.parametrize("name", MODULES)
def test_step_executes_the_ideal_work_and_the_summary_counts_it(name):
    net, shape = MODULES[name]
    frame = torch.randn(1, *shape)
    ideal, executed = count_ideal(net, frame), sum(count_period(net, frame))
    assert executed <= MOST_WORK * ideal
    assert co.summary(net, shape).macs == pytest.approx(executed / net.time_stride, rel=1e-9)
    if any(word in name for word in WORKING):
        assert executed > 0


def test_summary_of_a_network_adds_up():
    net, shape = NETWORK, (4, 5)
    summary = co.summary(net, shape)
    state = net.init_state(torch.zeros(1, *shape))
    kept = [leaf for name, leaf in co.flatten_state(state) if name != "frames"]
    assert summary.state_bytes == sum(leaf.numel() * leaf.element_size() for leaf in kept)
    assert summary.parameters == sum(p.numel() for p in net.parameters())
    assert [layer.name for layer in summary.layers][:3] == ["0", "1.main", "1.shortcut"]
    assert (summary.receptive_field, summary.delay) == (16, 4)
    lines = str(summary).splitlines()
    assert lines[0].split() == [
        "name",
        "kind",
        "receptive_field",
        "delay",
        "stride",
        "macs",
        "state_bytes",
        "parameters",
    ]
    assert lines[-1].split()[-3:] == [
        str(round(summary.macs)),
        str(summary.state_bytes),
        str(summary.parameters),
    ]


def test_phases_on_which_nothing_is_due_cost_nothing():
    executed = count_period(STRIDED, torch.randn(1, 4))
    assert len(executed) == 6
    assert [phase for phase, macs in enumerate(executed) if macs == 0]
    assert sum(executed) <= MOST_WORK * count_ideal(STRIDED, torch.randn(1, 4))


def test_phase_that_does_not_fit_is_refused():
    frame = torch.randn(2, 4)
    state = STRIDED.init_state(frame)
    with pytest.raises(ConfigError, match=r"expected a phase of 0\.\.5, got 6"):
        STRIDED.forward_step(frame, state, phase=6)
    _, _, state = STRIDED.forward_step(frame, state, torch.tensor([True, False]))
    with pytest.raises(StreamError, match=r"on phase 0 of 6, but rows \[0\] are not"):
        STRIDED.forward_step(frame, state, phase=0)
    STRIDED.forward_step(frame, state, torch.tensor([False, True]), phase=0)
