# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Slow and I3D on a ResNet-50, as clip networks and frame by frame (CoSlow, CoI3D).

Weights, temporal padding and clip forward of the continual networks are the clip networks'; the
head pools over a sliding window of frames, which may be longer than the clips of training (64 in
the published results).

Slow looks at time in its last two stages only. I3D looks at it everywhere, and after the first
stage takes the maximum of every two frames: it answers at every second frame.

Sources: Feichtenhofer et al., SlowFast Networks for Video Recognition (2019), table 1, the Slow
pathway; Carreira and Zisserman, Quo Vadis, Action Recognition? (2017), with the ResNet of Wang et
al., Non-local Neural Networks (2018); Hedegaard and Iosifidis, Continual 3D Convolutional Neural
Networks for Real-time Processing of Videos (2022), section 3.4.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from typing import Any

from co_perception import continual as co
from co_perception.continual.window import Fill
from co_perception.models.base import ContinualModel
from co_perception.models.registry import register_model
from co_perception.models.video import (
    VIDEO_RATE,
    DropSpace,
    VideoOptions,
    make_conv,
    make_stage,
)

__all__ = ["coi3d_r50", "coslow_r50", "i3d_r50", "slow_r50"]

_DEPTHS = (3, 4, 6, 3)
_STEM_WIDTH = 64
_EXPANSION = 4
_CLIP_FRAMES, _SAMPLING = 8, 8  # "8 x 8": frames of a training clip, and video frames per frame


@dataclasses.dataclass(frozen=True)
class _Kind:
    """What Slow and I3D differ in.

    Attributes:
        image_size: Side of the published test frames, pixels.
        stem: Temporal kernel of the stem.
        kernels: Temporal kernels of the first convolution in a stage's blocks, in turns.
        time_stride: Frames that the pool after the first stage makes one of.
    """

    image_size: int
    stem: int
    kernels: tuple[tuple[int, ...], ...]
    time_stride: int


_SLOW = _Kind(image_size=256, stem=1, kernels=((1,), (1,), (3,), (3,)), time_stride=1)
_I3D = _Kind(image_size=224, stem=5, kernels=((3,), (3, 1), (3, 1), (1, 3)), time_stride=2)


def _stem(width: int, kernel: int, fill: Fill) -> co.Sequential:
    return co.Sequential(
        OrderedDict(
            conv=make_conv(3, width, (kernel, 7, 7), stride=2, fill=fill),
            bn=co.BatchNorm(width),
            relu=co.ReLU(),
            pool=co.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
        )
    )


def _block(inputs: int, outputs: int, *, time: int, stride: int, fill: Fill) -> co.Residual:
    """Return a bottleneck (point-wise over some frames, over space, point-wise) and a shortcut.

    Args:
        inputs: C_in.
        outputs: C_out.
        time: Temporal kernel.
        stride: In space.
        fill: What pads time.
    """
    inner = outputs // _EXPANSION
    main: OrderedDict[str, co.ContinualModule] = OrderedDict(
        a=make_conv(inputs, inner, (time, 1, 1), fill=fill),
        a_bn=co.BatchNorm(inner),
        a_relu=co.ReLU(),
        b=make_conv(inner, inner, (1, 3, 3), stride=stride, fill=fill),
        b_bn=co.BatchNorm(inner),
        b_relu=co.ReLU(),
        c=make_conv(inner, outputs, (1, 1, 1), fill=fill),
        c_bn=co.BatchNorm(outputs),
    )
    if inputs == outputs and stride == 1:
        return co.Residual(co.Sequential(main))
    shortcut: OrderedDict[str, co.ContinualModule] = OrderedDict()
    if time > 1 and inputs < outputs and stride == 1:
        # It must wait for the main branch: before the projection fewer numbers are kept for that.
        shortcut["wait"] = co.Delay(time // 2)
    shortcut["conv"] = make_conv(inputs, outputs, (1, 1, 1), stride=stride, fill=fill)
    shortcut["bn"] = co.BatchNorm(outputs)
    return co.Residual(co.Sequential(main), co.Sequential(shortcut))


def _head(inputs: int, window: int, options: VideoOptions) -> co.Sequential:
    return co.Sequential(
        OrderedDict(
            pool=co.AvgPool3d((window, None, None)),
            drop_space=DropSpace(),
            dropout=co.Dropout(options.dropout),
            projection=co.Linear(inputs, options.num_classes),
        )
    )


def _network(kind: _Kind, options: VideoOptions) -> co.Sequential:
    base = max(1, round(_STEM_WIDTH * options.width))
    stem = _stem(base, kind.stem, options.fill)
    layers: OrderedDict[str, co.ContinualModule] = OrderedDict(s1=stem)
    width = base
    for i, (depth, kernels) in enumerate(zip(_DEPTHS, kind.kernels)):
        outputs = base * _EXPANSION * 2**i
        layers[f"s{i + 2}"] = make_stage(
            _block(
                outputs if number else width,
                outputs,
                time=kernels[number % len(kernels)],
                stride=2 if i and not number else 1,
                fill=options.fill,
            )
            for number in range(depth)
        )
        width = outputs
        if i == 0 and kind.time_stride > 1:
            pair = (kind.time_stride, 1, 1)
            layers["pool"] = co.MaxPool3d(pair, stride=pair)
    layers["head"] = _head(width, options.window // kind.time_stride, options)
    return co.Sequential(layers)


def _build(name: str, kind: _Kind, options: VideoOptions) -> ContinualModel:
    options.check(name, kind.time_stride)
    side = options.image_size
    return ContinualModel(
        _network(kind, options),
        architecture=name,
        arguments=dataclasses.asdict(options),
        input_kind="video",
        step_shape=(3, side, side),
        expected_rate=VIDEO_RATE / _SAMPLING,
    )


def _builder(name: str, kind: _Kind, title: str) -> Any:
    """Return the builder of one network; the four differ in their numbers only."""

    def build(
        *,
        num_classes: int = 400,
        window: int = _CLIP_FRAMES,
        image_size: int = kind.image_size,
        fill: Fill = "zeros",
        dropout: float = 0.5,
        width: float = 1.0,
    ) -> ContinualModel:
        options = VideoOptions(
            num_classes=num_classes,
            window=window,
            image_size=image_size,
            fill=fill,
            dropout=dropout,
            width=width,
        )
        return _build(name, kind, options)

    every = f", every {kind.time_stride} frames" if kind.time_stride > 1 else ""
    build.__name__ = build.__qualname__ = name
    build.__doc__ = f"""Make {title}, for {VIDEO_RATE / _SAMPLING:g} frames per second{every}.

    Input: RGB scaled to 0..1, less 0.45, divided by 0.225.

    Args:
        num_classes: K.
        window: Input frames that the head averages over.
        image_size: Side of the square frames, pixels; {kind.image_size} by default.
        fill: What pads time: "zeros", or "replicate" for the first and last frame.
        dropout: Share of features dropped in training, 0..1.
        width: Scales the number of channels.
    Raises:
        ConfigError: If an option is out of range.
    """
    return register_model(build)


coslow_r50 = _builder("coslow_r50", _SLOW, "CoSlow on a ResNet-50")
coi3d_r50 = _builder("coi3d_r50", _I3D, "CoI3D on a ResNet-50")
slow_r50 = _builder("slow_r50", _SLOW, "the clip network Slow on a ResNet-50")
i3d_r50 = _builder("i3d_r50", _I3D, "the clip network I3D on a ResNet-50")
