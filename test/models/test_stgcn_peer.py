# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Blocks in time, step by step against the continual-inference library with the same weights."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.models.stgcn_blocks import skeleton_block

peer = pytest.importorskip("continual", reason="requirements/peers.txt is not installed")


def make_block(inputs, outputs, *, stride, starred):
    """Return one of our blocks whose spatial unit is a linear map, with statistics of its own."""
    spatial = OrderedDict(spatial=co.Conv2d(inputs, outputs, 1), spatial_relu=co.ReLU())
    block = skeleton_block(inputs, outputs, spatial, stride=stride, starred=starred, residual=True)
    for part in block.modules():
        if isinstance(part, co.BatchNorm):
            nn.init.uniform_(part.running_mean, -1.0, 1.0)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
    return block


def copy_conv(conv):
    theirs = peer.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        stride=conv.stride,
        padding=(conv.time_padding[0], 0),
    )
    theirs.weight, theirs.bias = conv.weight, conv.bias
    return theirs


def copy_norm(norm):
    theirs = nn.BatchNorm2d(norm.num_features)
    theirs.weight, theirs.bias = norm.weight, norm.bias
    theirs.running_mean, theirs.running_var = norm.running_mean, norm.running_var
    return theirs


def copy_block(block, starred):
    """Return the peer's block as continual-skeletons builds it."""
    main = dict(block.main.children_by_name())
    theirs = peer.Sequential(
        copy_conv(main["spatial"]),
        nn.ReLU(),
        copy_conv(main["temporal"]),
        copy_norm(main["temporal_norm"]),
    )
    shortcut = block._modules["shortcut"]
    layers = dict(shortcut.children_by_name()) if isinstance(shortcut, co.Sequential) else {}
    if "norm" not in layers:
        return peer.Residual(theirs, residual_shrink=starred)
    conv = layers["map"]
    wait = theirs.delay // conv.stride[0] // (2 if starred else 1)
    aligned = peer.Sequential(
        copy_conv(conv), copy_norm(layers["norm"]), peer.Delay(wait, auto_shrink=starred)
    )
    return peer.BroadcastReduce(aligned, theirs, auto_delay=False)


@pytest.mark.parametrize(
    ("starred", "strides"), [(False, (1, 1)), (False, (1, 2)), (True, (1, 1))]
)
@torch.no_grad()
def test_blocks_equal_the_peers_step_by_step(starred, strides):
    torch.manual_seed(0)
    sizes = ((4, 4, strides[0]), (4, 6, strides[1]), (6, 6, 1))
    blocks = [make_block(a, b, stride=s, starred=starred) for a, b, s in sizes]
    ours = co.Sequential(*(layer for block in blocks for layer in (block, co.ReLU()))).eval()
    theirs = peer.Sequential(
        *(layer for block in blocks for layer in (copy_block(block, starred), nn.ReLU()))
    ).eval()
    assert (ours.receptive_field, ours.delay) == (theirs.receptive_field, theirs.delay)
    clip = torch.randn(2, 4, 3 * ours.receptive_field, 5)
    ys, valid, _ = ours.forward_steps(clip, ours.init_state(clip[:, :, 0]))
    expected = theirs.forward_steps(clip)
    assert testing.relative_difference(ys[:, :, valid[0]], expected) <= testing.TOLERANCE
