# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A delay line: what keeps a shortcut in step with a branch that answers late."""

from __future__ import annotations

from torch import Tensor

from co_perception.continual.kinds import Kind
from co_perception.continual.module import ContinualModule
from co_perception.continual.state import LayerState
from co_perception.continual.timing import Tick, TimeSpec, advance
from co_perception.continual.window import push, require_clip, require_window
from co_perception.errors import ConfigError

__all__ = ["Delay", "Skip"]


class Delay(ContinualModule):
    """Hand every frame on `frames` steps later; the clip forward is the identity.

    With `drop=(a, b)` the clip forward leaves out the first a and last b frames, as a convolution
    without padding does. Output i, which is x[i + a], still leaves at step i + `frames`:

        x        0  1  2  3  4  5           Delay(2, drop=(1, 1)) keeps one frame:
        clip        1  2  3  4              step 2 gives x[1], step 3 gives x[2], ...

    Args:
        frames: Steps between the first frame and the first output.
        drop: Frames of a clip left out at its start and end; together at most `frames`.
    """

    def __init__(self, frames: int, *, drop: tuple[int, int] = (0, 0)) -> None:
        super().__init__()
        if frames < 0 or min(drop) < 0 or sum(drop) > frames:
            raise ConfigError(
                "Delay: frames must be 0 or more and drop two such numbers, their sum at most "
                f"frames, got frames={frames}, drop={drop}"
            )
        self.frames, self.drop = frames, drop

    @property
    def time(self) -> TimeSpec:
        """As a kernel of frames + 1 that picks one frame."""
        return TimeSpec(receptive_field=self.frames + 1, right=self.frames - sum(self.drop))

    @property
    def input_kind(self) -> Kind | None:
        """Either, and hands it on."""
        return None

    @property
    def output_kind(self) -> Kind | None:
        """What it takes."""
        return None

    def forward(self, x: Tensor) -> Tensor:
        """Return the clip without the dropped ends."""
        first, last = self.drop
        require_clip(x, self.time, "Delay")
        return x[:, :, first : x.shape[2] - last]

    def frame_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        return shape

    def init_layers(self, frame: Tensor) -> LayerState:
        """Return a zero line of `frames - drop[0]` frames; nothing if that is none."""
        if self._kept == 0:
            return {}
        return frame.new_zeros((*frame.shape[:2], self._kept, *frame.shape[2:]))

    def step_layers(
        self, x: Tensor, layers: LayerState, tick: Tick
    ) -> tuple[Tensor, LayerState, Tick]:
        """Advance by one frame."""
        tick = tick.accepted()
        if self._kept == 0:
            return x, layers, advance(tick, self.time)
        window = require_window(layers, (x.shape[1], self._kept, *x.shape[2:]), "Delay")
        seen, new = push(x, window, tick, "zeros")
        return seen[:, :, 0], new, advance(tick, self.time)

    def extra_repr(self) -> str:
        """Describe the layer in printed models."""
        return f"{self.frames}, drop={self.drop}"

    @property
    def _kept(self) -> int:
        return self.frames - self.drop[0]


class Skip(Delay):
    """Drop the first `frames` frames of a stream and hand on the others at once.

    It is `Delay(frames, drop=(frames, 0))`: output i is x[i + frames] and leaves at its own step,
    so nothing is kept.

    Args:
        frames: How many to drop.
    """

    def __init__(self, frames: int) -> None:
        super().__init__(frames, drop=(frames, 0))
