# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Containers: random networks against the same network of torch.nn, and against themselves."""

from collections import OrderedDict

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError, StreamError

# A busy machine is no fault: hypothesis must not judge how long examples take.
PROOF = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

WIDTH = 4


def make_conv(draw, stride=1):
    """Draw a convolution that keeps the length of a clip (but for its stride)."""
    kernel, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    reach = dilation * (kernel - 1)
    left = draw(st.integers(0, reach))
    padding = ((left, reach - left),)
    return co.Conv1d(WIDTH, WIDTH, kernel, stride=stride, dilation=dilation, padding=padding)


def make_norm(draw):
    norm = co.BatchNorm(WIDTH)
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    return norm


def make_residual(draw):
    if draw(st.booleans()):
        return co.Residual(co.Sequential(make_conv(draw), co.ReLU(), make_conv(draw)))
    kernel = draw(st.sampled_from([1, 3, 5]))
    shrink = draw(st.sampled_from(["centred", "lagging", "leading"]))
    return co.Residual(co.Conv1d(WIDTH, WIDTH, kernel), shrink=shrink)


def make_strided_residual(draw):
    stride = draw(st.integers(1, 3))
    main = co.Conv1d(WIDTH, WIDTH, 5, stride=stride, padding=2)
    return co.Residual(main, co.Conv1d(WIDTH, WIDTH, 1, stride=stride))


def make_fork(draw):
    reduce = draw(st.sampled_from(["sum", "mul", "max"]))
    branches = [make_conv(draw) for _ in range(draw(st.integers(1, 3)))]
    return co.BroadcastReduce(*branches, reduce=reduce)


def make_bottleneck(draw):
    """Draw a convolution that keeps partial sums, after one that keeps a window."""
    return co.Sequential(
        make_conv(draw), co.Conv1d(WIDTH, 2, 3, padding=1), co.Conv1d(2, WIDTH, 3, padding=1)
    )


def make_pool(draw):
    kernel = draw(st.integers(1, 3))
    kind = draw(st.sampled_from([co.AvgPool1d, co.MaxPool1d]))
    return kind(
        (kernel,), (draw(st.integers(1, 2)),), padding=(draw(st.integers(0, kernel // 2)),)
    )


MAKERS = [
    make_conv,
    make_norm,
    lambda draw: co.ReLU(),
    make_residual,
    make_strided_residual,
    make_fork,
    make_bottleneck,
    make_pool,
    lambda draw: co.Delay(draw(st.integers(0, 3))),
    lambda draw: co.Linear(WIDTH, WIDTH),
]


@st.composite
def networks(draw):
    torch.manual_seed(draw(st.integers(0, 1000)))
    makers = draw(st.lists(st.sampled_from(range(len(MAKERS))), min_size=1, max_size=5))
    return co.Sequential(*(MAKERS[i](draw) for i in makers)).eval()


@settings(PROOF, max_examples=60)
@given(networks(), st.integers(0, 20), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_network_steps_equal_chunks_equal_clip(net, more, chunks):
    lost = net.receptive_field - 1 - sum(net.time_padding)
    testing.check_clip(net, torch.randn(2, WIDTH, max(1, 1 + lost + more)), chunks)


@settings(PROOF, max_examples=25)
@given(networks(), st.integers(0, 100))
def test_network_rows_are_streams_of_their_own(net, seed):
    testing.check_rows(net, torch.randn(3, WIDTH, 40), seed)


@settings(PROOF, max_examples=40)
@given(networks())
def test_network_phases_equal_the_masked_steps(net):
    testing.check_phases(net, torch.randn(2, WIDTH, net.receptive_field + 2 * net.time_stride + 4))


@settings(PROOF, max_examples=25)
@given(networks())
def test_network_gradients_through_steps_equal_the_clips(net):
    lost = net.receptive_field - 1 - sum(net.time_padding)
    testing.check_gradients(net, torch.randn(2, WIDTH, max(1, lost + 8)))


@settings(PROOF, max_examples=25)
@given(networks())
def test_network_never_looks_ahead_nor_further_back_than_claimed(net):
    clip = torch.randn(2, WIDTH, 2 * net.receptive_field + net.delay + 4)
    reach, delay, earliest = testing.measure_reach(net, clip)
    assert reach <= net.receptive_field  # a ReLU or a delay may hide the ends
    assert delay == net.delay
    assert earliest >= 0


def make_mixed_network():
    torch.manual_seed(0)
    return co.Sequential(
        co.Conv1d(WIDTH, WIDTH, 3, padding=1),
        co.Residual(co.Conv1d(WIDTH, WIDTH, 5, stride=2, padding=2), co.Conv1d(4, 4, 1, stride=2)),
        co.Residual(co.Conv1d(WIDTH, WIDTH, 5), shrink="centred"),
        co.AvgPool1d(3, padding=(1,)),
    )


def test_network_sees_exactly_the_claimed_frames():
    net = make_mixed_network()
    reach = testing.measure_reach(net, torch.randn(1, WIDTH, 80))
    assert reach == (net.receptive_field, net.delay, 0) == (19, 13, 0)


def test_mixed_network_is_torchs():
    net, clip = make_mixed_network(), torch.randn(2, WIDTH, 40)
    first, strided, shrunk, _ = (child for _, child in net.children_by_name())
    x = functional.conv1d(clip, first.weight, first.bias, padding=1)
    main, shortcut = strided.main, strided.shortcut
    x = functional.conv1d(x, main.weight, main.bias, stride=2, padding=2) + functional.conv1d(
        x, shortcut.weight, shortcut.bias, stride=2
    )
    x = functional.conv1d(x, shrunk.main.weight, shrunk.main.bias) + x[:, :, 2:-2]
    x = functional.avg_pool1d(x, 3, stride=1, padding=1)
    assert testing.relative_difference(net(clip), x) <= testing.TOLERANCE
    testing.check_clip(net, clip)


@pytest.mark.parametrize(("shrink", "first"), [("lagging", 0), ("centred", 2), ("leading", 4)])
def test_residual_meets_the_frame_it_says(shrink, first):
    conv, clip = co.Conv1d(WIDTH, WIDTH, 5), torch.randn(2, WIDTH, 12)
    net = co.Residual(conv, shrink=shrink)
    expected = conv(clip) + clip[:, :, first : first + 8]
    assert testing.relative_difference(net(clip), expected) <= testing.TOLERANCE
    testing.check_clip(net, clip)


def test_strided_branches_meet_on_one_phase():
    main = co.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)  # delay 1, the shortcut's is 0
    net = co.Residual(main, co.Conv1d(WIDTH, WIDTH, 1, stride=2))
    clip = torch.randn(2, WIDTH, 12)
    shortcut = functional.conv1d(clip, net.shortcut.weight, net.shortcut.bias, stride=2)
    assert testing.relative_difference(net(clip), main(clip) + shortcut) <= testing.TOLERANCE
    testing.check_clip(net, clip)
    testing.check_rows(net, clip)


def test_causal_residual_has_no_delay_and_no_line():
    net = co.Residual(co.Conv1d(WIDTH, WIDTH, 5, padding="causal"))
    assert net.delay == 0
    state = net.init_state(torch.zeros(1, WIDTH))
    assert [name for name, _ in co.flatten_state(state)] == ["frames", "layers.main"]


def test_concat_joins_channels():
    net = co.BroadcastReduce(
        co.Conv1d(WIDTH, 2, 3, padding=1), co.Linear(WIDTH, 3), reduce="concat"
    )
    clip = torch.randn(2, WIDTH, 9)
    assert net(clip).shape == (2, 5, 9)
    assert net.frame_shape((WIDTH,)) == (5,)
    testing.check_clip(net, clip)


def test_children_keep_names_and_torch_weights_load():
    named = OrderedDict(conv=co.Conv1d(3, 5, 3), act=co.ReLU(), out=co.Linear(5, 2))
    twin = nn.ModuleDict({"conv": nn.Conv1d(3, 5, 3), "out": nn.Linear(5, 2)})
    net = co.Sequential(named)
    net.load_state_dict(twin.state_dict())
    assert torch.equal(net.conv.weight, twin["conv"].weight)


def test_sequential_is_indexed_sliced_and_extended_as_torchs():
    named = OrderedDict(a=co.Linear(4, 4), b=co.ReLU(), c=co.Conv1d(4, 4, 3, padding=1))
    net, clip = co.Sequential(named), torch.randn(2, WIDTH, 8)
    assert len(net) == 3
    assert list(net) == list(named.values())
    assert net[0] is net[-3] is named["a"]
    part = net[1:]
    assert list(part.state_dict()) == ["c.weight", "c.bias"]
    assert torch.equal(part(net[0](clip)), net(clip))
    with pytest.raises(IndexError):
        net[3]
    assert net.append(co.Tanh()) is net
    net.extend([co.Conv1d(4, 4, 3, padding=1), co.Linear(4, 2)])
    assert [name for name, _ in net.named_children()] == ["a", "b", "c", "3", "4", "5"]
    assert (net.delay, net.frame_shape((4,))) == (2, (2,))
    testing.check_clip(net, clip)
    with pytest.raises(ConfigError, match="'6' is a torch.nn"):
        net.append(nn.ReLU())


@pytest.mark.parametrize("reduce", ["sum", "mul", "max", "concat", lambda ys: ys[0] - ys[1]])
def test_residual_reduces_as_asked(reduce):
    conv, clip = co.Conv1d(WIDTH, WIDTH, 3, padding=1), torch.randn(2, WIDTH, 9)
    net = co.Residual(conv, reduce=reduce)
    expected = {
        "sum": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "max": torch.maximum,
        "concat": lambda a, b: torch.cat([a, b], 1),
    }.get(reduce, lambda a, b: a - b)(conv(clip), clip)
    assert torch.equal(net(clip), expected)
    assert net.frame_shape((WIDTH,)) == (expected.shape[1],)
    testing.check_clip(net, clip)


def test_skip_drops_the_first_frames_and_keeps_nothing():
    clip = torch.randn(2, WIDTH, 9)
    skip = co.Skip(3)
    assert torch.equal(skip(clip), clip[:, :, 3:])
    assert (skip.receptive_field, skip.delay, skip.time_padding) == (4, 3, (0, 0))
    state = skip.init_state(clip[:, :, 0])
    assert [name for name, _ in co.flatten_state(state)] == ["frames"]
    for t in range(9):
        y, valid, state = skip.forward_step(clip[:, :, t], state)
        assert torch.equal(y, clip[:, :, t] if t >= 3 else torch.zeros_like(y))
        assert valid.tolist() == [t >= 3] * 2
    testing.check_clip(co.Sequential(skip, co.Conv1d(4, 4, 3, padding=1)), clip)
    with pytest.raises(ConfigError, match="frames must be 0 or more"):
        co.Skip(-1)


def make_deep_network():
    block = co.Residual(co.Sequential(OrderedDict(conv=co.Conv1d(5, 5, 3, padding=1))))
    return co.Sequential(OrderedDict(block3=block))


def test_errors_say_where_in_the_network_they_are():
    net, clip = make_deep_network(), torch.randn(2, 4, 9)
    match = r"^'block3\.main\.conv': Conv1d: expected frames \(B, C\) with C = 5, got \(B, 4\)"
    with pytest.raises(ShapeError, match=match):
        net(clip)
    with pytest.raises(ShapeError, match=match):
        net.init_state(clip[:, :, 0])
    with pytest.raises(ShapeError, match=match):
        net.forward_step(clip[:, :, 0], net.init_state(torch.zeros(2, 5)))
    with pytest.raises(ShapeError, match=match):
        co.summary(net, (4,))
    norm = co.Sequential(co.Residual(co.BatchNorm(4)))
    with pytest.raises(StreamError, match=r"^'0\.main': BatchNorm: steps need the running"):
        norm.forward_step(clip[:, :, 0], norm.init_state(clip[:, :, 0]))


def test_containers_refuse_what_does_not_fit():
    with pytest.raises(ConfigError, match=r"'0' is a torch\.nn\..*ReLU, which cannot step; use"):
        co.Sequential(nn.ReLU())
    with pytest.raises(
        ConfigError, match=r"clips of one length, but they shrink a clip by \[4, 0"
    ):
        co.Residual(co.Conv1d(4, 4, 5))
    with pytest.raises(ConfigError, match="even number of frames"):
        co.Residual(co.Conv1d(4, 4, 4), shrink="centred")
    with pytest.raises(ConfigError, match=r"need one time stride, got \[1, 2\]"):
        co.BroadcastReduce(co.Conv1d(4, 4, 1, stride=2), co.Identity())
    with pytest.raises(ConfigError, match=r"reduce of \['concat', 'max', 'mul', 'sum'\]"):
        co.BroadcastReduce(co.Identity(), reduce="mean")
    with pytest.raises(ShapeError, match=r"one shape to sum, got \[\(4,\), \(3,\)\]"):
        co.BroadcastReduce(co.Identity(), co.Linear(4, 3)).init_state(torch.zeros(1, 4))
    net = co.Sequential(co.Conv1d(4, 4, 3))
    with pytest.raises(StreamError, match="expected the state of a container, got Tensor"):
        net.forward_step(torch.zeros(1, 4), co.Conv1d(4, 4, 3).init_state(torch.zeros(1, 4)))
