# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""How the pools of torch.nn become continual."""

from __future__ import annotations

from typing import Any

from torch import nn

from co_perception.continual import adaptive_pool, pool
from co_perception.continual.convert import Conversion, register_conversion, torch_class_of
from co_perception.continual.module import ContinualModule
from co_perception.errors import ConfigError

__all__: list[str] = []


@register_conversion(nn.AvgPool1d)
@register_conversion(nn.AvgPool2d)
@register_conversion(nn.AvgPool3d)
def _convert_avg_pool(module: Any, conversion: Conversion) -> ContinualModule:
    if getattr(module, "divisor_override", None) is not None:
        raise ConfigError("has a divisor of its own (divisor_override); put co.Multiply after it")
    return _make_pool(module, conversion, count_include_pad=module.count_include_pad)


@register_conversion(nn.MaxPool1d)
@register_conversion(nn.MaxPool2d)
@register_conversion(nn.MaxPool3d)
def _convert_max_pool(module: Any, conversion: Conversion) -> ContinualModule:
    if module.return_indices:
        raise ConfigError("returns the places of its maxima, which count from a clip's start")
    rank = int(torch_class_of(module).__name__[-2])
    return _make_pool(module, conversion, dilation=_entries(module.dilation, rank))


def _make_pool(module: Any, conversion: Conversion, **options: Any) -> ContinualModule:
    """Make the pool of the same name; its stride in time is the kernel where none was given."""
    rank = int(torch_class_of(module).__name__[-2])
    kernel, stride = _entries(module.kernel_size, rank), _entries(module.stride, rank)
    padding = _entries(module.padding, rank)
    conversion.axes.expect_clip(rank, over_time=kernel[0] > 1)
    if module.ceil_mode:
        raise ConfigError(
            "may end in a smaller window (ceil_mode=True), and a stream does not tell its end"
        )
    continual_class = getattr(pool, torch_class_of(module).__name__)
    converted: ContinualModule = continual_class(kernel, stride, padding, **options)
    return converted


@register_conversion(nn.AdaptiveAvgPool1d)
@register_conversion(nn.AdaptiveAvgPool2d)
@register_conversion(nn.AdaptiveAvgPool3d)
@register_conversion(nn.AdaptiveMaxPool1d)
@register_conversion(nn.AdaptiveMaxPool2d)
@register_conversion(nn.AdaptiveMaxPool3d)
def _convert_adaptive_pool(module: Any, conversion: Conversion) -> ContinualModule:
    rank = int(torch_class_of(module).__name__[-2])
    time, *space = _entries(module.output_size, rank)
    axes = conversion.axes
    axes.expect_clip(rank, over_time=False)
    if getattr(module, "return_indices", False):
        raise ConfigError("returns the places of its maxima, which count from a clip's start")
    if time not in (1, None):
        raise ConfigError(
            f"makes {time} frames of a clip of any length, and a stream has no length; pool to "
            "one (with window=), or use a pool with kernel and stride"
        )
    window = 1 if time is None or axes.time == "one" else conversion.window
    axes.time = axes.time if time is None else "one"
    if window is None:
        raise ConfigError(
            "pools the whole clip, and a stream has no whole; give from_torch(..., window=n), "
            "the number of frames that it shall see"
        )
    continual_class = getattr(adaptive_pool, torch_class_of(module).__name__)
    converted: ContinualModule = continual_class((1, *space), window)
    return converted


def _entries(value: Any, rank: int) -> tuple[Any, ...]:
    """Return one entry per axis."""
    entries = value if isinstance(value, tuple | list) else (value,) * rank
    return tuple(None if entry is None else int(entry) for entry in entries)
