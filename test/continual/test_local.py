# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Frame-local operators and the graph convolution, against torch.nn and plain sums."""

import pytest
import torch
from torch import nn

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError

CLIP = torch.randn(3, 4, 9, 5, generator=torch.Generator().manual_seed(0))
EDGES = ((1, 0), (2, 1), (3, 1), (4, 3))


def make_graph_conv(importance="multiply", bias=True):
    torch.manual_seed(0)
    conv = co.GraphConv(4, 6, co.graph_partitions(5, EDGES), edge_importance=importance, bias=bias)
    if conv.importance is not None:
        nn.init.uniform_(conv.importance, -1.0, 1.0)
    return conv


LOCAL = [
    co.Linear(4, 7),
    co.Lambda(lambda x: x.clamp(min=0)),
    co.Lambda(lambda x: x.mean(-1), shape=lambda s: s[:-1]),
    make_graph_conv("multiply"),
    make_graph_conv("add"),
    make_graph_conv("none", bias=False),
]


@pytest.mark.parametrize("module", LOCAL, ids=lambda m: type(m).__name__)
def test_local_module_keeps_the_contract(module):
    testing.check_clip(module, CLIP)
    testing.check_rows(module, CLIP)
    testing.check_gradients(module, CLIP)
    assert (module.receptive_field, module.delay, module.time_padding) == (1, 0, (0, 0))
    frame = module(CLIP)[:, :, 0]
    assert module.frame_shape((4, 5)) == tuple(frame.shape[1:])


def test_linear_has_torchs_weights():
    linear, twin = co.Linear(4, 7), nn.Linear(4, 7)
    twin.load_state_dict(linear.state_dict())
    expected = twin(CLIP.movedim(1, -1)).movedim(-1, 1)
    assert testing.relative_difference(linear(CLIP), expected) <= testing.TOLERANCE


def test_linear_checks_its_channels():
    linear = co.Linear(3, 2)
    for call, of in ((linear, CLIP), (linear.init_state, CLIP[:, :, 0])):
        with pytest.raises(ShapeError, match=r"Linear: expected 3 channels on axis 1, got .*B, 4"):
            call(of)


def test_partitions_are_normalised_by_column():
    parts = co.graph_partitions(5, EDGES)
    assert torch.equal(parts[0], torch.eye(5))
    for part in parts[1:]:
        assert set(part.sum(0).tolist()) <= {0.0, 1.0}
    assert parts[1][0, 1] == 1.0 and parts[1][1, 0] == 0.0  # joint 1 hears of joint 0, its centre
    assert parts[2][2, 1] == parts[2][3, 1] == 0.5  # and outward of both its followers
    with pytest.raises(ConfigError, match=r"edges \[\(5, 0\)\] name no joint of 0\.\.4"):
        co.graph_partitions(5, [(5, 0)])


@pytest.mark.parametrize("importance", ["multiply", "add", "none"])
def test_graph_conv_is_the_sum_over_parts_and_joints(importance):
    conv = make_graph_conv(importance)
    parts = conv.adjacency
    if importance == "multiply":
        parts = parts * conv.importance
    elif importance == "add":
        parts = parts + conv.importance
    weight = conv.weight.reshape(6, 4, 3)  # (C_out, C_in, P)
    expected = torch.einsum("ocp,bctv,pvw->botw", weight, CLIP, parts)
    expected = expected + conv.bias.reshape(1, 6, 1, 1)
    assert testing.relative_difference(conv(CLIP), expected) <= testing.TOLERANCE


def test_graph_conv_names_what_is_wrong():
    conv = make_graph_conv()
    with pytest.raises(ShapeError, match="expected 5 joints on the last axis, got 4; convert"):
        conv(CLIP[..., :4])
    with pytest.raises(ShapeError, match=r"expected frames \(B, 4, 5\), got \(B, 3, 5\)"):
        conv.init_state(torch.zeros(1, 3, 5))
    with pytest.raises(ConfigError, match=r"one of \['add', 'multiply', 'none'\], got 'sum'"):
        co.GraphConv(4, 6, co.graph_partitions(5, EDGES), edge_importance="sum")
    with pytest.raises(ConfigError, match=r"expected an adjacency \(parts, V, V\)"):
        co.GraphConv(4, 6, torch.eye(5))
