# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Continual operators: torch.nn's vocabulary, exact frame by frame, with the state in the open.

    conv = co.Conv3d(24, 54, kernel_size=3, padding=1)
    state = conv.init_state(frame)
    y, valid, state = conv.forward_step(frame, state)

See `ContinualModule` for the contract and docs/concepts.md for the ideas.
"""

from co_perception.continual.branches import BroadcastReduce, Residual
from co_perception.continual.containers import Sequential
from co_perception.continual.conv import Conv1d, Conv2d, Conv3d
from co_perception.continual.counting import count_macs, count_macs_by_operation
from co_perception.continual.delay import Delay
from co_perception.continual.export import FlatStep
from co_perception.continual.graph import GraphConv, graph_partitions
from co_perception.continual.local import (
    ELU,
    GELU,
    BatchNorm,
    Dropout,
    Hardswish,
    Identity,
    Lambda,
    LayerNorm,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    SiLU,
    Tanh,
)
from co_perception.continual.module import ContinualModule, FrameLocal
from co_perception.continual.pool import (
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from co_perception.continual.state import (
    LayerState,
    Progress,
    StreamState,
    detach,
    flatten_state,
    join_rows,
    progress,
    reset,
    take_rows,
    unflatten_state,
    warm_share,
)
from co_perception.continual.summary import LayerSummary, Summary, summary
from co_perception.continual.timing import Tick, TimeSpec

__all__ = [
    "ELU",
    "GELU",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm",
    "BroadcastReduce",
    "ContinualModule",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "Delay",
    "Dropout",
    "FlatStep",
    "FrameLocal",
    "GraphConv",
    "Hardswish",
    "Identity",
    "Lambda",
    "LayerNorm",
    "LayerState",
    "LayerSummary",
    "LeakyReLU",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Progress",
    "ReLU",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "StreamState",
    "Summary",
    "Tanh",
    "Tick",
    "TimeSpec",
    "count_macs",
    "count_macs_by_operation",
    "detach",
    "flatten_state",
    "graph_partitions",
    "join_rows",
    "progress",
    "reset",
    "summary",
    "take_rows",
    "unflatten_state",
    "warm_share",
]
