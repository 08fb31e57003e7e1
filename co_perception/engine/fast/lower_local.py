# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that look at one frame: linear maps, norms, activations, shapes; and delays."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from co_perception import continual as co
from co_perception.engine.fast.fuse import norm_affine
from co_perception.engine.fast.lower import Frames, Lowering, UnsupportedError, handles, to_array
from co_perception.models.squeeze_excitation import SqueezeExcitation
from co_perception.models.video import DropSpace

__all__: list[str] = []

_PLAIN = {
    co.ReLU: "Relu",
    co.Sigmoid: "Sigmoid",
    co.Tanh: "Tanh",
    co.Hardswish: "HardSwish",
    co.Softsign: "Softsign",
}


@handles(co.Identity, co.Dropout)
def _pass_on(ctx: Lowering, module: co.ContinualModule, x: Frames, path: str) -> Frames:
    return x


@handles(co.Delay)
def _delay(ctx: Lowering, module: co.Delay, x: Frames, path: str) -> Frames:
    kept = module.frames - module.drop[0]
    return ctx.look_back(path, x, [kept])[0] if kept else x


@handles(*_PLAIN)
def _activate(ctx: Lowering, module: co.ContinualModule, x: Frames, path: str) -> Frames:
    return replace(x, name=ctx.writer.node(_PLAIN[type(module)], x.name))


@handles(co.SiLU)
def _swish(ctx: Lowering, module: co.SiLU, x: Frames, path: str) -> Frames:
    return replace(x, name=ctx.writer.node("Mul", x.name, ctx.writer.node("Sigmoid", x.name)))


@handles(co.LeakyReLU)
def _leaky_relu(ctx: Lowering, module: co.LeakyReLU, x: Frames, path: str) -> Frames:
    slope = float(module.negative_slope)
    return replace(x, name=ctx.writer.node("LeakyRelu", x.name, alpha=slope))


@handles(co.GELU)
def _gelu(ctx: Lowering, module: co.GELU, x: Frames, path: str) -> Frames:
    if module.approximate != "none":
        raise UnsupportedError(f"'{path}': GELU with approximate={module.approximate!r}")
    write = ctx.writer
    share = write.node("Erf", write.node("Mul", x.name, write.number(math.sqrt(0.5))))
    half = write.node("Mul", x.name, write.number(0.5))
    return replace(x, name=write.node("Mul", half, write.node("Add", share, write.number(1.0))))


@handles(co.Linear)
def _linear(ctx: Lowering, module: co.Linear, x: Frames, path: str) -> Frames:
    shape = module.frame_shape(x.shape)
    if not x.matrix and len(shape) == 3 and x.places > 1:
        name = ctx.conv(x.name, module.weight[:, :, None, None], module.bias)
        return Frames(name, shape, matrix=False)
    return Frames(ctx.gemm(ctx.to_matrix(x).name, module.weight, module.bias), shape, matrix=True)


@handles(co.BatchNorm)
def _norm(ctx: Lowering, module: co.BatchNorm, x: Frames, path: str) -> Frames:
    scale, shift = norm_affine(module)
    ones = () if x.matrix else (1,) * (len(x.shape) - 1)
    return replace(x, name=ctx.affine(x.name, scale.reshape(-1, *ones), shift.reshape(-1, *ones)))


@handles(co.LayerNorm)
def _layer_norm(ctx: Lowering, module: Any, x: Frames, path: str) -> Frames:
    x = ctx.to_matrix(x)
    constants = [ctx.writer.constant(to_array(part)) for part in (module.weight, module.bias)]
    name = ctx.writer.node(
        "LayerNormalization", x.name, *constants, axis=-1, epsilon=float(module.eps)
    )
    return replace(x, name=name)


@handles(DropSpace, co.Flatten)
def _drop_space(ctx: Lowering, module: co.ContinualModule, x: Frames, path: str) -> Frames:
    if x.places > 1:
        raise UnsupportedError(f"'{path}': {type(module).__name__} of frames with places")
    return replace(ctx.to_matrix(x), shape=x.shape[:1])


@handles(SqueezeExcitation)
def _squeeze(ctx: Lowering, module: SqueezeExcitation, x: Frames, path: str) -> Frames:
    if module.scope != "frame":
        raise UnsupportedError(f"'{path}': squeeze-excitation over {module.scope}, not the frame")
    write, image = ctx.writer, ctx.to_channels_first(x)
    squeezed = write.node("GlobalAveragePool", image.name)
    hidden = ctx.conv(squeezed, module.fc1.weight[:, :, None, None], module.fc1.bias)
    hidden = write.node("Relu", hidden)
    gates = ctx.conv(hidden, module.fc2.weight[:, :, None, None], module.fc2.bias)
    return replace(image, name=write.node("Mul", image.name, write.node("Sigmoid", gates)))
