# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A step graph in the layout that onnxruntime's CPU convolutions work in, rings included.

They want channels in blocks of one vector, (B, C / b, H, W, b). onnxruntime converts a plain graph
by itself, but then reorders every past frame on its way in and every newest one on its way out: a
quarter of a CoX3D step. Here the rings hold blocked frames, and nothing is reordered.

The nodes are those that onnxruntime's own optimiser makes (domain com.microsoft.nchwc). b is the
machine's, so that this is done where the graph runs, and proved there before it is used.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.fast.graph import GraphWriter, require_onnx
from co_perception.engine.fast.plan import METADATA_KEY, Ring, StepPlan, ring_name

__all__ = ["block_graph"]

_DOMAIN = "com.microsoft.nchwc"
_BY_NUMBER = {"Identity", "Add", "Max", "Mul", "Relu", "Sigmoid", "Tanh", "HardSwish", "Softsign"}
"""Operators that take blocked values as they are; of these Add and Mul also broadcast gates."""
_FUSED = {"Relu", "Sigmoid", "Tanh"}
"""Activations that a blocked convolution applies itself."""


@dataclass(frozen=True)
class _Image:
    """A blocked value and its size (C, H, W), without the channels that padding adds."""

    name: str
    size: tuple[int, ...]


def block_graph(model: Any, block: int) -> Any | None:
    """Return a step graph in the blocked layout, its plan changed to match.

    Args:
        model: onnx.ModelProto of `build_step_graphs`.
        block: Channels per block.

    Returns:
        The blocked onnx.ModelProto; None if the graph has no images, or convolutions in groups.
    """
    convs = [node for node in model.graph.node if node.op_type == "Conv"]
    blocking = _Blocking(model, block)
    if not convs or not all(blocking.can_block(node) for node in convs):
        return None
    return blocking.run()


class _Blocking:
    """One walk over the nodes of a plain graph; values are converted where somebody asks."""

    def __init__(self, model: Any, block: int) -> None:
        onnx = require_onnx()
        self._attribute = onnx.helper.get_attribute_value
        self._graph = graph = onnx.shape_inference.infer_shapes(model).graph
        self._plan = StepPlan.from_json(
            next(p.value for p in model.metadata_props if p.key == METADATA_KEY), "block_graph"
        )
        self._axes = {
            value.name: [
                axis.dim_value or axis.dim_param for axis in value.type.tensor_type.shape.dim
            ]
            for value in (*graph.input, *graph.value_info, *graph.output)
        }
        self._arrays = {a.name: onnx.numpy_helper.to_array(a) for a in graph.initializer}
        self._users = Counter(value.name for value in graph.output)
        self._user: dict[str, Any] = {}
        for node in graph.node:
            self._users.update(node.input)
            self._user.update(dict.fromkeys(node.input, node))
        self._block = block
        self._writer = GraphWriter({_DOMAIN: 1})
        self._plain: dict[str, str] = {}
        self._images: dict[str, _Image] = {}
        self._fused: set[str] = set()

    def can_block(self, conv: Any) -> bool:
        """Whether a convolution is dense or channel-wise."""
        outputs, inputs = self._arrays[conv.input[1]].shape[:2]
        return self._options(conv).get("group", 1) in (1, outputs if inputs == 1 else 1)

    def run(self) -> Any:
        """Return the blocked model."""
        rings = {ring.name: self._block_ring(ring) for ring in self._plan.rings}
        for value in self._graph.input:
            self._add_input(value.name, rings.get(ring_name(value.name)))
        for node in self._graph.node:
            if node.output[0] not in self._fused:
                self._convert(node)
        for value in self._graph.output:
            ring = rings.get(ring_name(value.name))
            if ring is not None and ring.block > 1:
                name = self._image(value.name).name
                self._writer.output(value.name, name, ("rows", *ring.shape))
            else:
                self._writer.output(value.name, self._as_plain(value.name), self._axes[value.name])
        plan = replace(self._plan, rings=tuple(rings.values()))
        return self._writer.to_model({METADATA_KEY: plan.to_json()})

    def _block_ring(self, ring: Ring) -> Ring:
        if len(ring.shape) != 3 or ring.shape[0] < self._block:  # camera frames stay as they come
            return ring
        shape = (self._pad(ring.shape[0]), *ring.shape[1:])
        return replace(ring, shape=shape, block=self._block)

    def _add_input(self, name: str, ring: Ring | None) -> None:
        if ring is None or ring.block == 1:
            self._plain[name] = self._writer.input(name, self._axes[name])
            return
        self._writer.input(name, ("rows", *ring.shape))
        self._images[name] = _Image(name, self._size(name))

    def _as_plain(self, name: str) -> str:
        """Return a value, or a constant, in the plain layout."""
        if not name or name in self._arrays:
            return self._writer.constant(self._arrays[name]) if name else ""
        if name not in self._plain:
            image = self._images[name]
            self._plain[name] = self._writer.node(
                "ReorderOutput", image.name, domain=_DOMAIN, channels=image.size[0]
            )
        return self._plain[name]

    def _image(self, name: str) -> _Image:
        """Return a value in the blocked layout."""
        if name not in self._images:
            reordered = self._writer.node("ReorderInput", self._as_plain(name), domain=_DOMAIN)
            self._images[name] = _Image(reordered, self._size(name))
        return self._images[name]

    def _convert(self, node: Any) -> None:
        kind, name, options = node.op_type, node.output[0], self._options(node)
        blocked = any(source in self._images for source in node.input)
        if kind == "Conv":
            self._convert_conv(node, options)
        elif blocked and kind in ("GlobalAveragePool", "MaxPool"):
            image = self._image(node.input[0])
            pooled = self._writer.node(kind, image.name, domain=_DOMAIN, **options)
            self._images[name] = _Image(pooled, self._size(name))
        elif blocked and kind in _BY_NUMBER and not self._arrays.keys() & set(node.input):
            self._images[name] = self._by_number(kind, [self._image(n) for n in node.input])
        else:
            sources = [self._as_plain(n) for n in node.input]
            if len(node.output) == 1:
                self._plain[name] = self._writer.node(kind, *sources, **options)
            else:
                sizes = self._arrays[node.input[1]].tolist()
                names = self._writer.split(sources[0], *sizes, axis=options["axis"])
                self._plain.update(zip(node.output, names))

    def _by_number(self, kind: str, images: list[_Image]) -> _Image:
        size = max((image.size for image in images), key=lambda size: size[1:])
        if all(image.size == size for image in images):
            return _Image(self._writer.node(kind, *(i.name for i in images)), size)
        # A gate per channel: tiled to a row of pixels, so that the inner loop is long.
        blocks, (_, height, width) = self._pad(size[0]) // self._block, size
        sources = []
        for image in images:
            row = (height, width * self._block) if image.size == size else (1, self._block)
            source = self._writer.node("Reshape", image.name, self._writer.ints(0, blocks, *row))
            if image.size != size:
                source = self._writer.node("Tile", source, self._writer.ints(1, 1, 1, width))
            sources.append(source)
        shape = self._writer.ints(0, blocks * self._block, height, width)
        name = self._writer.node("Reshape", self._writer.node(kind, *sources), shape)
        return _Image(name, size)

    def _convert_conv(self, node: Any, options: dict[str, Any]) -> None:
        """Write a blocked convolution that also adds and activates what follows it alone."""
        weight, name = self._arrays[node.input[1]], node.output[0]
        outputs, inputs = weight.shape[:2]
        narrow = options.get("group", 1) == 1 and inputs < self._block
        source = self._as_plain(node.input[0]) if narrow else self._image(node.input[0]).name
        by_output = narrow or options.get("group", 1) > 1
        sources = [source, self._writer.constant(self._reorder(weight, by_output)), "", ""]
        padding = self._pad(outputs) - outputs
        if len(node.input) > 2:
            sources[2] = self._writer.constant(np.pad(self._arrays[node.input[2]], (0, padding)))
        if options.get("group", 1) > 1:
            options["group"] += padding
        size, after = self._size(name), self._only_user(name, "Add")
        if after is not None:
            other = after.input[1] if after.input[0] == name else after.input[0]
            if other in self._images and self._images[other].size == size:
                sources[3], name = self._images[other].name, after.output[0]
                self._fused.add(name)
        after = self._only_user(name, *_FUSED)
        if after is not None:
            options["activation"], name = after.op_type, after.output[0]
            self._fused.add(name)
        while not sources[-1]:
            sources.pop()
        made = self._writer.node("Conv", *sources, domain=_DOMAIN, **options)
        self._images[name] = _Image(made, size)

    def _reorder(self, weight: NDArray[Any], by_output: bool) -> NDArray[Any]:
        """Reorder (O, I, h, w) to (O / b, I, h, w, b), or to (O / b, I / b, h, w, b_in, b_out)."""
        b, (outputs, inputs, *space) = self._block, weight.shape
        o, i = self._pad(outputs), inputs if by_output else self._pad(inputs)
        full = np.pad(weight, ((0, o - outputs), (0, i - inputs), (0, 0), (0, 0)))
        if by_output:
            parts = full.reshape(o // b, b, i, *space).transpose(0, 2, 3, 4, 1)
        else:
            parts = full.reshape(o // b, b, i // b, b, *space).transpose(0, 2, 4, 5, 3, 1)
        return np.ascontiguousarray(parts).reshape(full.shape)

    def _only_user(self, name: str, *kinds: str) -> Any:
        """Return the node that alone uses a value, if it is of these kinds."""
        user = self._user.get(name)
        return user if self._users[name] == 1 and user and user.op_type in kinds else None

    def _options(self, node: Any) -> dict[str, Any]:
        return {a.name: self._attribute(a) for a in node.attribute}

    def _size(self, name: str) -> tuple[int, ...]:
        return tuple(int(axis) for axis in self._axes[name][1:])

    def _pad(self, channels: int) -> int:
        return -(-channels // self._block) * self._block
