# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Continual operators: torch.nn's vocabulary, exact frame by frame, with the state in the open.

    conv = co.Conv3d(24, 54, kernel_size=3, padding=1)
    state = conv.init_state(frame)
    y, valid, state = conv.forward_step(frame, state)

See `ContinualModule` for the contract and docs/concepts.md for the ideas.
"""

from co_perception.continual import (  # noqa: F401  they register conversions
    convert_graph,
    convert_layers,
    convert_pools,
    convert_sequences,
    convert_shapes,
)
from co_perception.continual.activation import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softmin,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
    Threshold,
)
from co_perception.continual.adaptive_pool import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
)
from co_perception.continual.attention import token_mask
from co_perception.continual.branches import BroadcastReduce, Residual
from co_perception.continual.conditional import Conditional
from co_perception.continual.containers import Sequential
from co_perception.continual.conv import Conv1d, Conv2d, Conv3d
from co_perception.continual.convert import Conversion, from_torch, register_conversion
from co_perception.continual.counting import count_macs, count_macs_by_operation
from co_perception.continual.delay import Delay, Skip
from co_perception.continual.export import FlatStep, to_onnx
from co_perception.continual.graph import GraphConv, graph_partitions
from co_perception.continual.graph_parts import AdaptiveGraphConv, PartitionGraphConv
from co_perception.continual.local import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    Identity,
    Lambda,
    Linear,
)
from co_perception.continual.module import ContinualModule, FrameLocal
from co_perception.continual.norm import (
    BatchNorm,
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    RMSNorm,
)
from co_perception.continual.pool import (
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from co_perception.continual.positional import RecyclingPositionalEncoding
from co_perception.continual.recurrent import GRU, LSTM, RNN
from co_perception.continual.routing import Broadcast, Parallel, ParallelDispatch, Reduce
from co_perception.continual.shape import (
    Add,
    Constant,
    Flatten,
    Multiply,
    Permute,
    Reshape,
    Unflatten,
)
from co_perception.continual.spatial_attention import SpatialAttention
from co_perception.continual.state import (
    LayerState,
    Progress,
    StreamState,
    compact,
    detach,
    flatten_state,
    join_rows,
    progress,
    reset,
    take_rows,
    unflatten_state,
    warm_share,
)
from co_perception.continual.stream_attention import (
    RetroactiveMultiheadAttention,
    SingleOutputMultiheadAttention,
)
from co_perception.continual.summary import LayerSummary, Summary, summary
from co_perception.continual.timing import Tick, TimeSpec
from co_perception.continual.transformer import TransformerEncoder
from co_perception.continual.transformer_layers import (
    RetroactiveTransformerEncoderLayer,
    SingleOutputTransformerEncoderLayer,
    WindowSingleOutputTransformerEncoderLayer,
    WindowTransformerEncoderLayer,
)
from co_perception.continual.window_attention import (
    WindowMultiheadAttention,
    WindowSingleOutputMultiheadAttention,
)

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveGraphConv",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "Add",
    "AlphaDropout",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Broadcast",
    "BroadcastReduce",
    "Conditional",
    "Constant",
    "ContinualModule",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "Conversion",
    "Delay",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FlatStep",
    "Flatten",
    "FrameLocal",
    "GraphConv",
    "GroupNorm",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "InstanceNorm",
    "Lambda",
    "LayerNorm",
    "LayerState",
    "LayerSummary",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Mish",
    "Multiply",
    "PReLU",
    "Parallel",
    "ParallelDispatch",
    "PartitionGraphConv",
    "Permute",
    "Progress",
    "RMSNorm",
    "RReLU",
    "ReLU",
    "ReLU6",
    "RecyclingPositionalEncoding",
    "Reduce",
    "Reshape",
    "Residual",
    "RetroactiveMultiheadAttention",
    "RetroactiveTransformerEncoderLayer",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SingleOutputMultiheadAttention",
    "SingleOutputTransformerEncoderLayer",
    "Skip",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "SpatialAttention",
    "StreamState",
    "Summary",
    "Tanh",
    "Tanhshrink",
    "Threshold",
    "Tick",
    "TimeSpec",
    "TransformerEncoder",
    "Unflatten",
    "WindowMultiheadAttention",
    "WindowSingleOutputMultiheadAttention",
    "WindowSingleOutputTransformerEncoderLayer",
    "WindowTransformerEncoderLayer",
    "compact",
    "count_macs",
    "count_macs_by_operation",
    "detach",
    "flatten_state",
    "from_torch",
    "graph_partitions",
    "join_rows",
    "progress",
    "register_conversion",
    "reset",
    "summary",
    "take_rows",
    "to_onnx",
    "token_mask",
    "unflatten_state",
    "warm_share",
]
