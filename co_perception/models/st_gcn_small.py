# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A small continual graph network for 2-D skeletons: causal, answering from the first frame."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from co_perception import continual as co
from co_perception.continual.graph import EdgeImportance
from co_perception.errors import ConfigError
from co_perception.models.base import ContinualModel
from co_perception.models.registry import register_model
from co_perception.models.skeleton_layers import JointNorm, JointPool
from co_perception.models.skeletons import find_skeleton_graph

__all__ = ["JointNorm", "JointPool", "co_st_gcn_small"]


@register_model
def co_st_gcn_small(
    *,
    num_classes: int,
    in_channels: int = 5,
    layout: str = "common13",
    edges: Sequence[Sequence[int]] | None = None,
    num_joints: int | None = None,
    widths: Sequence[int] = (48, 64, 64, 96),
    kernel_size: int = 5,
    dilations: Sequence[int] = (1, 1, 1, 2),
    window: int = 8,
    dropout: float = 0.25,
    edge_importance: EdgeImportance = "add",
    expected_rate: float = 15.0,
) -> ContinualModel:
    """Make the small skeleton network that ships.

    Blocks of graph convolution, causal temporal convolution and a shortcut; mean and maximum over
    the joints; mean over a sliding window of frames; linear classifier. Delay 0: every step's
    output belongs to its own frame and is valid from the first one on. The mean at the head is of
    the frames that were there, so a young stream is answered from few frames: `progress` tells how
    many. Receptive field: window + (kernel_size - 1) * sum(dilations) frames; 28 by default, 1.9 s
    at 15 Hz.

    Args:
        num_classes: K.
        in_channels: C, per joint.
        layout: Name of the joint layout; sets the joints' number and bones.
        edges: Bones of a layout that models do not know.
        num_joints: V, with `edges` only.
        widths: Channels of each block.
        kernel_size: Frames of the temporal kernels.
        dilations: Of each block's temporal kernel.
        window: Frames of the head's sliding mean.
        dropout: Share of channels dropped in training, 0..1.
        edge_importance: How the adjacency is learned, see `GraphConv`.
        expected_rate: Frames per second that it is trained for, Hz.
    Raises:
        ConfigError: If an option is out of range.
    Source: Hedegaard et al., Continual Spatio-Temporal Graph Convolutional Networks (2022), for
        the blocks; causal padding, widths, joint pooling and head are our own, for little data.
    """
    if len(widths) != len(dilations) or not widths or min(widths) < 1:
        raise ConfigError(
            f"co_st_gcn_small: widths and dilations need one number per block, got {list(widths)} "
            f"and {list(dilations)}"
        )
    if not 0.0 <= dropout < 1.0 or min(num_classes, in_channels, window, kernel_size) < 1:
        raise ConfigError(
            "co_st_gcn_small: num_classes, in_channels, window and kernel_size must be at least 1 "
            f"and dropout in 0..1, got {num_classes}, {in_channels}, {window}, {kernel_size}, "
            f"{dropout}"
        )
    graph = find_skeleton_graph(layout, edges, num_joints)
    adjacency = co.graph_partitions(graph.num_joints, graph.edges)
    layers: OrderedDict[str, co.ContinualModule] = OrderedDict()
    layers["input_norm"] = JointNorm(in_channels, graph.num_joints)
    for i, (inputs, outputs) in enumerate(zip((in_channels, *widths), widths)):
        layers[f"block{i + 1}"] = _block(
            inputs,
            outputs,
            adjacency,
            edge_importance,
            kernel_size=kernel_size,
            dilation=dilations[i],
            dropout=dropout,
        )
        layers[f"relu{i + 1}"] = co.ReLU()
    layers["joint_pool"] = JointPool()
    layers["time_pool"] = co.AvgPool1d(window, padding="causal", count_include_pad=False)
    layers["dropout"] = co.Dropout(dropout)
    layers["classifier"] = co.Linear(2 * widths[-1], num_classes)
    arguments: dict[str, Any] = {
        "num_classes": num_classes,
        "in_channels": in_channels,
        "layout": layout,
        "edges": None if edges is None else [list(map(int, edge)) for edge in edges],
        "num_joints": num_joints,
        "widths": list(widths),
        "kernel_size": kernel_size,
        "dilations": list(dilations),
        "window": window,
        "dropout": dropout,
        "edge_importance": edge_importance,
        "expected_rate": expected_rate,
    }
    return ContinualModel(
        co.Sequential(layers),
        architecture="co_st_gcn_small",
        arguments=arguments,
        input_kind="skeleton",
        step_shape=(in_channels, graph.num_joints),
        expected_rate=expected_rate,
    )


def _block(
    inputs: int,
    outputs: int,
    adjacency: Tensor,
    edge_importance: EdgeImportance,
    *,
    kernel_size: int,
    dilation: int,
    dropout: float,
) -> co.ContinualModule:
    """Return graph convolution, causal temporal convolution, and a shortcut around both."""
    main = co.Sequential(
        OrderedDict(
            graph=co.GraphConv(
                inputs, outputs, adjacency, edge_importance=edge_importance, bias=False
            ),
            graph_norm=co.BatchNorm(outputs),
            relu=co.ReLU(),
            temporal=co.Conv2d(
                outputs,
                outputs,
                (kernel_size, 1),
                padding=("causal", 0),
                dilation=(dilation, 1),
                bias=False,
            ),
            temporal_norm=co.BatchNorm(outputs),
            dropout=co.Dropout(dropout),
        )
    )
    if inputs == outputs:
        return co.Residual(main)
    projection = OrderedDict(
        map=co.Conv2d(inputs, outputs, 1, bias=False), norm=co.BatchNorm(outputs)
    )
    return co.Residual(main, co.Sequential(projection))
