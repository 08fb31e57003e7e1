# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a conversion knows of the data between two layers: where channels and time are."""

from __future__ import annotations

import dataclasses
from typing import Literal

from co_perception.errors import ConfigError

__all__ = ["Axes"]


@dataclasses.dataclass
class Axes:
    """The axes of the original's data, as far as the layers so far have told.

    Attributes:
        channels: "second" in clips (B, C, T, ...) as convolutions take them; "last" in sequences
            (B, T, C) or (T, B, C) as Linear and LSTM take them; None: no layer has told.
        rank: Axes of a frame after the row, channels included; None: no layer has told.
        time: "here"; "one": pooled to one entry, its axis still there; "gone" with the axis.
    """

    channels: Literal["second", "last"] | None = None
    rank: int | None = None
    time: Literal["here", "one", "gone"] = "here"

    def copy(self) -> Axes:
        """Return a copy for a branch."""
        return dataclasses.replace(self)

    def expect_clip(self, rank: int, *, over_time: bool) -> None:
        """Take note of a layer on clips (B, C, T, ...).

        Args:
            rank: Axes of its frames after the row.
            over_time: Whether it looks at several frames.

        Raises:
            ConfigError: If the data cannot be such a clip here.
        """
        if self.channels == "last":
            raise ConfigError(
                "takes channels on axis 1, but the layers before it take them on the last axis: "
                "its input would be time; put the axes in one order throughout"
            )
        if self.time == "gone":
            raise ConfigError("takes a clip, but the layers before it flattened time away")
        if self.time == "one" and over_time:
            raise ConfigError(
                "works over time, but a layer before it pooled the clip to one frame; work over "
                "time first"
            )
        self.channels, self.rank = "second", rank

    def expect_features(self) -> None:
        """Take note of a layer that works on the last axis, which must be the channels.

        Raises:
            ConfigError: If it is time or space here.
        """
        if self.channels == "second" and not (self.time == "gone" and self.rank == 1):
            what = "time" if self.rank == 1 else "an axis of space"
            raise ConfigError(
                f"works on the last axis, which is {what} in the clips (B, C, T, ...) before it; "
                "for the channels use a convolution with a kernel of 1, or flatten to (B, C) "
                "after a pool over the clip"
            )
        if self.channels is None:
            self.channels, self.rank = "last", 1

    def find_axis(self, dim: int) -> int:
        """Return which axis of a clip (B, C, T, ...) an axis of the original's data is.

        Raises:
            ConfigError: If that cannot be told.
        """
        axes = None if self.rank is None else self.rank + (1 if self.time == "gone" else 2)
        if dim < 0:
            if axes is None:
                raise ConfigError(
                    f"counts axis {dim} from the end of data whose axes no layer before it tells; "
                    "count from the front"
                )
            dim += axes
        if self.channels == "last":
            return {0: 0, 1: 2, 2: 1}.get(dim, dim)
        return dim + 1 if self.time == "gone" and dim > 1 else dim
