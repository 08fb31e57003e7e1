# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""How torch.nn's Flatten and Unflatten become continual: axes of a clip, less that of time."""

from __future__ import annotations

from typing import Any

from torch import nn

from co_perception.continual.convert import Conversion, register_conversion
from co_perception.continual.convert_axes import Axes
from co_perception.continual.local import Identity
from co_perception.continual.module import ContinualModule
from co_perception.continual.shape import Flatten, Unflatten
from co_perception.errors import ConfigError

__all__: list[str] = []


@register_conversion(nn.Flatten)
def _convert_flatten(module: nn.Flatten, conversion: Conversion) -> ContinualModule:
    """Convert what merges channels and space, and time once a pool has left one entry of it."""
    axes = conversion.axes
    first = axes.find_axis(module.start_dim)
    last = -1 if module.end_dim == -1 else axes.find_axis(module.end_dim)
    if first == 0:
        raise ConfigError("merges rows, which are streams; flatten from axis 1 on")
    if first == last or (last == -1 and axes.time != "gone" and (first, axes.rank) == (2, 1)):
        return Identity()
    meets_time = first <= 2 and (last == -1 or last >= 2) and axes.time != "gone"
    if meets_time and (axes.time == "here" or axes.channels == "last"):
        raise ConfigError(
            "merges time with other axes, and a stream never ends; pool the clip to one frame "
            "before it (AdaptiveAvgPool, with window=), or flatten space only (start_dim=3)"
        )
    if meets_time:
        axes.time = "gone"
    return _flatten_frames(
        axes, first if first <= 2 else first - 1, last if last < 2 else last - 1
    )


def _flatten_frames(axes: Axes, first: int, last: int) -> ContinualModule:
    """Merge axes of a frame, the row being 0; -1 is the last one."""
    if last == -1:
        axes.rank = first
    elif axes.rank is not None:
        axes.rank -= last - first
    return Identity() if last in (first, first - 1) else Flatten(first, last)


@register_conversion(nn.Unflatten)
def _convert_unflatten(module: Any, conversion: Conversion) -> ContinualModule:
    axes = conversion.axes
    if isinstance(module.dim, str):
        raise ConfigError("names its axis; give its number")
    axis = axes.find_axis(module.dim)
    if (axes.time != "gone" and axis <= 2) or axes.channels == "last" or axis == 0:
        what = ("the rows", "the channels, which moves time", "time")[min(axis, 2)]
        raise ConfigError(f"splits {what}; only axes after time can be split (dim 3 and up)")
    if axes.rank is not None:
        axes.rank += len(module.unflattened_size) - 1
    return Unflatten(axis if axis <= 2 else axis - 1, module.unflattened_size)
