# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""One or more small examples of every operator, for proofs that run over all of them.

    for name, example in gallery.EXAMPLES.items():
        testing.check_clip(example.create(), torch.randn(2, *example.shape[:1], 20, ...))

A test holds that no public operator is missing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from co_perception import continual as co

__all__ = ["EXAMPLES", "Example"]

_VECTOR, _JOINTS, _IMAGE = (4,), (4, 5), (4, 5, 6)  # frames (C,), (C, V), (C, H, W)
_GRAPH = co.graph_partitions(5, ((1, 0), (2, 1), (3, 1), (4, 3)))
_FORGOTTEN = 160  # frames after which recurrences of _VECTOR's size forgot, to rounding


@dataclasses.dataclass(frozen=True)
class Example:
    """An operator with options, and what it is fed.

    Attributes:
        make: Makes the module, with weights as they come.
        shape: Of a frame without the row axis.
        memory: Frames that an answer rests on; None: the receptive field.
        period: What a clip's first frame must be a multiple of.
    """

    make: Callable[[], co.ContinualModule]
    shape: tuple[int, ...]
    memory: int | None = None
    period: int = 1

    def create(self, seed: int = 0) -> co.ContinualModule:
        """Return the module in eval mode, weights and running statistics drawn by the seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = self.make()
            for part in module.modules():
                if isinstance(part, co.BatchNorm):
                    nn.init.uniform_(part.running_mean, -1.0, 1.0)
                    nn.init.uniform_(part.running_var, 0.5, 2.0)
        return module.eval()

    def make_clip(self, rows: int, frames: int, seed: int = 0) -> torch.Tensor:
        """Return random frames, (rows, C, frames, ...)."""
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(rows, self.shape[0], frames, *self.shape[1:], generator=generator)


def _example(
    make: Callable[..., co.ContinualModule], *inputs: Any, shape: tuple[int, ...], **options: Any
) -> Example:
    return Example(lambda: make(*inputs, **options), shape)


def _recurrent(make: Callable[..., co.ContinualModule], **options: Any) -> Example:
    return Example(lambda: make(4, 5, num_layers=2, **options), _VECTOR, memory=_FORGOTTEN)


_CONVOLUTIONS = {
    "conv1d_window": _example(co.Conv1d, 4, 6, 3, padding=1, shape=_VECTOR),
    "conv1d_sums": _example(co.Conv1d, 4, 2, 3, dilation=2, padding="causal", shape=_VECTOR),
    "conv2d_replicate": _example(
        co.Conv2d, 4, 4, 3, padding=1, groups=2, fill="replicate", shape=_JOINTS
    ),
    "conv2d_strided": _example(
        co.Conv2d, 4, 6, (4, 1), stride=(2, 1), padding=(1, 0), shape=_JOINTS
    ),
    "conv3d": _example(co.Conv3d, 4, 4, 3, padding=1, shape=_IMAGE),
}
_GRAPHS = {
    "graph_conv": _example(co.GraphConv, 4, 6, _GRAPH, shape=_JOINTS),
    "partition_graph_conv": _example(co.PartitionGraphConv, 4, 6, _GRAPH, shape=_JOINTS),
    "adaptive_graph_conv": _example(
        co.AdaptiveGraphConv, 4, 6, _GRAPH, embedding=2, shape=_JOINTS
    ),
    "spatial_attention": _example(
        co.SpatialAttention, 4, 6, heads=2, key_channels=4, shape=_JOINTS
    ),
}
_POOLS = {
    "avg_pool1d": _example(co.AvgPool1d, 5, padding=2, shape=_VECTOR),
    "avg_pool1d_dilated": _example(co.AvgPool1d, 3, dilation=2, shape=_VECTOR),
    "avg_pool2d_real": _example(
        co.AvgPool2d, (4, 2), padding=("causal", 0), count_include_pad=False, shape=_JOINTS
    ),
    "avg_pool3d_replicate": _example(
        co.AvgPool3d, (3, None, None), padding=(1, 0, 0), fill="replicate", shape=_IMAGE
    ),
    "max_pool1d": _example(co.MaxPool1d, 3, padding=1, shape=_VECTOR),
    "max_pool2d_strided": _example(
        co.MaxPool2d, (3, 2), stride=(2, 1), padding=(1, 0), dilation=2, shape=_JOINTS
    ),
    "max_pool3d": _example(co.MaxPool3d, 3, padding=1, stride=(1, 1, 2), shape=_IMAGE),
    "adaptive_avg_pool1d": _example(co.AdaptiveAvgPool1d, 1, 4, shape=_VECTOR),
    "adaptive_avg_pool2d": _example(
        co.AdaptiveAvgPool2d, (1, 2), 4, padding="causal", count_include_pad=False, shape=_JOINTS
    ),
    "adaptive_avg_pool3d": _example(co.AdaptiveAvgPool3d, (1, 2, None), 3, shape=_IMAGE),
    "adaptive_max_pool1d": _example(co.AdaptiveMaxPool1d, 1, 4, padding=2, shape=_VECTOR),
    "adaptive_max_pool2d": _example(co.AdaptiveMaxPool2d, 1, 4, stride=2, shape=_JOINTS),
    "adaptive_max_pool3d": _example(
        co.AdaptiveMaxPool3d, (1, 1, 3), 3, padding=1, fill="replicate", shape=_IMAGE
    ),
}
_RECURRENCES = {
    "rnn": _recurrent(co.RNN),
    "rnn_relu": _recurrent(co.RNN, nonlinearity="relu"),
    "lstm": _recurrent(co.LSTM),
    "gru": _recurrent(co.GRU),
}
_FRAME_LOCAL = {
    "linear": _example(co.Linear, 4, 7, shape=_JOINTS),
    "lambda": _example(co.Lambda, torch.square, shape=_JOINTS),
    "identity": _example(co.Identity, shape=_VECTOR),
    "dropout": _example(co.Dropout, shape=_VECTOR),
    "alpha_dropout": _example(co.AlphaDropout, shape=_VECTOR),
    "channel_dropout": _example(co.Dropout2d, shape=_JOINTS),
    "batch_norm": _example(co.BatchNorm, 4, shape=_JOINTS),
    "layer_norm": _example(co.LayerNorm, 4, shape=_JOINTS),
    "rms_norm": _example(co.RMSNorm, 4, shape=_JOINTS),
    "group_norm": _example(co.GroupNorm, 2, 4, shape=_JOINTS),
    "instance_norm": _example(co.InstanceNorm, 4, affine=True, shape=_IMAGE),
    "softmax": _example(co.Softmax, shape=_JOINTS),
    "softmax_of_space": _example(co.Softmax, -1, shape=_JOINTS),
    "log_softmax": _example(co.LogSoftmax, 3, shape=_JOINTS),
    "softmin": _example(co.Softmin, shape=_VECTOR),
    "glu": _example(co.GLU, shape=_JOINTS),
    "threshold": _example(co.Threshold, 0.1, 20.0, shape=_VECTOR),
}
_ACTIVATIONS: tuple[type[co.ContinualModule], ...] = (
    co.CELU,
    co.ELU,
    co.GELU,
    co.Hardshrink,
    co.Hardsigmoid,
    co.Hardswish,
    co.Hardtanh,
    co.LeakyReLU,
    co.LogSigmoid,
    co.Mish,
    co.PReLU,
    co.ReLU,
    co.ReLU6,
    co.RReLU,
    co.SELU,
    co.SiLU,
    co.Sigmoid,
    co.Softplus,
    co.Softshrink,
    co.Softsign,
    co.Tanh,
    co.Tanhshrink,
)
_CONTAINERS = {
    "delay": _example(co.Delay, 4, drop=(1, 2), shape=_JOINTS),
    "sequential": Example(
        lambda: co.Sequential(
            co.Conv1d(4, 6, 3, padding=1),
            co.BatchNorm(6),
            co.ReLU(),
            co.Conv1d(6, 3, 3, stride=2, padding=1),
            co.AvgPool1d(4, padding="causal", count_include_pad=False),
        ),
        _VECTOR,
    ),
    "residual": Example(lambda: co.Residual(co.Conv1d(4, 4, 5), shrink="centred"), _VECTOR),
    "broadcast_reduce": Example(
        lambda: co.BroadcastReduce(
            co.Conv1d(4, 3, 5, padding=2), co.Conv1d(4, 2, 1), reduce="concat"
        ),
        _VECTOR,
    ),
}

EXAMPLES: dict[str, Example] = {
    **_CONVOLUTIONS,
    **_GRAPHS,
    **_POOLS,
    **_RECURRENCES,
    **_FRAME_LOCAL,
    **{kind.__name__.lower(): _example(kind, shape=_VECTOR) for kind in _ACTIVATIONS},
    **_CONTAINERS,
}
"""Examples by name."""
