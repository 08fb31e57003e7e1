# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Operators between the joints of a frame, for matrices with a row per joint.

Scenes of several persons need nothing more: their joints stand side by side, (B M V, C), and a
view as (B M, V, C) treats every person alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from co_perception import continual as co
from co_perception.engine.fast.fuse import norm_affine
from co_perception.engine.fast.lower import Frames, Lowering, UnsupportedError, handles, to_array
from co_perception.engine.fast.lower_pool import reduce_places
from co_perception.models.skeleton_layers import (
    BoneVectors,
    JointMean,
    JointNorm,
    JointPool,
    PersonsToJoints,
)

__all__: list[str] = []


@handles(JointNorm)
def _joint_norm(ctx: Lowering, module: JointNorm, x: Frames, path: str) -> Frames:
    def per_joint(numbers: Tensor) -> Tensor:
        if module.order == "joints":
            return numbers.reshape(module.joints, module.channels)
        return numbers.reshape(module.channels, module.joints).T

    x = ctx.to_matrix(x)
    scale, shift = (per_joint(part) for part in norm_affine(module.norm))
    joints = ctx.writer.node("Reshape", x.name, ctx.writer.ints(-1, *scale.shape))
    name = ctx.affine(joints, scale, shift)
    return replace(x, name=ctx.writer.node("Reshape", name, ctx.writer.ints(-1, x.shape[0])))


@handles(JointMean)
def _joint_mean(ctx: Lowering, module: JointMean, x: Frames, path: str) -> Frames:
    return reduce_places(ctx, x, "ReduceMean")


@handles(JointPool)
def _joint_pool(ctx: Lowering, module: JointPool, x: Frames, path: str) -> Frames:
    mean, top = (reduce_places(ctx, x, kind).name for kind in ("ReduceMean", "ReduceMax"))
    return Frames(ctx.writer.node("Concat", mean, top, axis=1), (2 * x.shape[0],), matrix=True)


@handles(PersonsToJoints)
def _persons_to_joints(ctx: Lowering, module: PersonsToJoints, x: Frames, path: str) -> Frames:
    name = ctx.writer.node("Transpose", ctx.to_channels_first(x).name, perm=[0, 3, 2, 1])
    name = ctx.writer.node("Reshape", name, ctx.writer.ints(-1, x.shape[0]))
    return Frames(name, module.frame_shape(x.shape), matrix=True)


@handles(BoneVectors)
def _bones(ctx: Lowering, module: BoneVectors, x: Frames, path: str) -> Frames:
    write, x = ctx.writer, ctx.to_matrix(x)
    joints = write.node("Reshape", x.name, write.ints(-1, x.places, x.shape[0]))
    ends = write.node("Gather", joints, write.ints(*module.parents.tolist()), axis=1)
    name = write.node("Reshape", write.node("Sub", joints, ends), write.ints(-1, x.shape[0]))
    return replace(x, name=name)


@handles(co.GraphConv)
def _graph_conv(ctx: Lowering, module: co.GraphConv, x: Frames, path: str) -> Frames:
    adjacency = module.compute_adjacency()
    weight = module.weight.reshape(module.out_channels, module.in_channels, len(adjacency))
    return _mix(ctx, module.frame_shape(x.shape), x, adjacency, weight.unbind(2), module.bias)


@handles(co.PartitionGraphConv)
def _partition_conv(ctx: Lowering, module: co.PartitionGraphConv, x: Frames, path: str) -> Frames:
    convs = module._convs(module.maps)
    weights = [conv.weight.flatten(1) for conv in convs]
    adjacency = module.compute_adjacency()
    return _mix(ctx, module.frame_shape(x.shape), x, adjacency, weights, _sum_biases(convs))


def _mix(
    ctx: Lowering,
    shape: tuple[int, ...],
    x: Frames,
    adjacency: Tensor,
    weights: Sequence[Tensor],
    bias: Tensor | None,
) -> Frames:
    """Write the sum over parts of A_p x W_p; the cheaper product comes first, nothing is moved.

    Args:
        ctx: The lowering.
        shape: Of the output's frame.
        x: (B V, C_in).
        adjacency: (P, V, V); A_p[v, w] is what joint v adds to joint w.
        weights: P of (C_out, C_in).
        bias: (C_out,).
    """
    write, (parts, joints, _) = ctx.writer, adjacency.shape
    inputs, outputs = x.shape[0], shape[0]
    x = ctx.to_matrix(x)
    if inputs <= outputs:  # joints first: rows (w, p), then one product over p and C_in
        mixing = adjacency.permute(2, 0, 1).reshape(joints * parts, joints)
        name = write.node("Reshape", x.name, write.ints(-1, joints, inputs))
        name = write.node("MatMul", write.constant(to_array(mixing)), name)
        name = write.node("Reshape", name, write.ints(-1, parts * inputs))
        return Frames(ctx.gemm(name, torch.cat(list(weights), 1), bias), shape, matrix=True)
    name = ctx.gemm(x.name, torch.cat(list(weights), 0), None)  # rows v, columns (p, C_out)
    name = write.node("Reshape", name, write.ints(-1, joints * parts, outputs))
    mixing = adjacency.permute(2, 1, 0).reshape(joints, joints * parts)
    name = write.node("MatMul", write.constant(to_array(mixing)), name)
    name = write.node("Reshape", name, write.ints(-1, outputs))
    if bias is not None:
        name = write.node("Add", name, write.constant(to_array(bias)))
    return Frames(name, shape, matrix=True)


@handles(co.AdaptiveGraphConv)
def _adaptive_conv(ctx: Lowering, module: co.AdaptiveGraphConv, x: Frames, path: str) -> Frames:
    if module.scope != "frame":
        raise UnsupportedError(f"'{path}': attention over the clip")
    write, x = ctx.writer, ctx.to_matrix(x)
    joints, size = module.num_joints, module.embedding
    fixed = (module.adjacency + module.importance).mT
    queries, keys = module._convs(module.queries), module._convs(module.keys)
    embedded = ctx.gemm(x.name, *_stack([*queries, *keys]))
    shape = write.ints(-1, joints, 2 * len(queries), size)
    embedded = write.node("Transpose", write.node("Reshape", embedded, shape), perm=[0, 2, 1, 3])
    a, b = write.split(embedded, len(queries), len(keys), axis=1)  # (B M, P, V, K)
    scores = write.node("MatMul", b, write.node("Transpose", a, perm=[0, 1, 3, 2]))
    scores = write.node("Mul", scores, write.number(1.0 / size))
    mixing = write.node("Softmax", scores, axis=-1)
    mixing = write.node("Add", mixing, write.constant(to_array(fixed)))  # (B M, P, V, V)
    rows = write.node("Reshape", x.name, write.ints(-1, 1, joints, x.shape[0]))
    mixed = write.node("Transpose", write.node("MatMul", mixing, rows), perm=[0, 2, 1, 3])
    mixed = write.node("Reshape", mixed, write.ints(-1, len(queries) * x.shape[0]))
    maps = module._convs(module.maps)
    weight = torch.cat([conv.weight.flatten(1) for conv in maps], 1)
    return Frames(
        ctx.gemm(mixed, weight, _sum_biases(maps)), module.frame_shape(x.shape), matrix=True
    )


@handles(co.SpatialAttention)
def _attention(ctx: Lowering, module: co.SpatialAttention, x: Frames, path: str) -> Frames:
    write, x = ctx.writer, ctx.to_matrix(x)
    joints, heads = x.places // module.persons, module.heads
    keys, values = module.key_channels // heads, module.out_channels // heads
    weight, bias = _stack([module.qkv])
    scale = torch.ones(len(weight))
    scale[: module.key_channels] = keys**-0.5  # of the queries
    mapped = ctx.gemm(x.name, weight * scale[:, None], bias * scale)
    sizes = (module.key_channels, module.key_channels, module.out_channels)
    parts = []
    for part, width in zip(write.split(mapped, *sizes, axis=1), (keys, keys, values)):
        by_head = write.node("Reshape", part, write.ints(-1, joints, heads, width))
        parts.append(write.node("Transpose", by_head, perm=[0, 2, 1, 3]))
    q, k, v = parts  # (B M, heads, V, width)
    scores = write.node("MatMul", q, write.node("Transpose", k, perm=[0, 1, 3, 2]))
    mixed = write.node("MatMul", write.node("Softmax", scores, axis=-1), v)
    mixed = write.node("Transpose", mixed, perm=[0, 2, 1, 3])
    mixed = write.node("Reshape", mixed, write.ints(-1, module.out_channels))
    name = ctx.gemm(mixed, *_stack([module.output]))
    return Frames(name, module.frame_shape(x.shape), matrix=True)


def _sum_biases(convs: Sequence[co.Conv2d]) -> Tensor | None:
    biases: list[Tensor] = [conv.bias for conv in convs if conv.bias is not None]
    return torch.stack(biases).sum(0) if biases else None


def _stack(convs: Sequence[co.Conv2d]) -> tuple[Tensor, Tensor]:
    """Return the weights and biases of 1 x 1 convolutions of the same input, side by side."""
    weights = [conv.weight.flatten(1) for conv in convs]
    biases = [
        w.new_zeros(len(w)) if conv.bias is None else conv.bias for w, conv in zip(weights, convs)
    ]
    return torch.cat(weights), torch.cat(biases)
