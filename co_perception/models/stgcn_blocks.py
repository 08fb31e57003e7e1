# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Blocks of the spatio-temporal graph networks: joints are mixed in space, then frames in time.

    block:  spatial unit -> temporal convolution over 9 frames -> norm (+ shortcut) -> ReLU
    graph unit:      graph convolution -> norm (+ shortcut) -> ReLU
    attention unit:  input norm -> self-attention of the joints (+ input) -> norm -> ReLU

Two forms in time: padded blocks keep the length of a clip (but for their stride), starred blocks
pad nothing and shorten it by 8 frames, 4 at each end, and so does their shortcut.

Source: Hedegaard et al., Continual Spatio-Temporal Graph Convolutional Networks (2022), figure 2.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Literal, TypeAlias

from torch import Tensor, nn

from co_perception import continual as co
from co_perception.continual.graph_parts import AttentionScope
from co_perception.models.skeleton_layers import JointNorm

__all__ = ["KERNEL", "SpatialKind", "attention_unit", "graph_unit", "skeleton_block"]

SpatialKind: TypeAlias = Literal["graph", "adaptive", "attention"]
Layers: TypeAlias = "OrderedDict[str, co.ContinualModule]"

KERNEL = 9  # frames of a temporal convolution
_HEADS = 8
_CENTRE = KERNEL // 2
_QUIET = 1e-6  # a new unit starts as its shortcut: scale of its normalisation


def skeleton_block(
    inputs: int,
    outputs: int,
    spatial: Layers,
    *,
    stride: int,
    starred: bool,
    residual: bool,
) -> co.ContinualModule:
    """Return a block without its last ReLU.

    Args:
        inputs: C_in.
        outputs: C_out.
        spatial: Layers of `graph_unit` or `attention_unit`, C_in -> C_out.
        stride: Frames per output.
        starred: Whether time is not padded.
        residual: Whether there is a shortcut around the block.
    """
    temporal = co.Conv2d(
        outputs,
        outputs,
        (KERNEL, 1),
        stride=(stride, 1),
        padding=(0 if starred else _CENTRE, 0),
    )
    _init_conv(temporal)
    main = co.Sequential(
        OrderedDict(**spatial, temporal=temporal, temporal_norm=co.BatchNorm(outputs))
    )
    if not residual:
        return main
    if inputs == outputs and stride == 1:
        return co.Residual(main, shrink="centred" if starred else None)
    # The frames that a starred block loses are dropped beside the map, not around it, so that the
    # weights have the same names in both forms.
    lost = {"align": co.Delay(KERNEL - 1, drop=(_CENTRE, _CENTRE))} if starred else {}
    projection = _projection(inputs, outputs, stride=stride)
    return co.Residual(main, co.Sequential(OrderedDict(**lost, **projection)))


def graph_unit(
    inputs: int,
    outputs: int,
    adjacency: Tensor,
    *,
    scope: AttentionScope | None,
    persons: int,
) -> Layers:
    """Return a graph convolution with normalisation, a shortcut around both, and ReLU.

    Args:
        inputs: C_in.
        outputs: C_out.
        adjacency: (P, V, V).
        scope: Of the adaptive attention; None: the adjacency is fixed.
        persons: M, skeletons side by side on the joint axis.
    """
    graph: co.PartitionGraphConv | co.AdaptiveGraphConv
    if scope is None:
        graph = co.PartitionGraphConv(inputs, outputs, adjacency, persons=persons)
    else:
        graph = co.AdaptiveGraphConv(inputs, outputs, adjacency, scope=scope, persons=persons)
        for conv in (*graph.queries, *graph.keys):
            _init_conv(conv)
    for conv in graph.maps:
        _init_conv(conv, scale=math.sqrt(2 / (inputs * outputs * len(adjacency))))
    norm = co.BatchNorm(outputs)
    nn.init.constant_(norm.weight, _QUIET)
    main = co.Sequential(OrderedDict(graph=graph, norm=norm))
    same = inputs == outputs
    shortcut = None if same else co.Sequential(OrderedDict(**_projection(inputs, outputs)))
    return OrderedDict(spatial=co.Residual(main, shortcut), spatial_relu=co.ReLU())


def attention_unit(inputs: int, outputs: int, joints: int, *, persons: int) -> Layers:
    """Return a self-attention of the joints with normalisation before and after, and ReLU.

    The input is added to the attention where it has as many channels.

    Args:
        inputs: C_in.
        outputs: C_out.
        joints: V.
        persons: M, skeletons side by side on the joint axis.
    """
    attention = co.SpatialAttention(inputs, outputs, heads=_HEADS, persons=persons)
    main = co.Sequential(
        OrderedDict(
            input_norm=JointNorm(inputs, joints, persons=persons),
            attention=attention,
        )
    )
    spatial = co.Residual(main) if inputs == outputs else main
    return OrderedDict(spatial=spatial, spatial_norm=co.BatchNorm(outputs), spatial_relu=co.ReLU())


def _projection(inputs: int, outputs: int, stride: int = 1) -> Layers:
    """Return the map and normalisation of a shortcut whose channels or frames change."""
    conv = co.Conv2d(inputs, outputs, 1, stride=(stride, 1))
    _init_conv(conv)
    return OrderedDict(map=conv, norm=co.BatchNorm(outputs))


def _init_conv(conv: nn.Module, scale: float | None = None) -> None:
    """Draw weights as the 2s-AGCN code base does: He's for the fan out, or of a given scale."""
    assert isinstance(conv, co.Conv2d) and conv.bias is not None
    if scale is None:
        nn.init.kaiming_normal_(conv.weight, mode="fan_out")
    else:
        nn.init.normal_(conv.weight, 0.0, scale)
    nn.init.zeros_(conv.bias)
