# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A step graph of images as a program for the native kernels (native/step_program.h).

Sums of convolutions, what is added to them and their activation become one operation; images lie
with the channels last, in whole blocks, and so do the rings. In bf16 images, their rings and the
weights of matrix products are bfloat16; camera frames and vectors stay float32.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.fast.graph import UnsupportedError, require_onnx
from co_perception.engine.fast.native_buffers import NO_BUFFER, Buffers
from co_perception.engine.fast.native_packing import CHANNEL_BLOCK, Packing, pad_channels
from co_perception.engine.fast.plan import Ring, StepPlan, ring_name

__all__ = ["NativeProgram", "make_program"]

MAX_SOURCES, _MAX_ROWS = 8, 64
"""Sources of one operation; rows of kernels that one output row meets."""
_POINTWISE, _DEPTHWISE, _DENSE, _MEAN, _SCALE, _MATRIX_VECTOR, _SCALE_VECTOR, _COPY_VECTOR = range(
    8
)
_NONE, _RELU, _SIGMOID, _SWISH = range(4)
FIELD_NAMES = (
    *("kind", "activation", "in_height", "in_width", "in_channels", "height", "width", "channels"),
    *("depth", "kernel_height", "kernel_width", "stride", "padding", "out", "add", "bias"),
    "sources",
)
FIELDS = len(FIELD_NAMES) + 2 * MAX_SOURCES
"""Numbers per operation."""


@dataclass(frozen=True)
class NativeProgram:
    """What the native kernels run.

    Attributes:
        operations: (n, FIELDS) int32, each the numbers of an Operation.
        buffers: What they work on.
        plan: The graph's, its rings as the kernels want them.
    """

    operations: NDArray[np.int32]
    buffers: Buffers
    plan: StepPlan


class _Form(Enum):
    """How a frame lies in memory."""

    PLANES = auto()  # (C, H, W) float32, as cameras give it
    IMAGE = auto()  # (H, W, C) in the program's precision
    VECTOR = auto()  # (C) float32


@dataclass(frozen=True)
class _Value:
    """A frame inside the graph: (C, H, W), a vector as (C, 1, 1)."""

    buffer: int
    size: tuple[int, int, int]
    form: _Form


@dataclass
class _Sum:
    """An operation that is not written yet: more may be added to it, and an activation."""

    kind: int
    size: tuple[int, int, int]
    sources: list[_Value]
    weights: list[NDArray[np.float32]] = field(default_factory=list)  # (outputs, ...) per source
    scale: int = NO_BUFFER
    geometry: tuple[int, ...] = (0, 0, 0, 0)
    bias: NDArray[np.float32] | None = None
    add: _Value | None = None
    activation: int = _NONE

    @property
    def form(self) -> _Form:
        gives_vector = self.kind in (_MEAN, _MATRIX_VECTOR, _SCALE_VECTOR)
        return _Form.VECTOR if gives_vector else _Form.IMAGE


def make_program(
    model: Any, plan: StepPlan, where: str, *, precision: str = "fp32", lanes: int = CHANNEL_BLOCK
) -> NativeProgram:
    """Return a step graph as a native program.

    Args:
        model: onnx.ModelProto of `build_step_graphs`.
        plan: The graph's.
        where: The file, for messages.
        precision: "fp32" or "bf16".
        lanes: Channels per vector of the kernels.

    Raises:
        UnsupportedError: If the graph has something that the kernels do not know, such as the
            matrix products of skeleton networks.
    """
    rings = tuple(_lay_out(ring, precision) for ring in plan.rings)
    writer = _Writer(model, replace(plan, rings=rings), where, precision, lanes)
    return writer.run()


def _lay_out(ring: Ring, precision: str) -> Ring:
    """Return a ring as the kernels want it."""
    if not _keeps_images(ring):
        return ring
    channels = pad_channels(ring.shape[0])
    dtype = "bfloat16" if precision == "bf16" else "float32"
    return replace(ring, shape=(channels, *ring.shape[1:]), block=channels, dtype=dtype)


def _keeps_images(ring: Ring) -> bool:
    return len(ring.shape) == 3 and not ring.is_input


@dataclass
class _Operation:
    """A written operation."""

    fields: dict[str, int]
    sources: list[tuple[int, int]]
    reads: list[int] = field(default_factory=list)


class _Writer:
    """One walk over the nodes of a graph; operations are written where their value is needed."""

    def __init__(self, model: Any, plan: StepPlan, where: str, precision: str, lanes: int) -> None:
        self._packing = Packing(precision, lanes)
        onnx = require_onnx()
        self._attribute = onnx.helper.get_attribute_value
        self._graph, self._plan, self._where = model.graph, plan, where
        self._rings = {ring.name: ring for ring in plan.rings}
        self._arrays = {a.name: onnx.numpy_helper.to_array(a) for a in self._graph.initializer}
        self._users = Counter(value.name for value in self._graph.output)
        for node in self._graph.node:
            self._users.update(node.input)
        self._outputs = {value.name for value in self._graph.output}
        self._values: dict[str, _Value] = {}
        self._sums: dict[str, _Sum] = {}
        self._gates: dict[str, str] = {}
        self._buffers = Buffers()
        self._operations: list[_Operation] = []

    def run(self) -> NativeProgram:
        """Return the program."""
        for value in self._graph.input:
            self._add_input(value)
        for node in self._graph.node:
            handler = getattr(self, f"_convert_{node.op_type.lower()}", None)
            if handler is None:
                raise self._unsupported(f"node {node.op_type}")
            handler(node)
            for name in self._outputs.intersection(node.output):  # its inputs are still near
                self._value(name)
        reads = [operation.reads for operation in self._operations]
        writes = [operation.fields["out"] for operation in self._operations]
        self._buffers.share_memory(reads, writes)
        rows = np.full((len(self._operations), FIELDS), NO_BUFFER, np.int32)
        for row, operation in zip(rows, self._operations):
            row[: len(FIELD_NAMES)] = [operation.fields[name] for name in FIELD_NAMES]
            for i, (source, weight) in enumerate(operation.sources):
                row[len(FIELD_NAMES) + i] = source
                row[len(FIELD_NAMES) + MAX_SOURCES + i] = weight
        return NativeProgram(rows, self._buffers, self._plan)

    def _add_input(self, value: Any) -> None:
        name, axes = value.name, [a.dim_value for a in value.type.tensor_type.shape.dim][1:]
        if len(axes) not in (1, 3) or not all(axes):
            raise self._unsupported(
                f"input '{name}' with axes (rows, {', '.join(map(str, axes))})"
            )
        size = (axes[0], *(axes[1:] or (1, 1)))
        ring = self._rings.get(ring_name(name))
        if ring is not None and ring.places != 1:
            raise self._unsupported(f"ring '{ring.name}' of joints")
        if ring is not None and ring.kind == "total" and _keeps_images(ring):
            raise self._unsupported(f"ring '{ring.name}', of sums of images")
        self._values[name] = self._read_external(name, size, len(axes) == 3)

    def _read_external(self, name: str, size: tuple[int, int, int], has_space: bool) -> _Value:
        if self._is_image(name):
            return _Value(self._external(name, size, _Form.IMAGE), size, _Form.IMAGE)
        if has_space:
            return _Value(self._external(name, size, _Form.PLANES), size, _Form.PLANES)
        buffer, padded = self._external(name, size, _Form.VECTOR), pad_channels(size[0])
        if size[0] != padded:
            whole = self._scratch(size, _Form.VECTOR)
            self._copy(buffer, whole, size[0], padded)
            buffer = whole
        return _Value(buffer, size, _Form.VECTOR)

    def _is_image(self, name: str) -> bool:
        """Whether an input or output is of a ring that keeps images, padded to whole blocks."""
        ring = self._rings.get(ring_name(name))
        return ring is not None and _keeps_images(ring)

    def _external(self, name: str, size: tuple[int, int, int], form: _Form) -> int:
        """Return the number of an input or output of the graph; only images are padded there."""
        channels = pad_channels(size[0]) if form is _Form.IMAGE else size[0]
        return self._buffers.external(name, channels * size[1] * size[2] * self._itemsize(form))

    def _scratch(self, size: tuple[int, int, int], form: _Form) -> int:
        """Return the number of a value that lives within a step."""
        numbers = pad_channels(size[0]) * size[1] * size[2]
        return self._buffers.scratch(numbers * self._itemsize(form))

    def _itemsize(self, form: _Form) -> int:
        return 2 if self._packing.is_bfloat16 and form is _Form.IMAGE else 4

    # Nodes, in the order of the alphabet.

    def _convert_add(self, node: Any) -> None:
        first, second = node.input
        name = node.output[0]
        if self._is_open(first) and self._is_open(second):
            a, b = self._sums[first], self._sums[second]
            same = (a.kind, a.geometry, a.size) == (b.kind, b.geometry, b.size)
            fits = len(a.sources) + len(b.sources) <= MAX_SOURCES and not (a.add or b.add)
            if same and fits and a.kind in (_DEPTHWISE, _DENSE):
                biases = [s.bias for s in (a, b) if s.bias is not None]
                bias = sum(biases[1:], biases[0]) if biases else None
                sources, weights = a.sources + b.sources, a.weights + b.weights
                self._sums[name] = replace(a, sources=sources, weights=weights, bias=bias)
                return
        for mine, other in ((first, second), (second, first)):
            if self._is_open(mine) and self._sums[mine].add is None:
                added = self._value(other)
                self._check_same(self._sums[mine], added, "Add")
                self._sums[name] = replace(self._sums[mine], add=added)
                return
        a_value, b_value = self._value(first), self._value(second)
        self._check_same(a_value, b_value, "Add")
        self._sums[name] = self._scale(a_value, add=b_value)

    def _convert_conv(self, node: Any) -> None:
        options = {a.name: self._attribute(a) for a in node.attribute}
        weight = self._weight(node, rank=4)
        source = self._value(node.input[0])
        groups = options.get("group", 1)
        strides, pads = options.get("strides", [1, 1]), options.get("pads", [0] * 4)
        stride, padding = strides[0], pads[0]
        if groups > 1 and weight.shape[2:] == (1, 1) and not any(pads):
            weight = np.pad(weight, ((0, 0), (0, 0), (1, 1), (1, 1)))  # as the kernels have it
            padding, pads = 1, [1] * 4
        outputs, inputs, height, width = weight.shape
        if (
            len(set(strides)) > 1
            or len(set(pads)) > 1
            or set(options.get("dilations", [1])) != {1}
        ):
            raise self._unsupported(f"a convolution with strides {strides}, pads {pads}, or gaps")
        if inputs * groups != source.size[0]:
            raise self._unsupported(f"a weight {weight.shape} on {source.size[0]} channels")
        bias = self._bias(node, outputs)
        size = (
            outputs,
            (source.size[1] + 2 * padding - height) // stride + 1,
            (source.size[2] + 2 * padding - width) // stride + 1,
        )
        if min(size) < 1:
            raise self._unsupported(f"a convolution of {source.size} to {size}")
        self._sums[node.output[0]] = _Sum(
            self._find_kind(weight, groups, source, stride, padding),
            size,
            [source],
            [weight],
            geometry=(height, width, stride, padding),
            bias=bias,
        )

    def _find_kind(
        self, weight: NDArray[np.float32], groups: int, source: _Value, stride: int, padding: int
    ) -> int:
        """Return the kind of a convolution."""
        outputs, inputs, height, width = weight.shape
        is_row_of_three = width == 3 and stride in (1, 2)
        if source.form is _Form.PLANES and groups == 1 and is_row_of_three:
            return _DENSE
        if source.form is _Form.PLANES:
            raise self._unsupported("a convolution of camera frames in groups")
        is_vector = source.form is _Form.VECTOR
        if groups == 1 and (height, width, padding) == (1, 1, 0):
            return _MATRIX_VECTOR if is_vector else _POINTWISE
        if groups == outputs and inputs == 1 and is_row_of_three and not is_vector:
            return _DEPTHWISE
        raise self._unsupported(f"a convolution {height} x {width} in {groups} groups")

    def _convert_gemm(self, node: Any) -> None:
        source = self._value(node.input[0])
        weight = self._weight(node, rank=2)
        is_vector = source.form is _Form.VECTOR
        if node.attribute or source.size != (weight.shape[0], 1, 1) or not is_vector:
            raise self._unsupported(f"a matrix product of {source.size} with {weight.shape}")
        self._sums[node.output[0]] = _Sum(
            _MATRIX_VECTOR,
            (weight.shape[1], 1, 1),
            [source],
            [weight.T],
            geometry=(1, 1, 1, 0),
            bias=self._bias(node, weight.shape[1]),
        )

    def _convert_globalaveragepool(self, node: Any) -> None:
        self._sums[node.output[0]] = self._mean(self._value(node.input[0]))

    def _mean(self, value: _Value) -> _Sum:
        if value.form is not _Form.IMAGE:
            raise self._unsupported("a mean but over an image")
        return _Sum(_MEAN, (value.size[0], 1, 1), [value])

    def _convert_identity(self, node: Any) -> None:
        self._sums[node.output[0]] = self._scale(self._value(node.input[0]))

    def _convert_mul(self, node: Any) -> None:
        first, second = node.input
        name = node.output[0]
        if self._gates.get(second) == first:
            self._activate(first, name, _SWISH, users=2)
            return
        if first in self._arrays:
            first, second = second, first
        value = self._value(first)
        if second in self._arrays:
            if self._arrays[second].size != 1:
                raise self._unsupported("a product with a constant per channel")
            factor = np.full(pad_channels(value.size[0]), self._arrays[second], np.float32)
            scale = self._buffers.constant(factor)
        else:
            gate = self._value(second)
            if gate.form is not _Form.VECTOR:
                value, gate = gate, value
            if gate.form is not _Form.VECTOR or gate.size[0] != value.size[0]:
                raise self._unsupported(f"Mul of {value.size} and {gate.size}")
            scale = gate.buffer
        self._sums[name] = self._scale(value, scale=scale)

    def _convert_relu(self, node: Any) -> None:
        self._activate(node.input[0], node.output[0], _RELU)

    def _convert_reshape(self, node: Any) -> None:
        value = self._value(node.input[0])
        if value.size[1:] != (1, 1):
            raise self._unsupported("a reshaped image")
        of_image = value.form is _Form.IMAGE  # of one pixel
        self._sums[node.output[0]] = self._mean(value) if of_image else self._scale(value)

    def _convert_sigmoid(self, node: Any) -> None:
        source, name = node.input[0], node.output[0]
        product = [n for n in self._graph.node if name in n.input]
        is_swish = (
            self._users[name] == 1
            and self._users[source] == 2
            and product[0].op_type == "Mul"
            and list(product[0].input) == [source, name]
        )
        if is_swish:
            self._gates[name] = source
        else:
            self._activate(source, name, _SIGMOID)

    # Values and operations.

    def _weight(self, node: Any, rank: int) -> NDArray[np.float32]:
        """Return the weight of a node."""
        weight = self._arrays.get(node.input[1])
        if weight is None or weight.ndim != rank or weight.dtype != np.float32:
            raise self._unsupported(f"{node.op_type} but with a float32 weight of {rank} axes")
        return weight

    def _bias(self, node: Any, outputs: int) -> NDArray[np.float32] | None:
        """Return the bias of a node, if it has one."""
        if len(node.input) < 3:
            return None
        bias = self._arrays.get(node.input[2])
        if bias is None or bias.shape != (outputs,) or bias.dtype != np.float32:
            raise self._unsupported(f"{node.op_type} but with {outputs} float32 as its bias")
        return bias

    def _is_open(self, name: str, users: int = 1) -> bool:
        """Whether more can go into the operation that makes a value."""
        made = self._sums.get(name)
        return made is not None and made.activation == _NONE and self._users[name] == users

    def _activate(self, source: str, name: str, activation: int, users: int = 1) -> None:
        if self._is_open(source, users) and self._sums[source].kind != _MEAN:
            made = self._sums[source]
        else:
            made = self._scale(self._value(source))
        self._sums[name] = replace(made, activation=activation)

    def _scale(self, value: _Value, add: _Value | None = None, scale: int = NO_BUFFER) -> _Sum:
        if value.form is _Form.PLANES:
            raise self._unsupported("camera frames that are not convolved first")
        kind = _SCALE_VECTOR if value.form is _Form.VECTOR else _SCALE
        return _Sum(kind, value.size, [value], scale=scale, add=add)

    def _value(self, name: str) -> _Value:
        """Return a value that is computed."""
        if name not in self._values:
            if name not in self._sums:
                raise self._unsupported(f"a constant ('{name}') in place of frames")
            self._values[name] = self._write(name, self._sums.pop(name))
        return self._values[name]

    def _write(self, name: str, made: _Sum) -> _Value:
        outside = name in self._outputs
        if outside and (made.form is _Form.IMAGE) != self._is_image(name):
            raise self._unsupported(f"output '{name}' that is no vector, or past of no image")
        whole = made.form is _Form.IMAGE or made.size[0] % CHANNEL_BLOCK == 0
        if outside and whole:
            out = self._external(name, made.size, made.form)
        else:
            out = self._scratch(made.size, made.form)
        self._operations.append(self._make_operation(made, out))
        if outside and not whole:
            end = self._external(name, made.size, made.form)
            self._copy(out, end, made.size[0], made.size[0])
        return _Value(out, made.size, made.form)

    def _make_operation(self, made: _Sum, out: int) -> _Operation:
        first, channels = made.sources[0], pad_channels(made.size[0])
        height, width = made.size[1:]
        planes = first.size[0] if made.kind == _DENSE else 1
        if planes * made.geometry[0] * len(made.sources) > _MAX_ROWS:
            raise self._unsupported(f"a kernel of over {_MAX_ROWS} rows in all")
        if made.kind == _POINTWISE and made.geometry[2] == 1:
            height, width = 1, height * width  # all pixels in a row
        weights, bias = self._pack(made)
        values = (
            *(made.kind, made.activation, *first.size[1:]),
            first.size[0] if made.kind == _DENSE else pad_channels(first.size[0]),
            *(height, width, channels, sum(w[0].size for w in made.weights), *made.geometry),
            *(out, NO_BUFFER if made.add is None else made.add.buffer, bias, len(made.sources)),
        )
        fields = dict(zip(FIELD_NAMES, values, strict=True))
        sources = [(value.buffer, w) for value, w in zip(made.sources, weights, strict=True)]
        reads = [fields["add"], *(number for pair in sources for number in pair)]
        return _Operation(fields, sources, reads)

    def _pack(self, made: _Sum) -> tuple[list[int], int]:
        """Return the numbers of an operation's weights, and of its bias, as the kernels read."""
        packing, constant = self._packing, self._buffers.constant
        is_depthwise = made.kind == _DEPTHWISE
        if is_depthwise:
            weights = [constant(packing.taps(weight)) for weight in made.weights]
        elif made.weights:
            weights = [constant(packing.matrix(made.weights))]
            weights += [NO_BUFFER] * (len(made.weights) - 1)
        else:
            weights = [made.scale]
        if made.bias is None:
            return weights, NO_BUFFER
        pack_bias = packing.per_channel if is_depthwise else packing.vector
        return weights, constant(pack_bias(made.bias))

    def _copy(self, source: int, out: int, count: int, total: int) -> None:
        fields = dict.fromkeys(FIELD_NAMES, 0)
        fields.update(kind=_COPY_VECTOR, depth=count, channels=total, out=out, sources=1)
        fields.update(add=NO_BUFFER, bias=NO_BUFFER)
        self._operations.append(_Operation(fields, [(source, NO_BUFFER)], [source]))

    def _check_same(self, one: _Value | _Sum, other: _Value, what: str) -> None:
        if (one.size, one.form) != (other.size, other.form):
            raise self._unsupported(f"{what} of {one.size} and {other.size}, or of several forms")

    def _unsupported(self, what: str) -> UnsupportedError:
        return UnsupportedError(
            f"{self._where}: the native kernels do not know {what}; they are for video networks "
            "of the X3D family. Use backend='onnxruntime', or 'auto'."
        )
