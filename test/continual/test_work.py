# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A step does the work of the newest output and no more, and the summary says how much."""

import functools

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from co_perception import continual as co
from co_perception.errors import ConfigError, StreamError

MOST_WORK = 1.02  # of the ideal: what a clip costs more when it is one period longer
GRAPH = co.graph_partitions(5, ((1, 0), (2, 1), (3, 1), (4, 3)))

NETWORKS = [
    pytest.param(co.Conv1d(6, 9, 5, padding=2), (6,), id="window"),
    pytest.param(co.Conv1d(9, 6, 5, dilation=2), (9,), id="sums"),
    pytest.param(co.Conv3d(4, 4, 3, padding=1), (4, 6, 5), id="3-D"),
    pytest.param(co.Conv2d(4, 8, (5, 3), padding=(2, 1), groups=2), (4, 6), id="groups"),
    pytest.param(co.GraphConv(4, 6, GRAPH), (4, 5), id="graph"),
    pytest.param(co.Linear(4, 6), (4, 7), id="linear"),
    pytest.param(
        co.Sequential(
            co.GraphConv(4, 6, GRAPH),
            co.Residual(co.Conv2d(6, 6, (9, 1), padding=(4, 0))),
            co.AvgPool2d((8, None), padding=("causal", 0)),
            co.Lambda(lambda x: x.squeeze(-1), shape=lambda s: s[:1]),
            co.Linear(6, 3),
        ),
        (4, 5),
        id="network",
    ),
]


def count_macs(function, *inputs):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        function(*inputs)
    return counter.get_total_flops() // 2


@pytest.mark.parametrize(("net", "shape"), NETWORKS)
def test_step_executes_the_ideal_work_and_the_summary_counts_it(net, shape):
    frame = torch.randn(1, *shape)
    clip = frame.unsqueeze(2).expand(1, shape[0], 41, *shape[1:])
    ideal = count_macs(net, clip) - count_macs(net, clip[:, :, :40])
    executed = count_macs(net.forward_step, frame, net.init_state(frame))
    assert ideal > 0
    assert ideal <= executed <= MOST_WORK * ideal
    assert co.summary(net, shape).macs == executed


def test_summary_of_a_network_adds_up():
    net, shape = NETWORKS[-1].values
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


def test_phases_of_a_strided_network_share_the_work_of_one_output():
    net, frame = STRIDED, torch.randn(1, 4)
    period = net.time_stride
    clip = frame.unsqueeze(2).expand(1, 4, 60)
    ideal = count_macs(net, clip) - count_macs(net, clip[:, :, : 60 - period])
    state, executed = net.init_state(frame), []
    for phase in range(period):
        step = functools.partial(net.forward_step, phase=phase)
        executed.append(count_macs(step, frame, state))
        _, _, state = net.forward_step(frame, state, phase=phase)
    assert ideal > 0
    assert ideal <= sum(executed) <= MOST_WORK * ideal
    assert co.summary(net, (4,)).macs == pytest.approx(sum(executed) / period)
    assert min(executed) == 0  # phases on which nothing is due cost nothing


def test_phase_that_does_not_fit_is_refused():
    frame = torch.randn(2, 4)
    state = STRIDED.init_state(frame)
    with pytest.raises(ConfigError, match=r"expected a phase of 0\.\.5, got 6"):
        STRIDED.forward_step(frame, state, phase=6)
    _, _, state = STRIDED.forward_step(frame, state, torch.tensor([True, False]))
    with pytest.raises(StreamError, match=r"on phase 0 of 6, but rows \[0\] are not"):
        STRIDED.forward_step(frame, state, phase=0)
    STRIDED.forward_step(frame, state, torch.tensor([False, True]), phase=0)
