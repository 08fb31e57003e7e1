# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What the networks for video share: convolutions that keep time, stages, heads, options."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Iterable

from torch import Tensor

from co_perception import continual as co
from co_perception.continual.window import Fill, check_fill
from co_perception.errors import ConfigError

__all__ = ["VIDEO_RATE", "DropSpace", "VideoOptions", "make_conv", "make_stage"]

VIDEO_RATE = 30.0
"""Frames per second of the videos that the published networks were trained on, Hz."""

_SPATIAL_STRIDE = 32


@dataclasses.dataclass(frozen=True)
class VideoOptions:
    """Options of every network for video.

    Attributes:
        num_classes: K.
        window: Input frames that the head averages over.
        image_size: Side of the square frames, pixels.
        fill: What stands before the first and after the last frame of a stream, at the input of
            every temporal convolution: "zeros" as in training, or "replicate".
        dropout: Share of features dropped in training, 0..1.
        width: Scales the number of channels of every layer; 1 is the published network.
    """

    num_classes: int
    window: int
    image_size: int
    fill: Fill
    dropout: float
    width: float

    def check(self, name: str, time_stride: int = 1) -> None:
        """Raise a ConfigError that names the first option out of range.

        Args:
            name: Of the network.
            time_stride: Of the layers before the head.
        """
        rules = (
            (self.num_classes >= 1, f"num_classes must be at least 1, got {self.num_classes}"),
            (
                self.window >= 1 and self.window % time_stride == 0,
                f"window must be a multiple of {time_stride}, at least that, got {self.window}",
            ),
            (
                self.image_size >= _SPATIAL_STRIDE,
                f"image_size must be at least {_SPATIAL_STRIDE}, the network's stride, got "
                + str(self.image_size),
            ),
            (0.0 <= self.dropout < 1.0, f"dropout must be in 0..1, got {self.dropout}"),
            (self.width > 0.0, f"width must be above 0, got {self.width}"),
        )
        for is_kept, message in rules:
            if not is_kept:
                raise ConfigError(f"{name}: {message}")
        check_fill(self.fill, name)


class DropSpace(co.FrameLocal):
    """Take away axes of space that were pooled to one: (B, C, T, 1, 1) to (B, C, T)."""

    def forward(self, x: Tensor) -> Tensor:
        """Drop the last two axes of a clip or a frame."""
        return x.squeeze(-1).squeeze(-1)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C,)."""
        return shape[:1]


def make_conv(
    inputs: int,
    outputs: int,
    kernel: tuple[int, int, int],
    *,
    stride: int = 1,
    groups: int = 1,
    fill: Fill,
) -> co.Conv3d:
    """Return a convolution without bias that keeps the length of clips.

    Args:
        inputs: C_in.
        outputs: C_out.
        kernel: Time, height, width; odd numbers.
        stride: Of both axes of space.
        groups: As torch.nn.
        fill: What pads time.
    """
    time, height, width = kernel
    return co.Conv3d(
        inputs,
        outputs,
        kernel,
        stride=(1, stride, stride),
        padding=(time // 2, height // 2, width // 2),
        groups=groups,
        bias=False,
        fill=fill,
    )


def make_stage(blocks: Iterable[co.ContinualModule]) -> co.Sequential:
    """Return residual blocks by name, each followed by a ReLU."""
    layers: OrderedDict[str, co.ContinualModule] = OrderedDict()
    for i, block in enumerate(blocks):
        layers[f"res{i}"] = block
        layers[f"relu{i}"] = co.ReLU()
    return co.Sequential(layers)
