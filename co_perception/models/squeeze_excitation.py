# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Squeeze-excitation, and what it squeezes: the clip, the frame, or the last frames.

    frames      0  1  2  3  4  5
    "clip"     [0  1  2  3  4  5]   for the gates of frame 3: steps cannot know it
    "frame"             [3]         the published CoX3D
    3             [1  2  3]         nearer to the clip, and exact in steps

Source: Hu et al., Squeeze-and-Excitation Networks (2018), section 3, in the form of X3D.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from co_perception import continual as co
from co_perception.continual.timing import advance
from co_perception.errors import ConfigError, StreamError

__all__ = ["SeScope", "SqueezeExcitation", "check_scope"]

SeScope: TypeAlias = Literal["frame", "clip"] | int


class SqueezeExcitation(co.ContinualModule):
    """Weigh channels by what is seen over the whole image.

    Args:
        channels: C.
        hidden: Channels of the bottleneck.
        scope: "frame" pools over each frame on its own, in clips and steps alike; a number pools
            over that many frames, the newest and those before it (at a stream's start over the
            frames that there are); "clip" pools over the whole clip, which steps cannot.
    Raises:
        ConfigError: If the scope is none of these.
    """

    def __init__(self, channels: int, hidden: int, scope: SeScope) -> None:
        super().__init__()
        check_scope(scope, "SqueezeExcitation")
        self.scope = scope
        frames = 1 if isinstance(scope, str) else scope
        self.pool = co.AvgPool1d(frames, padding="causal", count_include_pad=False)
        self.fc1 = co.Linear(channels, hidden)
        self.fc2 = co.Linear(hidden, channels)

    @property
    def time(self) -> co.TimeSpec:
        """The pool's."""
        return self.pool.time

    def forward(self, x: Tensor) -> Tensor:
        """Weigh a clip (B, C, T, H, W)."""
        squeezed = x.mean((3, 4))
        is_whole = self.scope == "clip"
        squeezed = squeezed.mean(2, keepdim=True) if is_whole else self.pool(squeezed)
        return self._excite(x, squeezed)

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        self.fc1.frame_shape(shape[:1])
        return shape

    def init_layers(self, frame: Tensor) -> co.LayerState:
        """Return the window of the last frames' means; nothing for a scope of one frame."""
        return self.pool.init_layers(frame.flatten(2).mean(2))

    def step_layers(
        self, x: Tensor, layers: co.LayerState, tick: co.Tick
    ) -> tuple[Tensor, co.LayerState, co.Tick]:
        """Advance by one frame.

        Raises:
            StreamError: If the scope is the clip.
        """
        if self.scope == "clip":
            raise StreamError(
                "SqueezeExcitation: a step sees one frame, but the scope is 'clip'; make the "
                "model with se_scope='frame' (the published CoX3D) or a number of frames, or use "
                "its clip forward"
            )
        squeezed, layers, _ = self.pool.step_layers(x.mean((2, 3)), layers, tick)
        return self._excite(x, squeezed), layers, advance(tick, self.time)

    def step_macs(self, shape: tuple[int, ...]) -> int:
        """Return C H W and C scope for the means, 2 C hidden for the gates."""
        means = math.prod(shape) + self.pool.step_macs(shape[:1])
        gates = self.fc1.step_macs(shape[:1]) + self.fc2.step_macs((self.fc1.out_features,))
        return means + gates

    def _excite(self, x: Tensor, squeezed: Tensor) -> Tensor:
        """Weigh a clip or frame by gates of its means, (B, C, T) or (B, C)."""
        gates = torch.sigmoid(self.fc2(torch.relu(self.fc1(squeezed))))
        return x * gates.unsqueeze(-1).unsqueeze(-1)


def check_scope(scope: object, where: str) -> None:
    """Raise a ConfigError unless the scope is one that squeeze-excitation knows."""
    is_count = isinstance(scope, int) and not isinstance(scope, bool) and scope >= 1
    if not is_count and scope not in ("frame", "clip"):
        raise ConfigError(
            f"{where}: se_scope must be 'clip', 'frame', or a number of frames of at least 1, got "
            f"{scope!r}"
        )
