# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Convolutions over time, as 2-D convolutions of images or matrix products of places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from co_perception import continual as co
from co_perception.engine.fast.lower import Frames, Lowering, UnsupportedError, handles

__all__: list[str] = []

_Conv: TypeAlias = co.Conv1d | co.Conv2d | co.Conv3d


@handles(co.Conv3d)
def _conv_images(ctx: Lowering, module: co.Conv3d, x: Frames, path: str) -> Frames:
    if module.padding_mode != "zeros":
        raise UnsupportedError(f"'{path}': padding_mode {module.padding_mode!r}")
    x = ctx.to_channels_first(x)
    sums = len(_ages(module)) > 0 and module._keeps_sums(x.shape) and module.dilation[0] == 1
    return (_conv_by_sums if sums else _conv_by_window)(ctx, module, x, path)


def _conv_by_window(ctx: Lowering, module: co.Conv3d, x: Frames, path: str) -> Frames:
    """One convolution per tap; libraries add their outputs without another pass."""
    is_window = x.name != "frame" or module.kernel_size[1:] == (1, 1)
    past = ctx.look_back(path, x, _ages(module), blank=_blank(module, path), is_window=is_window)
    shape, total = module.frame_shape(x.shape), None
    for frame, tap in zip([x, *past[::-1]], module.weight.unbind(2)[::-1]):
        bias = module.bias if total is None else None
        name = ctx.conv(frame.name, tap, bias, **_options(module))
        total = name if total is None else ctx.writer.node("Add", total, name)
    assert total is not None
    return Frames(total, shape, matrix=False)


def _conv_by_sums(ctx: Lowering, module: co.Conv3d, x: Frames, path: str) -> Frames:
    """One convolution per tap, each for another output: the smaller state of strided layers."""
    taps = module.weight.unbind(2)[::-1]  # of this output, the next one, ...
    y = Frames("", module.frame_shape(x.shape), matrix=False)
    past = ctx.keep_sums(path, y, len(taps) - 1)
    made = []
    for number, tap in enumerate(taps):
        name = ctx.conv(x.name, tap, module.bias if number == 0 else None, **_options(module))
        if number < len(past):
            name = ctx.writer.node("Add", past[number].name, name)
        made.append(Frames(name, y.shape, matrix=False))
    for number, new in enumerate(made[1:]):
        ctx.write_new(path, number, new)
    return made[0]


@handles(co.Conv1d, co.Conv2d)
def _conv_places(ctx: Lowering, module: co.Conv1d | co.Conv2d, x: Frames, path: str) -> Frames:
    """One matrix product over the concatenated taps."""
    across = any(k != 1 for k in module.kernel_size[1:]) or any(module.space_padding)
    if across or module.groups != 1 or any(s != 1 for s in module.stride[1:]):
        raise UnsupportedError(f"'{path}': a convolution in groups, or over the places of a frame")
    x = ctx.to_matrix(x)
    window = not module._keeps_sums(x.shape)
    past = ctx.look_back(path, x, _ages(module), blank=_blank(module, path), is_window=window)
    seen = [frame.name for frame in (*past, x)]
    name = seen[0] if len(seen) == 1 else ctx.writer.node("Concat", *seen, axis=1)
    weight = _join(module.weight.flatten(2).unbind(2))
    return Frames(ctx.gemm(name, weight, module.bias), module.frame_shape(x.shape), matrix=True)


def _join(taps: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(taps), 1)


def _ages(module: _Conv) -> list[int]:
    """Frames back that the taps meet, oldest first, without the newest."""
    return [module.dilation[0] * tap for tap in range(module.kernel_size[0] - 1, 0, -1)]


def _options(module: co.Conv3d) -> dict[str, Any]:
    return {
        "strides": list(module.stride[1:]),
        "pads": list(module.space_padding) * 2,
        "dilations": list(module.dilation[1:]),
        "group": module.groups,
    }


def _blank(module: _Conv, path: str) -> str:
    """What stands before the stream; the runner replicates a first frame after its step only."""
    if module.fill == "replicate" and module.time.left and not module.time.delay:
        raise UnsupportedError(f"'{path}': causal padding with replicated frames")
    return module.fill
