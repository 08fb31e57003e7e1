# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Pools: space first, then a window of frames."""

from __future__ import annotations

from dataclasses import replace

from co_perception import continual as co
from co_perception.continual.pool_window import WindowPool
from co_perception.engine.fast.lower import Frames, Lowering, UnsupportedError, handles
from co_perception.engine.fast.plan import Window

__all__ = ["reduce_places"]


@handles(co.AvgPool1d, co.AvgPool2d, co.AvgPool3d)
def _avg_pool(ctx: Lowering, module: co.AvgPool3d, x: Frames, path: str) -> Frames:
    kernel, _ = module.kernel.of_space(x.shape[1:])
    if module.rank > 1 and (kernel != x.shape[1:] or any(module.kernel.space_padding)):
        raise UnsupportedError(f"'{path}': a mean that slides over space")
    shape, length = module.frame_shape(x.shape), module.receptive_field
    if module.rank > 1:
        x = replace(_mean_over_space(ctx, x), shape=shape)
    if length == 1:
        return x
    if not x.matrix and len(x.shape) > 1:
        x = ctx.to_matrix(x)
    if module.dilation != 1 or x.places != 1:
        raise UnsupportedError(f"'{path}': a mean over frames with places, or with gaps")
    write = ctx.writer
    total = write.node("Add", ctx.add_up(path, x, length - 1, _blank(module, path)), x.name)
    if module.leaves_padding_out:
        ctx.windows.append(Window(path, length, ctx.delay, ctx.stride))
        share = write.input(f"scale.{path}", ("rows", 1))
    else:
        share = write.number(1.0 / length)
    return replace(x, name=write.node("Mul", total, share))


def _mean_over_space(ctx: Lowering, x: Frames) -> Frames:
    if x.matrix:
        return reduce_places(ctx, x, "ReduceMean")
    name = ctx.writer.node("GlobalAveragePool", x.name)
    return ctx.to_matrix(Frames(name, (x.shape[0], 1, 1), matrix=False))


def reduce_places(ctx: Lowering, x: Frames, kind: str) -> Frames:
    """Reduce a matrix over the places of each frame to a vector."""
    x = ctx.to_matrix(x)
    joints = ctx.writer.node("Reshape", x.name, ctx.writer.ints(-1, x.places, x.shape[0]))
    return Frames(ctx.writer.node(kind, joints, axes=[1], keepdims=0), x.shape[:1], matrix=True)


@handles(co.MaxPool1d, co.MaxPool2d, co.MaxPool3d)
def _max_pool(ctx: Lowering, module: co.MaxPool3d, x: Frames, path: str) -> Frames:
    shape = module.frame_shape(x.shape)
    kernel, stride = module.kernel.of_space(x.shape[1:])
    if any(k > 1 for k in kernel):
        if module.rank != 3:
            raise UnsupportedError(f"'{path}': a maximum over joints")
        name = ctx.writer.node(
            "MaxPool",
            ctx.to_channels_first(x).name,
            kernel_shape=list(kernel),
            strides=list(stride),
            pads=list(module.kernel.space_padding) * 2,
            dilations=list(module.kernel.dilation[1:]),
        )
        x = Frames(name, shape, matrix=False)
    ages = range(module.dilation, module.receptive_field, module.dilation)
    total = x.name
    for past in ctx.look_back(path, x, list(ages), blank=_blank(module, path)):
        total = ctx.writer.node("Max", total, past.name)
    return replace(x, name=total)


def _blank(module: WindowPool, path: str) -> str:
    if module.fill == "replicate" and module.time.left and not module.time.delay:
        raise UnsupportedError(f"'{path}': a causal pool that replicates frames")
    return {"neg_inf": "lowest"}.get(module.fill, module.fill)
