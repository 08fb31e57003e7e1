# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""X3D and CoX3D: expanded 3-D convolutional networks for video, as clips and frame by frame.

Weights, temporal padding and clip forward of CoX3D are X3D's. Two things differ, as published:
squeeze-excitation pools over one frame instead of the clip, and the head pools over a sliding
window of frames, which may be longer than the clips of training (64 in the published results).

Sources: Feichtenhofer, X3D: Expanding Architectures for Efficient Video Recognition (2020), table
1 and section 3; Hedegaard and Iosifidis, Continual 3D Convolutional Neural Networks for Real-time
Processing of Videos (2022), section 3.4.
"""

from __future__ import annotations

import dataclasses
import math
from collections import OrderedDict
from typing import Any, Literal

import torch
from torch import Tensor

from co_perception import continual as co
from co_perception.errors import ConfigError, StreamError
from co_perception.models.base import ContinualModel
from co_perception.models.registry import register_model

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

SeScope = Literal["frame", "clip"]

_STAGE_WIDTHS = (24, 48, 96, 192)
_BASE_DEPTHS = (1, 2, 5, 3)
_STEM_WIDTH, _HEAD_WIDTH, _FEATURES = 24, 432, 2048
_BOTTLENECK = 2.25
_SE_RATIO = 0.0625
_SPATIAL_STRIDE = 32


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
_VIDEO_RATE = 30.0


class SqueezeExcitation(co.FrameLocal):
    """Weigh channels by what is seen over the whole image.

    Args:
        channels: C.
        hidden: Channels of the bottleneck.
        scope: "frame" pools over each frame on its own, in clips and steps alike; "clip" pools
            over the whole clip, which steps cannot.
    Source: X3D's form of Hu et al., Squeeze-and-Excitation Networks (2018), section 3.
    """

    def __init__(self, channels: int, hidden: int, scope: SeScope) -> None:
        super().__init__()
        self.scope = scope
        self.fc1 = co.Linear(channels, hidden)
        self.fc2 = co.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh a clip (B, C, T, H, W)."""
        axes = (2, 3, 4) if self.scope == "clip" else (3, 4)
        return self._excite(x, x.mean(axes, keepdim=True))

    def forward_frame(self, x: Tensor) -> Tensor:
        """Weigh a frame (B, C, H, W).

        Raises:
            StreamError: If the scope is the clip.
        """
        if self.scope == "clip":
            raise StreamError(
                "SqueezeExcitation: a step sees one frame, but the scope is 'clip'; make the "
                "model with se_scope='frame' (the published CoX3D), or use its clip forward"
            )
        return self._excite(x, x.mean((2, 3), keepdim=True))

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return 2 C hidden."""
        return self.fc1.step_macs(shape[:1]) + self.fc2.step_macs((self.fc1.out_features,))

    def _excite(self, x: Tensor, squeezed: Tensor) -> Tensor:
        weights = self.fc2(torch.relu(self.fc1(squeezed)))
        return x * torch.sigmoid(weights)


def _round_width(width: float, divisor: int = 8) -> int:
    """Round to a multiple of 8, never down by more than a tenth (X3D, section 3.1)."""
    rounded = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * width else rounded


def _conv(
    inputs: int,
    outputs: int,
    kernel: tuple[int, int, int],
    *,
    stride: int = 1,
    groups: int = 1,
) -> co.Conv3d:
    """Return a convolution without bias that keeps time and, but for the stride, space."""
    time, height, width = kernel
    return co.Conv3d(
        inputs,
        outputs,
        kernel,
        stride=(1, stride, stride),
        padding=(time // 2, height // 2, width // 2),
        groups=groups,
        bias=False,
    )


def _stem() -> co.Sequential:
    return co.Sequential(
        OrderedDict(
            conv_xy=_conv(3, _STEM_WIDTH, (1, 3, 3), stride=2),
            conv=_conv(_STEM_WIDTH, _STEM_WIDTH, (5, 1, 1), groups=_STEM_WIDTH),
            bn=co.BatchNorm(_STEM_WIDTH),
            relu=co.ReLU(),
        )
    )


def _block(inputs: int, outputs: int, *, stride: int, se_scope: SeScope | None) -> co.Residual:
    """Return a bottleneck: point-wise, depth-wise over space and time, point-wise; and a shortcut.

    Args:
        inputs: C_in.
        outputs: C_out.
        stride: In space.
        se_scope: Of the squeeze-excitation; None: without.
    """
    inner = int(_BOTTLENECK * outputs)
    layers: OrderedDict[str, co.ContinualModule] = OrderedDict(
        a=_conv(inputs, inner, (1, 1, 1)),
        a_bn=co.BatchNorm(inner),
        a_relu=co.ReLU(),
        b=_conv(inner, inner, (3, 3, 3), stride=stride, groups=inner),
        b_bn=co.BatchNorm(inner),
    )
    if se_scope:
        layers["se"] = SqueezeExcitation(inner, _round_width(inner * _SE_RATIO), se_scope)
    layers["swish"] = co.SiLU()
    layers["c"] = _conv(inner, outputs, (1, 1, 1))
    layers["c_bn"] = co.BatchNorm(outputs)
    if inputs == outputs and stride == 1:
        return co.Residual(co.Sequential(layers))
    shortcut = OrderedDict(
        conv=_conv(inputs, outputs, (1, 1, 1), stride=stride), bn=co.BatchNorm(outputs)
    )
    return co.Residual(co.Sequential(layers), co.Sequential(shortcut))


def _stage(inputs: int, outputs: int, depth: int, se_scope: SeScope) -> co.Sequential:
    """Return the blocks of one stage; every second one has squeeze-excitation."""
    blocks: OrderedDict[str, co.ContinualModule] = OrderedDict()
    for i in range(depth):
        blocks[f"res{i}"] = _block(
            inputs if i == 0 else outputs,
            outputs,
            stride=2 if i == 0 else 1,
            se_scope=None if i % 2 else se_scope,
        )
        blocks[f"relu{i}"] = co.ReLU()
    return co.Sequential(blocks)


def _head(num_classes: int, window: int, dropout: float) -> co.Sequential:
    return co.Sequential(
        OrderedDict(
            conv_5=_conv(_STAGE_WIDTHS[-1], _HEAD_WIDTH, (1, 1, 1)),
            conv_5_bn=co.BatchNorm(_HEAD_WIDTH),
            relu_5=co.ReLU(),
            pool=co.AvgPool3d((window, None, None)),
            lin_5=co.Linear(_HEAD_WIDTH, _FEATURES, bias=False),
            lin_relu=co.ReLU(),
            dropout=co.Dropout(dropout),
            projection=co.Linear(_FEATURES, num_classes),
            flatten=co.Lambda(
                lambda frame: frame.flatten(1),
                lambda clip: clip.flatten(3).squeeze(3),
                lambda shape: shape[:1],
            ),
        )
    )


def _build(
    name: str,
    size: _Size,
    *,
    num_classes: int,
    window: int | None,
    image_size: int | None,
    se_scope: SeScope,
    dropout: float,
) -> ContinualModel:
    arguments: dict[str, Any] = {
        "num_classes": num_classes,
        "window": size.window if window is None else window,
        "image_size": size.image_size if image_size is None else image_size,
        "se_scope": se_scope,
        "dropout": dropout,
    }
    _check(name, arguments)
    layers: OrderedDict[str, co.ContinualModule] = OrderedDict(s1=_stem())
    widths = (_STEM_WIDTH, *_STAGE_WIDTHS)
    for i, base in enumerate(_BASE_DEPTHS):
        depth = math.ceil(size.depth_factor * base)
        layers[f"s{i + 2}"] = _stage(widths[i], widths[i + 1], depth, se_scope)
    layers["head"] = _head(num_classes, arguments["window"], dropout)
    side = arguments["image_size"]
    return ContinualModel(
        co.Sequential(layers),
        architecture=name,
        arguments=arguments,
        input_kind="video",
        step_shape=(3, side, side),
        expected_rate=_VIDEO_RATE / size.sampling,
    )


def _check(name: str, arguments: dict[str, Any]) -> None:
    if min(arguments["num_classes"], arguments["window"]) < 1:
        raise ConfigError(f"{name}: num_classes and window must be at least 1, got {arguments}")
    if arguments["image_size"] < _SPATIAL_STRIDE:
        raise ConfigError(
            f"{name}: image_size must be at least {_SPATIAL_STRIDE} (the network's stride), got "
            f"{arguments['image_size']}"
        )
    if arguments["se_scope"] not in ("frame", "clip"):
        raise ConfigError(
            f"{name}: se_scope must be 'clip' or 'frame', got {arguments['se_scope']!r}"
        )
    if not 0.0 <= arguments["dropout"] < 1.0:
        raise ConfigError(f"{name}: dropout must be in 0..1, got {arguments['dropout']}")


def _builder(name: str, size: _Size, default_scope: SeScope, title: str) -> Any:
    """Return the builder of one size; the eight differ in their numbers only."""

    def build(
        *,
        num_classes: int = 400,
        window: int | None = None,
        image_size: int | None = None,
        se_scope: SeScope = default_scope,
        dropout: float = 0.5,
    ) -> ContinualModel:
        return _build(
            name,
            size,
            num_classes=num_classes,
            window=window,
            image_size=image_size,
            se_scope=se_scope,
            dropout=dropout,
        )

    build.__name__ = build.__qualname__ = name
    build.__doc__ = f"""Make {title}, for {_VIDEO_RATE / size.sampling:g} frames per second.

    Input: RGB scaled to 0..1, less 0.45, divided by 0.225.

    Args:
        num_classes: K.
        window: Frames that the head averages over; {size.window} by default.
        image_size: Side of the square frames, pixels; {size.image_size} by default.
        se_scope: What squeeze-excitation pools over: "frame" (steps equal the clip) or "clip"
            (clip forward only).
        dropout: Share of features dropped in training, 0..1.
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
