# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Streams side by side: Broadcast, Parallel, Reduce and ParallelDispatch in clips and steps."""

from collections import OrderedDict

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError

PROOF = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
REDUCTIONS = {
    "sum": lambda ys: torch.stack(ys).sum(0),
    "mul": lambda ys: torch.stack(ys).prod(0),
    "max": lambda ys: torch.stack(ys).amax(0),
    "concat": lambda ys: torch.cat(ys, 1),
}


def mean_of(frames):
    return sum(frames) / len(frames)


def make_conv(draw, stride):
    kernel = draw(st.integers(1, 4))
    left = draw(st.integers(0, kernel - 1))
    return co.Conv1d(3, 3, kernel, stride=stride, padding=((left, kernel - 1 - left),))


@st.composite
def branches(draw):
    torch.manual_seed(draw(st.integers(0, 1000)))
    stride = draw(st.integers(1, 3))
    return [make_conv(draw, stride) for _ in range(draw(st.integers(1, 3)))]


@settings(PROOF, max_examples=25)
@given(branches(), st.sampled_from(sorted(REDUCTIONS)), st.integers(0, 8))
def test_broadcast_parallel_reduce_is_broadcast_reduce_and_torch(convs, reduce, more):
    net = co.Sequential(co.Broadcast(len(convs)), co.Parallel(*convs), co.Reduce(reduce))
    twin = co.BroadcastReduce(*convs, reduce=reduce)
    clip = torch.randn(2, 3, 1 + more)
    expected = REDUCTIONS[reduce]([conv(clip) for conv in convs])
    assert testing.relative_difference(net(clip), expected) <= testing.TOLERANCE
    assert net.time == twin.time
    assert net.frame_shape((3,)) == twin.frame_shape((3,)) == (expected.shape[1],)
    testing.check_clip(net, clip)
    testing.check_phases(net, torch.randn(2, 3, 9))


@settings(PROOF, max_examples=8)
@given(branches(), st.integers(0, 100))
def test_streams_share_rows_and_gradients_flow(convs, seed):
    net = co.Sequential(co.Broadcast(len(convs)), co.Parallel(*convs), co.Reduce("sum"))
    testing.check_rows(net, torch.randn(3, 3, 20), seed)
    testing.check_gradients(net, torch.randn(2, 3, 12))


def test_network_may_take_and_give_tuples():
    torch.manual_seed(0)
    streams = OrderedDict(
        joint=co.Conv1d(3, 4, 5, padding=2, stride=2), bone=co.Conv1d(2, 4, 3, padding=1, stride=2)
    )
    net = co.Sequential(
        co.Parallel(streams),
        co.Reduce(mean_of),
        co.Broadcast(2),
        co.Parallel(co.Linear(4, 2), co.Conv1d(4, 5, 3, padding=1)),
    )
    clip = (torch.randn(2, 3, 13), torch.randn(2, 2, 13))
    joint, bone = streams["joint"](clip[0]), streams["bone"](clip[1])
    trunk = (joint + bone) / 2
    expected = (net[3].get_submodule("0")(trunk), net[3].get_submodule("1")(trunk))
    frames = tuple(part[:, :, 0] for part in clip)
    assert net.frame_shape(((3,), (2,))) == ((2,), (5,))
    state = net.init_state(frames)
    for ours, theirs in zip(net(clip), expected):
        assert testing.relative_difference(ours, theirs) <= testing.TOLERANCE
    ys, valid, _ = net.forward_steps(clip, state, pad_end=True)
    for y, reference in zip(ys, expected):
        assert testing.relative_difference(y[:, :, valid[0]], reference) <= testing.TOLERANCE
        assert not y[:, :, ~valid[0]].any()
    nothing, none_valid, _ = net.forward_steps(tuple(part[:, :, :0] for part in clip), state)
    assert [tuple(y.shape) for y in nothing] == [(2, 2, 0), (2, 5, 0)]
    assert none_valid.shape == (2, 0)


def test_paused_rows_of_tuples_keep_their_bits_and_show_no_numbers():
    net = co.Sequential(co.Parallel(co.Conv1d(2, 2, 3), co.Conv1d(3, 2, 3)), co.Reduce("sum"))
    frames = (torch.randn(2, 2), torch.randn(2, 3))
    state = net.init_state(frames)
    frames[1][1] = torch.nan
    y, valid, after = net.forward_step(frames, state, torch.tensor([True, False]))
    assert after.frames.tolist() == [1, 0]
    for _, leaf in co.flatten_state(after):
        assert leaf[1].abs().sum() == 0
    assert not valid.any()
    assert torch.equal(y, torch.zeros(2, 2))
    for _ in range(2):
        y, valid, after = net.forward_step(frames, after, torch.tensor([True, False]))
    assert valid.tolist() == [True, False]
    y.sum().backward()
    for weight in net.parameters():
        assert weight.grad.isfinite().all()


def test_dispatch_reorders_copies_and_groups():
    clip = torch.randn(2, 3, 8)
    conv = co.Conv1d(3, 3, 3, padding=1)
    net = co.Sequential(
        co.Broadcast(2),
        co.Parallel(co.Add(1.0), conv),
        co.ParallelDispatch([[0, 1], 1, 0]),
        co.Parallel(co.Reduce("mul"), co.Identity(), co.Multiply(2.0)),
        co.Reduce("sum"),
    )
    expected = (clip + 1) * conv(clip) + conv(clip) + 2 * (clip + 1)
    assert testing.relative_difference(net(clip), expected) <= testing.TOLERANCE
    testing.check_clip(net, clip)
    testing.check_rows(net, torch.randn(3, 3, 20))


def test_routing_is_no_work_in_the_summary():
    net = co.Sequential(
        co.Broadcast(2), co.Parallel(co.Conv1d(3, 3, 3), co.Skip(2)), co.Reduce("sum")
    )
    assert [layer.kind for layer in co.summary(net, (3,)).layers] == ["Conv1d", "Skip"]


def test_streams_compile_as_one_graph_and_export():
    net = co.Sequential(co.Broadcast(2), co.Parallel(co.Conv1d(3, 3, 3, padding=1), co.Identity()))
    frame = torch.randn(2, 3)
    state = net.init_state(frame)
    compiled = torch.compile(net.forward_step, fullgraph=True, backend="eager")
    ours, theirs = net.forward_step(frame, state), compiled(frame, state)
    assert all(torch.equal(a, b) for a, b in zip(ours[0], theirs[0]))
    torch.compiler.reset()


def test_what_does_not_fit_is_refused():
    conv = co.Conv1d(3, 3, 3, padding=1)
    with pytest.raises(ConfigError, match="Broadcast: streams must be at least 1, got 0"):
        co.Broadcast(0)
    with pytest.raises(ConfigError, match=r"Reduce: expected reduce of \['concat', 'max'"):
        co.Reduce("mean")
    with pytest.raises(ConfigError, match="ParallelDispatch: expected numbers of streams from 0"):
        co.ParallelDispatch([0, -1])
    with pytest.raises(ConfigError, match="Parallel: expected at least one branch, got none"):
        co.Parallel()
    with pytest.raises(ConfigError, match=r"Parallel: branches need one time stride, got \[1, 2"):
        co.Parallel(conv, co.Conv1d(3, 3, 3, padding=1, stride=2))
    with pytest.raises(ConfigError, match="the name 'a_wait' is taken"):
        co.Parallel(OrderedDict(a=co.Identity(), a_wait=co.Identity(), b=conv))


@pytest.mark.parametrize(
    ("net", "match"),
    [
        (
            co.Sequential(co.Parallel(co.Identity(), co.Identity())),
            r"'0': Parallel: expected a tuple of 2 streams, got one; put Broadcast\(2\)",
        ),
        (
            co.Sequential(co.Broadcast(3), co.Parallel(co.Identity(), co.Identity())),
            "'1': Parallel: expected 2 streams, one for each module, got 3; ParallelDispatch",
        ),
        (
            co.Sequential(co.Reduce("sum")),
            r"'0': Reduce: expected a tuple of several streams, got one; put Broadcast\(n\)",
        ),
        (
            co.Sequential(co.Broadcast(2), co.ReLU()),
            "'1': ReLU: expected one frame, got 2 streams side by side; put Reduce before it",
        ),
        (
            co.Sequential(co.Broadcast(2), co.ParallelDispatch([2])),
            r"'1': ParallelDispatch: routes \[2\] need 3 streams, got 2",
        ),
        (
            co.Sequential(
                co.Broadcast(2), co.Parallel(co.Identity(), co.Linear(3, 2)), co.Reduce()
            ),
            r"'2': Reduce: branches must give frames of one shape to sum, got \[\(3,\), \(2,\)\]",
        ),
    ],
    ids=["no tuple", "count", "reduce one", "no reduce", "route", "shapes"],
)
def test_streams_that_do_not_fit_are_named(net, match):
    with pytest.raises(ShapeError, match=match):
        net.init_state(torch.zeros(2, 3))
