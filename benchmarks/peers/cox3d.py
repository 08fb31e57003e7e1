# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""CoX3D of the peer's modules, layer for layer the network that co3d makes of them.

Its names, without the numbers of nested containers, are those of SlowFast's checkpoints.
"""

from __future__ import annotations

import math
from collections import OrderedDict

import continual as co
import torch
from torch import nn

SIZES = {"s": (13, 160, 2.2), "m": (16, 224, 2.2)}  # window, image size, depth factor
WIDTHS = (24, 48, 96, 192)
DEPTHS = (1, 2, 5, 3)


class Swish(nn.Module):
    """x sigmoid(x), in the two operations that co3d uses."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply it."""
        return x * torch.sigmoid(x)


def conv(inputs, outputs, kernel=(1, 1, 1), *, stride=1, groups=1, bias=False):
    """Return a convolution that keeps time."""
    return co.Conv3d(
        inputs,
        outputs,
        kernel_size=kernel,
        stride=(1, stride, stride),
        padding=tuple(k // 2 for k in kernel),
        groups=groups,
        bias=bias,
    )


def round_width(width):
    """Round to a multiple of 8 as X3D does."""
    rounded = max(8, int(width + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * width else rounded


def squeeze_excitation(channels):
    """Return squeeze-excitation over one frame."""
    hidden = round_width(channels * 0.0625)
    layers = OrderedDict(
        avg_pool=co.AdaptiveAvgPool3d((1, 1, 1), kernel_size=1),
        fc1=conv(channels, hidden, bias=True),
        fc1_act=nn.ReLU(),
        fc2=conv(hidden, channels, bias=True),
        fc2_sig=nn.Sigmoid(),
    )
    return co.Residual(co.Sequential(layers), reduce="mul")


def block(inputs, outputs, stride, index):
    """Return one bottleneck with its shortcut and the activation after it."""
    inner = int(2.25 * outputs)
    layers = OrderedDict(
        a=conv(inputs, inner),
        a_bn=co.forward_stepping(nn.BatchNorm3d(inner)),
        a_relu=nn.ReLU(inplace=True),
        b=conv(inner, inner, (3, 3, 3), stride=stride, groups=inner),
        b_bn=co.forward_stepping(nn.BatchNorm3d(inner)),
    )
    if index % 2 == 0:
        layers["se"] = squeeze_excitation(inner)
    layers["b_relu"] = co.forward_stepping(Swish())
    layers["c"] = conv(inner, outputs)
    layers["c_bn"] = co.forward_stepping(nn.BatchNorm3d(outputs))
    main = co.Sequential(OrderedDict(branch2=co.Sequential(layers)))
    if inputs == outputs and stride == 1:
        shortcut = co.Delay(main.delay)
    else:
        shortcut = co.Sequential(
            OrderedDict(
                branch1=conv(inputs, outputs, stride=stride), branch1_bn=nn.BatchNorm3d(outputs)
            )
        )
    return co.Sequential(co.BroadcastReduce(shortcut, main, reduce="sum"), nn.ReLU())


def make_cox3d(size: str, *, num_classes: int, window: int | None = None) -> nn.Module:
    """Return the network that gives logits: co3d's own softmax is left out on both sides.

    Args:
        size: "s" or "m".
        num_classes: K.
        window: Frames of the head's mean; None: the size's own.
    """
    own_window, image_size, depth = SIZES[size]
    layers = OrderedDict(
        s1=co.Sequential(
            OrderedDict(
                pathway0_stem=co.Sequential(
                    OrderedDict(
                        conv_xy=conv(3, 24, (1, 3, 3), stride=2),
                        conv=conv(24, 24, (5, 1, 1), groups=24),
                        bn=nn.BatchNorm3d(24),
                        relu=nn.ReLU(inplace=True),
                    )
                )
            )
        )
    )
    for stage, (width, repeats) in enumerate(zip(WIDTHS, DEPTHS)):
        before = (24, *WIDTHS)[stage]
        layers[f"s{stage + 2}"] = co.Sequential(
            OrderedDict(
                (
                    f"pathway0_res{i}",
                    block(width if i else before, width, 1 if i else 2, i),
                )
                for i in range(math.ceil(depth * repeats))
            )
        )
    side = math.ceil(image_size / 32)
    layers["head"] = co.Sequential(
        OrderedDict(
            conv_5=conv(192, 432),
            conv_5_bn=nn.BatchNorm3d(432),
            conv_5_relu=nn.ReLU(inplace=True),
            avg_pool=co.AvgPool3d((window or own_window, side, side), stride=1),
            lin_5=conv(432, 2048),
            lin_5_relu=nn.ReLU(inplace=True),
            dropout=nn.Dropout(0.5),
            projection=co.Linear(2048, num_classes, bias=True, channel_dim=1),
            view=co.Lambda(lambda x: x.view(x.shape[0], -1)),
        )
    )
    return co.Sequential(layers)
