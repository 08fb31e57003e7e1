# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Graph convolutions: the sums written out joint by joint are the oracle."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError, StreamError

PROOF = settings(
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)
EDGES = ((1, 0), (2, 1), (3, 1), (4, 3))
GRAPH = co.graph_partitions(5, EDGES)
FRAMES = 4


@st.composite
def convolutions(draw, kinds=("fixed", "frame", "clip")):
    """Draw a convolution with random weights, and how many persons it sees."""
    kind, persons = draw(st.sampled_from(kinds)), draw(st.integers(1, 3))
    channels = (draw(st.integers(1, 5)), draw(st.sampled_from([2, 4, 8])))
    torch.manual_seed(draw(st.integers(0, 1000)))
    if kind == "fixed":
        conv = co.PartitionGraphConv(*channels, GRAPH, persons=persons)
    else:
        conv = co.AdaptiveGraphConv(*channels, GRAPH, scope=kind, persons=persons)
    with torch.no_grad():
        conv.importance.uniform_(-1, 2)
    return conv.eval()


def make_clip(conv, rows=2, frames=FRAMES):
    return torch.randn(rows, conv.in_channels, frames, conv.persons * 5)


def mix_by_loops(conv, x):
    """Compute a clip of one person, (B, C, T, V), part by part and joint by joint."""
    total = torch.zeros(x.shape[0], conv.out_channels, *x.shape[2:])
    for p, mapping in enumerate(conv.maps):
        weights = GRAPH[p].expand(x.shape[0], x.shape[2], 5, 5)
        if isinstance(conv, co.PartitionGraphConv):
            weights = weights * conv.importance[p]
        else:
            weights = weights + conv.importance[p] + attend_by_loops(conv, p, x)
        for w in range(5):
            seen = sum(x[..., v] * weights[:, None, :, v, w] for v in range(5))
            mapped = torch.einsum("oc,bct->bot", mapping.weight[..., 0, 0], seen)
            total[..., w] += mapped + mapping.bias[:, None]
    return total


def attend_by_loops(conv, p, x):
    """Return the attention (B, T, V, V) of a part, from the published formula."""
    a = torch.conv2d(x, conv.queries[p].weight, conv.queries[p].bias)
    b = torch.conv2d(x, conv.keys[p].weight, conv.keys[p].bias)
    scores = torch.einsum("bctv,bctw->btvw", a, b) / a.shape[1]
    if conv.scope == "clip":
        scores = (scores.sum(1, keepdim=True) / x.shape[2]).expand_as(scores)
    return scores.exp() / scores.exp().sum(2, keepdim=True)


def test_partitions_are_normalised_columns():
    eye, inward, outward = GRAPH
    assert torch.equal(eye, torch.eye(5))
    assert inward[1, 2] == 1.0 and inward[2, 1] == 0.0
    assert outward[2, 1] == outward[3, 1] == 0.5  # joint 1 has two children
    assert inward.sum(0).tolist() == [0.0, 1.0, 1.0, 1.0, 1.0]
    assert outward.sum(0).tolist() == [1.0, 1.0, 0.0, 1.0, 0.0]


@given(convolutions())
@PROOF
@torch.no_grad()
def test_clip_equals_the_sums_of_each_person(conv):
    clip = make_clip(conv)
    persons = clip.unflatten(-1, (conv.persons, 5)).unbind(-2)
    expected = torch.cat([mix_by_loops(conv, person) for person in persons], -1)
    assert testing.relative_difference(conv(clip), expected) <= testing.TOLERANCE


@given(convolutions(kinds=("fixed", "frame")))
@PROOF
def test_steps_equal_the_clip(conv):
    testing.check_clip(conv, make_clip(conv))


@pytest.mark.parametrize("kind", ["fixed", "adaptive"])
def test_rows_gradients_and_reach(kind):
    torch.manual_seed(0)
    make = {"fixed": co.PartitionGraphConv, "adaptive": co.AdaptiveGraphConv}[kind]
    conv = make(3, 4, GRAPH, persons=2).eval()
    testing.check_rows(conv, make_clip(conv, rows=3, frames=10))
    testing.check_gradients(conv, make_clip(conv))
    assert testing.measure_reach(conv, make_clip(conv, rows=1)) == (1, 0, 0)


@torch.no_grad()
def test_partition_convolution_is_the_graph_convolution_of_its_parts():
    torch.manual_seed(0)
    parts = co.PartitionGraphConv(3, 4, GRAPH)
    plain = co.GraphConv(3, 4, GRAPH)
    plain.weight.copy_(torch.stack([m.weight.flatten(1) for m in parts.maps], -1).flatten(1))
    plain.bias.copy_(sum(m.bias for m in parts.maps))
    clip = make_clip(parts)
    assert testing.relative_difference(parts(clip), plain(clip)) <= testing.TOLERANCE


@pytest.mark.parametrize("persons", [1, 2])
def test_step_counts_its_work(persons):
    for conv in (
        co.PartitionGraphConv(3, 8, GRAPH, persons=persons),
        co.AdaptiveGraphConv(3, 8, GRAPH, persons=persons),
    ):
        frame = torch.randn(1, 3, 5 * persons)
        executed = co.count_macs(conv.forward_step, frame, conv.init_state(frame))
        assert executed == conv.step_macs((3, 5 * persons)) > 0


def test_attention_over_the_clip_does_not_step():
    conv = co.AdaptiveGraphConv(3, 4, GRAPH, scope="clip")
    frame = torch.zeros(1, 3, 5)
    with pytest.raises(StreamError, match="a step sees one frame, but the scope is 'clip'"):
        conv.forward_step(frame, conv.init_state(frame))


def test_what_does_not_fit_is_named():
    with pytest.raises(ConfigError, match=r"edges \[\(5, 0\)\] name no joint of 0\.\.4"):
        co.graph_partitions(5, ((5, 0),))
    with pytest.raises(ConfigError, match=r"an adjacency \(parts, V, V\), got \(5, 5\)"):
        co.PartitionGraphConv(3, 4, GRAPH[0])
    with pytest.raises(ConfigError, match="channels and persons must be at least 1"):
        co.AdaptiveGraphConv(3, 4, GRAPH, persons=0)
    with pytest.raises(ConfigError, match=r"scope must be one of \['clip', 'frame'\], got 'step'"):
        co.AdaptiveGraphConv(3, 4, GRAPH, scope="step")
    conv = co.PartitionGraphConv(3, 4, GRAPH, persons=2)
    with pytest.raises(ShapeError, match=r"\(B, 3, 10\), 2 x 5 joints last, got \(B, 3, 5\)"):
        conv(torch.zeros(1, 3, 2, 5))
    with pytest.raises(ShapeError, match=r"expected frames \(B, 3, 10\).*got \(B, 2, 10\)"):
        conv.init_state(torch.zeros(1, 2, 10))
