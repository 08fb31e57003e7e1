# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Put a new head before a FlatBuffer, as TensorFlow Lite files are, without touching its bytes.

Every reference in a FlatBuffer points forward and is relative, so that new tables can refer to
old ones that follow:

    new header | new root table and what it changes | old file, byte for byte

The network's weights therefore stay as they are, aligned as they were, and the result is the same
on every machine, with no library but `struct`.

Source: FlatBuffers binary format, https://flatbuffers.dev/internals/.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "Bytes",
    "Floats",
    "Ints",
    "List",
    "Node",
    "Old",
    "Scalar",
    "Table",
    "read_items",
    "read_numbers",
    "read_root",
    "read_table",
    "serialise",
]

_BUFFER_ALIGNMENT = 16


@dataclass(frozen=True)
class Old:
    """A place in the old file, counted from its first byte."""

    position: int


@dataclass(frozen=True)
class Scalar:
    """A number in a table; `code` is struct's."""

    code: str
    value: int


@dataclass(frozen=True)
class Bytes:
    """A string (with its closing zero) or a byte vector."""

    data: bytes
    alignment: int = 4


@dataclass(frozen=True)
class Floats:
    """A vector of 32-bit numbers."""

    values: tuple[float, ...]


@dataclass(frozen=True)
class Ints:
    """A vector of signed 32-bit numbers."""

    values: tuple[int, ...]


@dataclass(frozen=True)
class List:
    """A vector of references."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Table:
    """A table; `fields` by slot, the number of the field in the schema."""

    fields: Mapping[int, Scalar | Node]


Node = Old | Bytes | Floats | Ints | List | Table


def read_root(data: bytes) -> Old:
    """Return where the root table lies."""
    return Old(struct.unpack_from("<I", data, 0)[0])


def read_table(
    data: bytes, table: Old, slots: int, scalars: Mapping[int, str]
) -> dict[int, Scalar | Node]:
    """Return the fields of a table that are there, by slot.

    Args:
        data: The whole file.
        table: Where the table lies.
        slots: Number of fields that are looked at, from the first.
        scalars: struct code of each of them that is a number; all others are references.

    Raises:
        struct.error: If the file is cut short.
    """
    vtable = table.position - struct.unpack_from("<i", data, table.position)[0]
    (size,) = struct.unpack_from("<H", data, vtable)
    fields: dict[int, Scalar | Node] = {}
    for slot in range(min((size - 4) // 2, slots)):
        (offset,) = struct.unpack_from("<H", data, vtable + 4 + 2 * slot)
        place = table.position + offset
        if offset and slot in scalars:
            fields[slot] = Scalar(scalars[slot], struct.unpack_from(scalars[slot], data, place)[0])
        elif offset:
            fields[slot] = _follow(data, place)
    return fields


def read_items(data: bytes, node: Scalar | Node | None) -> list[Old]:
    """Return where the items of a vector of references lie; [] where there is none."""
    if not isinstance(node, Old):
        return []
    (count,) = struct.unpack_from("<I", data, node.position)
    return [_follow(data, node.position + 4 + 4 * i) for i in range(count)]


def read_numbers(data: bytes, node: Scalar | Node | None) -> tuple[int, ...]:
    """Return a vector of signed 32-bit numbers; () where there is none."""
    if not isinstance(node, Old):
        return ()
    (count,) = struct.unpack_from("<I", data, node.position)
    return struct.unpack_from(f"<{count}i", data, node.position + 4)


def _follow(data: bytes, position: int) -> Old:
    return Old(position + struct.unpack_from("<I", data, position)[0])


def serialise(root: Table, identifier: bytes, old: bytes = b"") -> bytes:
    """Return the file: `root` and all below it front to back, then `old`, references joined."""
    out = bytearray(4) + identifier
    pending: list[tuple[int, Node]] = [(0, root)]
    to_old: list[tuple[int, Old]] = []
    while pending:
        position, node = pending.pop(0)
        if isinstance(node, Old):
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


def _write(out: bytearray, node: Node, pending: list[tuple[int, Node]]) -> int:
    """Append one node; return where references to it point."""
    if isinstance(node, Table):
        return _write_table(out, node, pending)
    if isinstance(node, Bytes):
        # The data, behind its 4-byte length, is what must be aligned.
        _align(out, node.alignment, ahead=4)
        start = len(out)
        out += struct.pack("<I", len(node.data)) + node.data + b"\0"
        return start
    _align(out, 4)
    start = len(out)
    if isinstance(node, (Floats, Ints)):
        code = "f" if isinstance(node, Floats) else "i"
        out += struct.pack(f"<I{len(node.values)}{code}", len(node.values), *node.values)
    elif isinstance(node, List):
        out += struct.pack("<I", len(node.items)) + bytes(4 * len(node.items))
        pending += [(start + 4 + 4 * i, item) for i, item in enumerate(node.items)]
    return start


def _write_table(out: bytearray, table: Table, pending: list[tuple[int, Node]]) -> int:
    slots = max(table.fields) + 1
    _align(out, 4)
    vtable = len(out)
    out += bytes(4 + 2 * slots)
    _align(out, 4)
    start = len(out)
    out += struct.pack("<i", start - vtable)
    for slot, value in table.fields.items():
        struct.pack_into("<H", out, vtable + 4 + 2 * slot, len(out) - start)
        if isinstance(value, Scalar):
            out += struct.pack(value.code, value.value)
            _align(out, 4)
        else:
            pending.append((len(out), value))
            out += bytes(4)
    struct.pack_into("<HH", out, vtable, 4 + 2 * slots, len(out) - start)
    return start


def _align(out: bytearray, alignment: int, ahead: int = 0) -> None:
    out += bytes(-(len(out) + ahead) % alignment)
