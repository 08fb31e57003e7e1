# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""CoST-GCN of the peer's modules, as continual-skeletons builds it.

Its names are those of that project's checkpoints, nested as they are there. Deviations: one person
is looked at instead of two, which takes half the time; and what the project's last state lacks to
run with the peer's current version (strides that are pairs, the delay of a strided shortcut).
"""

from __future__ import annotations

import math
from collections import OrderedDict

import continual as co
import torch
from torch import nn

WIDTHS = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
STRIDED = (4, 7)  # blocks, counted from 0
CLIP_FRAMES = 300


class GraphConvolution(nn.Module):
    """Three partitions, each with a product over the joints and a 1 x 1 convolution."""

    def __init__(self, inputs: int, outputs: int, adjacency: torch.Tensor) -> None:
        super().__init__()
        self.graph_attn = nn.Parameter(torch.ones_like(adjacency))
        self.A = nn.Parameter(adjacency.clone(), requires_grad=False)
        self.g_conv = nn.ModuleList(nn.Conv2d(inputs, outputs, 1) for _ in adjacency)
        self.gcn_residual = nn.Identity()
        if inputs != outputs:
            self.gcn_residual = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs)
            )
        self.bn = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, T, V)."""
        rows, channels, frames, joints = x.shape
        mixing = self.A * self.graph_attn
        total = None
        for part, g_conv in zip(mixing, self.g_conv):
            mixed = torch.matmul(x.view(rows, channels * frames, joints), part)
            z = g_conv(mixed.view(rows, channels, frames, joints))
            total = z if total is None else z + total
        return self.relu(self.bn(total) + self.gcn_residual(x))


def temporal(inputs, outputs, kernel=9, padding=0, stride=1):
    """Return a convolution over time and its normalisation."""
    layers = OrderedDict(
        t_conv=co.Conv2d(inputs, outputs, (kernel, 1), padding=(padding, 0), stride=(stride, 1)),
        bn=nn.BatchNorm2d(outputs),
    )
    return co.Sequential(layers)


def block(inputs, outputs, adjacency, *, stride, padding, residual):
    """Return one block as continual-skeletons nests it."""
    gcn = co.forward_stepping(GraphConvolution(inputs, outputs, adjacency))
    tcn = temporal(outputs, outputs, padding=padding, stride=stride)
    main = co.Sequential(OrderedDict(gcn=gcn, tcn=tcn))
    if not residual:
        return co.Sequential(OrderedDict(gcn=gcn, tcn=tcn, relu=nn.ReLU()))
    shrinks = padding == 0
    if inputs == outputs and stride == 1:
        return co.Sequential(co.Residual(main, residual_shrink=shrinks), nn.ReLU())
    # in steps the peer's 1 x 1 convolution answers every frame, whatever its stride: a full delay
    align = co.Delay(tcn.delay // 2 if shrinks else tcn.delay, auto_shrink=shrinks)
    shortcut = co.Sequential(
        OrderedDict(residual=temporal(inputs, outputs, kernel=1, stride=stride), align=align)
    )
    return co.Sequential(co.BroadcastReduce(shortcut, main, auto_delay=False), nn.ReLU())


def make_st_gcn(
    adjacency: torch.Tensor, *, num_classes: int, starred: bool, in_channels: int = 3
) -> nn.Module:
    """Return CoST-GCN, or with `starred` the one without padding and strides, for one person.

    Args:
        adjacency: (3, V, V).
        num_classes: K.
        starred: Which form.
        in_channels: C.
    """
    joints = adjacency.shape[1]
    blocks = OrderedDict()
    for i, outputs in enumerate(WIDTHS):
        blocks[f"layer{i + 1}"] = block(
            (in_channels, *WIDTHS)[i],
            outputs,
            adjacency,
            stride=2 if i in STRIDED and not starred else 1,
            padding=0 if starred else 4,
            residual=i > 0,
        )
    layers = co.Sequential(blocks)
    field, pad, stride = layers.receptive_field, _number(layers.padding), _number(layers.stride)
    pool = math.ceil((CLIP_FRAMES - field + 2 * pad + 1) / stride)
    pool_padding = max(0, pool - math.ceil((CLIP_FRAMES - field + pad + 1) / stride))
    network = OrderedDict(
        # (N, C, [T,] V) -> (N T, C V) and back: in steps there is no T
        flatten=co.Lambda(lambda x: x.transpose(1, 2).reshape(-1, joints * in_channels)),
        data_bn=nn.BatchNorm1d(joints * in_channels),
        restore=co.Lambda(lambda x: x.view(-1, joints, in_channels).transpose(1, 2).contiguous()),
        layers=layers,
        spatial_pool=co.Lambda(lambda x: x.mean(-1)),
        pool=co.AvgPool1d(pool, stride=1, padding=pool_padding),
        fc=co.Linear(WIDTHS[-1], num_classes, channel_dim=1),
    )
    return co.Sequential(network)


def _number(value):
    """Return the entry of time of a number or a tuple."""
    return value[0] if isinstance(value, tuple) else value
