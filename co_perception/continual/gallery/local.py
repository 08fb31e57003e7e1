# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Examples of operators that look at one frame at a time."""

from __future__ import annotations

import torch

from co_perception import continual as co
from co_perception.continual.gallery.example import IMAGE, JOINTS, VECTOR, Example, show

__all__ = ["FRAME_LOCAL"]

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
_SHAPES = {
    "flatten": show(co.Flatten, shape=JOINTS),
    "unflatten": show(co.Unflatten, 1, (2, 2), shape=JOINTS),
    "reshape": show(co.Reshape, 5, 4, shape=JOINTS),
    "permute": show(co.Permute, 2, 1, shape=JOINTS),
    "add": show(co.Add, 0.5, shape=JOINTS),
    "multiply": show(co.Multiply, 0.5, shape=JOINTS),
}

FRAME_LOCAL: dict[str, Example] = {
    "linear": show(co.Linear, 4, 7, shape=JOINTS),
    "lambda": show(co.Lambda, torch.square, shape=JOINTS),
    "identity": show(co.Identity, shape=VECTOR),
    "dropout": show(co.Dropout, shape=VECTOR),
    "alpha_dropout": show(co.AlphaDropout, shape=VECTOR),
    "channel_dropout": show(co.Dropout2d, shape=JOINTS),
    "batch_norm": show(co.BatchNorm, 4, shape=JOINTS),
    "layer_norm": show(co.LayerNorm, 4, shape=JOINTS),
    "rms_norm": show(co.RMSNorm, 4, shape=JOINTS),
    "group_norm": show(co.GroupNorm, 2, 4, shape=JOINTS),
    "instance_norm": show(co.InstanceNorm, 4, affine=True, shape=IMAGE),
    "softmax": show(co.Softmax, shape=JOINTS),
    "softmax_of_space": show(co.Softmax, -1, shape=JOINTS),
    "log_softmax": show(co.LogSoftmax, 3, shape=JOINTS),
    "softmin": show(co.Softmin, shape=VECTOR),
    "glu": show(co.GLU, shape=JOINTS),
    "threshold": show(co.Threshold, 0.1, 20.0, shape=VECTOR),
    **{kind.__name__.lower(): show(kind, shape=VECTOR) for kind in _ACTIVATIONS},
    **_SHAPES,
}
"""Examples by name."""
