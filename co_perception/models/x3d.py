# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""X3D and CoX3D: expanded 3-D convolutional networks for video, as clips and frame by frame.

Weights, temporal padding and clip forward of CoX3D are X3D's. Two things differ, as published:
squeeze-excitation pools over one frame instead of the clip, and the head pools over a sliding
window of frames, which may be longer than the clips of training (64 in the published results).
Both are options, `se_scope` and `window`.

Sources: Feichtenhofer, X3D: Expanding Architectures for Efficient Video Recognition (2020), table
1 and section 3; Hedegaard and Iosifidis, Continual 3D Convolutional Neural Networks for Real-time
Processing of Videos (2022), section 3.4.
"""

from __future__ import annotations

import dataclasses
import math
from collections import OrderedDict
from typing import Any

from co_perception import continual as co
from co_perception.continual.window import Fill
from co_perception.models.base import ContinualModel
from co_perception.models.registry import register_model
from co_perception.models.squeeze_excitation import SeScope, SqueezeExcitation, check_scope
from co_perception.models.video import (
    VIDEO_RATE,
    DropSpace,
    VideoOptions,
    make_conv,
    make_stage,
)

__all__ = [
    "SqueezeExcitation",
    "cox3d_l",
    "cox3d_m",
    "cox3d_s",
    "cox3d_xs",
    "x3d_l",
    "x3d_m",
    "x3d_s",
    "x3d_xs",
]

_STAGE_WIDTHS = (24, 48, 96, 192)
_BASE_DEPTHS = (1, 2, 5, 3)
_STEM_WIDTH, _FEATURES = 24, 2048
_BOTTLENECK = 2.25
_SE_RATIO = 0.0625


@dataclasses.dataclass(frozen=True)
class _Size:
    """One column of table 1: clip length, crop, expansion of depth, and frames between samples."""

    window: int
    image_size: int
    depth_factor: float
    sampling: int


_XS = _Size(window=4, image_size=160, depth_factor=2.2, sampling=12)
_S = _Size(window=13, image_size=160, depth_factor=2.2, sampling=6)
_M = _Size(window=16, image_size=224, depth_factor=2.2, sampling=5)
_L = _Size(window=16, image_size=312, depth_factor=5.0, sampling=5)


@dataclasses.dataclass(frozen=True)
class _Options(VideoOptions):
    """Options of one network.

    Attributes:
        se_scope: Of squeeze-excitation.
    """

    se_scope: SeScope


def _round_width(width: float, divisor: int = 8) -> int:
    """Round to a multiple of 8, never down by more than a tenth (X3D, section 3.1)."""
    rounded = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * width else rounded


def _stem(width: int, options: _Options) -> co.Sequential:
    return co.Sequential(
        OrderedDict(
            conv_xy=make_conv(3, width, (1, 3, 3), stride=2, fill=options.fill),
            conv=make_conv(width, width, (5, 1, 1), groups=width, fill=options.fill),
            bn=co.BatchNorm(width),
            relu=co.ReLU(),
        )
    )


def _block(inputs: int, outputs: int, number: int, options: _Options) -> co.Residual:
    """Return a bottleneck: point-wise, depth-wise over space and time, point-wise; and a shortcut.

    Args:
        inputs: C_in.
        outputs: C_out.
        number: In its stage, from 0. The first one halves the image; every second one has
            squeeze-excitation.
        options: Of the network.
    """
    inner, stride, fill = _inner_width(outputs), 1 if number else 2, options.fill
    layers: OrderedDict[str, co.ContinualModule] = OrderedDict(
        a=make_conv(inputs, inner, (1, 1, 1), fill=fill),
        a_bn=co.BatchNorm(inner),
        a_relu=co.ReLU(),
        b=make_conv(inner, inner, (3, 3, 3), stride=stride, groups=inner, fill=fill),
        b_bn=co.BatchNorm(inner),
    )
    if number % 2 == 0:
        hidden = _round_width(inner * _SE_RATIO)
        layers["se"] = SqueezeExcitation(inner, hidden, options.se_scope)
    layers["swish"] = co.SiLU()
    layers["c"] = make_conv(inner, outputs, (1, 1, 1), fill=fill)
    layers["c_bn"] = co.BatchNorm(outputs)
    if number:
        return co.Residual(co.Sequential(layers))
    shortcut = OrderedDict(
        conv=make_conv(inputs, outputs, (1, 1, 1), stride=stride, fill=fill),
        bn=co.BatchNorm(outputs),
    )
    return co.Residual(co.Sequential(layers), co.Sequential(shortcut))


def _inner_width(outputs: int) -> int:
    """Return the channels inside a bottleneck, and before the head's pool."""
    return int(_BOTTLENECK * outputs)


def _head(inputs: int, options: _Options) -> co.Sequential:
    pooled = _inner_width(inputs)
    features = _round_width(_FEATURES * options.width)
    return co.Sequential(
        OrderedDict(
            conv_5=make_conv(inputs, pooled, (1, 1, 1), fill=options.fill),
            conv_5_bn=co.BatchNorm(pooled),
            relu_5=co.ReLU(),
            pool=co.AvgPool3d((options.window, None, None)),
            drop_space=DropSpace(),
            lin_5=co.Linear(pooled, features, bias=False),
            lin_relu=co.ReLU(),
            dropout=co.Dropout(options.dropout),
            projection=co.Linear(features, options.num_classes),
        )
    )


def _network(depth_factor: float, options: _Options) -> co.Sequential:
    width, *stages = (_round_width(w * options.width) for w in (_STEM_WIDTH, *_STAGE_WIDTHS))
    layers: OrderedDict[str, co.ContinualModule] = OrderedDict(s1=_stem(width, options))
    for i, (outputs, base) in enumerate(zip(stages, _BASE_DEPTHS)):
        depth = math.ceil(depth_factor * base)
        layers[f"s{i + 2}"] = make_stage(
            _block(outputs if number else width, outputs, number, options)
            for number in range(depth)
        )
        width = outputs
    layers["head"] = _head(width, options)
    return co.Sequential(layers)


def _build(name: str, size: _Size, options: _Options) -> ContinualModel:
    options.check(name)
    check_scope(options.se_scope, name)
    side = options.image_size
    return ContinualModel(
        _network(size.depth_factor, options),
        architecture=name,
        arguments=dataclasses.asdict(options),
        input_kind="video",
        step_shape=(3, side, side),
        expected_rate=VIDEO_RATE / size.sampling,
    )


def _builder(name: str, size: _Size, default_scope: SeScope, title: str) -> Any:
    """Return the builder of one size; the eight differ in their numbers only."""

    def build(
        *,
        num_classes: int = 400,
        window: int = size.window,
        image_size: int = size.image_size,
        fill: Fill = "zeros",
        se_scope: SeScope = default_scope,
        dropout: float = 0.5,
        width: float = 1.0,
    ) -> ContinualModel:
        options = _Options(
            num_classes=num_classes,
            window=window,
            image_size=image_size,
            fill=fill,
            se_scope=se_scope,
            dropout=dropout,
            width=width,
        )
        return _build(name, size, options)

    build.__name__ = build.__qualname__ = name
    build.__doc__ = f"""Make {title}, for {VIDEO_RATE / size.sampling:g} frames per second.

    Input: RGB scaled to 0..1, less 0.45, divided by 0.225.

    Args:
        num_classes: K.
        window: Frames that the head averages over; {size.window} by default.
        image_size: Side of the square frames, pixels; {size.image_size} by default.
        fill: What pads time: "zeros", or "replicate" for the first and last frame.
        se_scope: What squeeze-excitation pools over: "frame", a number of frames up to the newest
            (in both cases steps equal the clip), or "clip" (clip forward only).
        dropout: Share of features dropped in training, 0..1.
        width: Scales the number of channels.
    Raises:
        ConfigError: If an option is out of range.
    """
    return register_model(build)


cox3d_xs = _builder("cox3d_xs", _XS, "frame", "CoX3D-XS")
cox3d_s = _builder("cox3d_s", _S, "frame", "CoX3D-S")
cox3d_m = _builder("cox3d_m", _M, "frame", "CoX3D-M")
cox3d_l = _builder("cox3d_l", _L, "frame", "CoX3D-L")
x3d_xs = _builder("x3d_xs", _XS, "clip", "the clip network X3D-XS")
x3d_s = _builder("x3d_s", _S, "clip", "the clip network X3D-S")
x3d_m = _builder("x3d_m", _M, "clip", "the clip network X3D-M")
x3d_l = _builder("x3d_l", _L, "clip", "the clip network X3D-L")
