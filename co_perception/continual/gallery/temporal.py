# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Examples of operators that look at more than one frame, and of their relatives in space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from co_perception import continual as co
from co_perception.continual.gallery.example import IMAGE, JOINTS, VECTOR, Example, show

__all__ = ["TEMPORAL"]

_GRAPH = co.graph_partitions(5, ((1, 0), (2, 1), (3, 1), (4, 3)))
_FORGOTTEN = 160  # frames after which recurrences of this size forgot, to rounding


def _recurrent(make: Callable[..., co.ContinualModule], **options: Any) -> Example:
    return Example(lambda: make(4, 5, num_layers=2, **options), VECTOR, memory=_FORGOTTEN)


_CONVOLUTIONS = {
    "conv1d_window": show(co.Conv1d, 4, 6, 3, padding=1, shape=VECTOR),
    "conv1d_sums": show(co.Conv1d, 4, 2, 3, dilation=2, padding="causal", shape=VECTOR),
    "conv2d_replicate": show(
        co.Conv2d, 4, 4, 3, padding=1, groups=2, fill="replicate", shape=JOINTS
    ),
    "conv2d_strided": show(co.Conv2d, 4, 6, (4, 1), stride=(2, 1), padding=(1, 0), shape=JOINTS),
    "conv3d": show(co.Conv3d, 4, 4, 3, padding=1, shape=IMAGE),
}
_GRAPHS = {
    "graph_conv": show(co.GraphConv, 4, 6, _GRAPH, shape=JOINTS),
    "partition_graph_conv": show(co.PartitionGraphConv, 4, 6, _GRAPH, shape=JOINTS),
    "adaptive_graph_conv": show(co.AdaptiveGraphConv, 4, 6, _GRAPH, embedding=2, shape=JOINTS),
    "spatial_attention": show(co.SpatialAttention, 4, 6, heads=2, key_channels=4, shape=JOINTS),
}
_POOLS = {
    "avg_pool1d": show(co.AvgPool1d, 5, padding=2, shape=VECTOR),
    "avg_pool1d_dilated": show(co.AvgPool1d, 3, dilation=2, shape=VECTOR),
    "avg_pool2d_real": show(
        co.AvgPool2d, (4, 2), padding=("causal", 0), count_include_pad=False, shape=JOINTS
    ),
    "avg_pool3d_replicate": show(
        co.AvgPool3d, (3, None, None), padding=(1, 0, 0), fill="replicate", shape=IMAGE
    ),
    "max_pool1d": show(co.MaxPool1d, 3, padding=1, shape=VECTOR),
    "max_pool2d_strided": show(
        co.MaxPool2d, (3, 2), stride=(2, 1), padding=(1, 0), dilation=2, shape=JOINTS
    ),
    "max_pool3d": show(co.MaxPool3d, 3, padding=1, stride=(1, 1, 2), shape=IMAGE),
    "adaptive_avg_pool1d": show(co.AdaptiveAvgPool1d, 1, 4, shape=VECTOR),
    "adaptive_avg_pool2d": show(
        co.AdaptiveAvgPool2d, (1, 2), 4, padding="causal", count_include_pad=False, shape=JOINTS
    ),
    "adaptive_avg_pool3d": show(co.AdaptiveAvgPool3d, (1, 2, None), 3, shape=IMAGE),
    "adaptive_max_pool1d": show(co.AdaptiveMaxPool1d, 1, 4, padding=2, shape=VECTOR),
    "adaptive_max_pool2d": show(co.AdaptiveMaxPool2d, 1, 4, stride=2, shape=JOINTS),
    "adaptive_max_pool3d": show(
        co.AdaptiveMaxPool3d, (1, 1, 3), 3, padding=1, fill="replicate", shape=IMAGE
    ),
}
_RECURRENCES = {
    "rnn": _recurrent(co.RNN),
    "rnn_relu": _recurrent(co.RNN, nonlinearity="relu"),
    "lstm": _recurrent(co.LSTM),
    "gru": _recurrent(co.GRU),
}
_DELAYS = {
    "delay": show(co.Delay, 4, drop=(1, 2), shape=JOINTS),
    "skip": show(co.Skip, 3, shape=JOINTS),
}

TEMPORAL: dict[str, Example] = {
    **_CONVOLUTIONS,
    **_GRAPHS,
    **_POOLS,
    **_RECURRENCES,
    **_DELAYS,
}
"""Examples by name."""
