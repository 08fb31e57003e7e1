# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Say inside a TensorFlow Lite file how its input image is to be normalised.

MediaPipe's Tasks API refuses a float model without such a note, and the landmark network inside
the MediaPipe wheel has none. A TensorFlow Lite file is a FlatBuffer: every reference in it points
forward and is relative, so a new head can be put *before* the old bytes without touching them:

    new header | new root table, buffer list, metadata list, note | old file, byte for byte

The network's weights therefore stay as they are, aligned as they were, and the result is the same
on every machine, with no library but `struct`.

Source: FlatBuffers binary format, https://flatbuffers.dev/internals/; tables of the TensorFlow
Lite schema and of MediaPipe's metadata_schema.fbs (slot numbers below are the order of fields).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from co_perception.errors import WeightsError

__all__ = ["add_normalization"]

_MODEL_ID = b"TFL3"
_METADATA_ID = b"M001"
_METADATA_NAME = "TFLITE_METADATA"
_PARSER_VERSION = "1.0.0"
_BUFFER_ALIGNMENT = 16
# Slots of the TensorFlow Lite root table that this file rewrites.
_SLOT_BUFFERS, _SLOT_METADATA, _SLOT_COUNT = 4, 6, 8
_NORMALIZATION_OPTIONS = 1  # first member of MediaPipe's union ProcessUnitOptions


@dataclass(frozen=True)
class _Old:
    """A place in the old file, counted from its first byte."""

    position: int


@dataclass(frozen=True)
class _Scalar:
    code: str  # struct code
    value: int


@dataclass(frozen=True)
class _Bytes:
    """A string (with its closing zero) or a byte vector."""

    data: bytes
    alignment: int = 4


@dataclass(frozen=True)
class _Floats:
    values: tuple[float, ...]


@dataclass(frozen=True)
class _List:
    items: tuple[_Node, ...]


@dataclass(frozen=True)
class _Table:
    fields: dict[int, _Scalar | _Node]


_Node = _Old | _Bytes | _Floats | _List | _Table


def add_normalization(model: bytes, mean: float, std: float) -> bytes:
    """Return `model` with the note "input = (pixel - mean) / std" added in front.

    Args:
        model: A TensorFlow Lite file without MediaPipe metadata.
        mean: Subtracted from each 0..255 pixel value.
        std: Divides the difference.

    Raises:
        WeightsError: If `model` is not a TensorFlow Lite file.
    """
    if len(model) < 8 or model[4:8] != _MODEL_ID:
        raise WeightsError(
            f"add_normalization: expected a TensorFlow Lite file (identifier {_MODEL_ID!r}), "
            f"got {model[4:8]!r}; pass the .tflite file itself"
        )
    try:
        root = _root_fields(model)
        buffers = _list_items(model, root.get(_SLOT_BUFFERS))
        metadata = _list_items(model, root.get(_SLOT_METADATA))
    except struct.error as error:
        raise WeightsError("add_normalization: the TensorFlow Lite file is cut short") from error
    note = _Table({0: _Bytes(_normalization_note(mean, std), _BUFFER_ALIGNMENT)})
    entry = _Table({0: _Bytes(_METADATA_NAME.encode()), 1: _Scalar("<I", len(buffers))})
    root[_SLOT_BUFFERS] = _List((*buffers, note))
    root[_SLOT_METADATA] = _List((*metadata, entry))
    return _serialise(_Table(root), _MODEL_ID, model)


def _normalization_note(mean: float, std: float) -> bytes:
    options = _Table({0: _Floats((mean,)), 1: _Floats((std,))})
    unit = _Table({0: _Scalar("<B", _NORMALIZATION_OPTIONS), 1: options})
    subgraph = _Table({2: _List((_Table({4: _List((unit,))}),))})
    fields: dict[int, _Scalar | _Node] = {3: _List((subgraph,))}
    fields[7] = _Bytes(_PARSER_VERSION.encode())
    return _serialise(_Table(fields), _METADATA_ID)


def _root_fields(model: bytes) -> dict[int, _Scalar | _Node]:
    (root,) = struct.unpack_from("<I", model, 0)
    vtable = root - struct.unpack_from("<i", model, root)[0]
    (vtable_size,) = struct.unpack_from("<H", model, vtable)
    fields: dict[int, _Scalar | _Node] = {}
    for slot in range(min((vtable_size - 4) // 2, _SLOT_COUNT)):
        (offset,) = struct.unpack_from("<H", model, vtable + 4 + 2 * slot)
        if offset and slot == 0:  # the schema version, the only scalar
            fields[slot] = _Scalar("<I", struct.unpack_from("<I", model, root + offset)[0])
        elif offset:
            fields[slot] = _follow(model, root + offset)
    return fields


def _follow(model: bytes, position: int) -> _Old:
    return _Old(position + struct.unpack_from("<I", model, position)[0])


def _list_items(model: bytes, node: _Scalar | _Node | None) -> list[_Old]:
    if not isinstance(node, _Old):
        return []
    (count,) = struct.unpack_from("<I", model, node.position)
    return [_follow(model, node.position + 4 + 4 * i) for i in range(count)]


def _serialise(root: _Table, identifier: bytes, old: bytes = b"") -> bytes:
    """Write `root` and all below it front to back, then `old`, and join the references."""
    out = bytearray(4) + identifier
    pending: list[tuple[int, _Node]] = [(0, root)]
    to_old: list[tuple[int, _Old]] = []
    while pending:
        position, node = pending.pop(0)
        if isinstance(node, _Old):
            to_old.append((position, node))
            continue
        start = _write(out, node, pending)
        struct.pack_into("<I", out, position, start - position)
    if old:
        _align(out, _BUFFER_ALIGNMENT)
    base = len(out)
    for position, place in to_old:
        struct.pack_into("<I", out, position, base + place.position - position)
    return bytes(out) + old


def _write(out: bytearray, node: _Node, pending: list[tuple[int, _Node]]) -> int:
    """Append one node; return where references to it point."""
    if isinstance(node, _Table):
        return _write_table(out, node, pending)
    if isinstance(node, _Bytes):
        # The data, behind its 4-byte length, is what must be aligned.
        _align(out, node.alignment, ahead=4)
        start = len(out)
        out += struct.pack("<I", len(node.data)) + node.data + b"\0"
        return start
    _align(out, 4)
    start = len(out)
    if isinstance(node, _Floats):
        out += struct.pack(f"<I{len(node.values)}f", len(node.values), *node.values)
    elif isinstance(node, _List):
        out += struct.pack("<I", len(node.items)) + bytes(4 * len(node.items))
        pending += [(start + 4 + 4 * i, item) for i, item in enumerate(node.items)]
    return start


def _write_table(out: bytearray, table: _Table, pending: list[tuple[int, _Node]]) -> int:
    slots = max(table.fields) + 1
    _align(out, 4)
    vtable = len(out)
    out += bytes(4 + 2 * slots)
    _align(out, 4)
    start = len(out)
    out += struct.pack("<i", start - vtable)
    for slot, value in table.fields.items():
        struct.pack_into("<H", out, vtable + 4 + 2 * slot, len(out) - start)
        if isinstance(value, _Scalar):
            out += struct.pack(value.code, value.value)
            _align(out, 4)
        else:
            pending.append((len(out), value))
            out += bytes(4)
    struct.pack_into("<HH", out, vtable, 4 + 2 * slots, len(out) - start)
    return start


def _align(out: bytearray, alignment: int, ahead: int = 0) -> None:
    out += bytes(-(len(out) + ahead) % alignment)
