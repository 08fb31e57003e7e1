# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Say inside a TensorFlow Lite file how its input image is to be normalised.

MediaPipe's Tasks API refuses a float model without such a note, and the landmark network inside
the MediaPipe wheel has none. The note is put before the old bytes (see `flatbuffer.py`).

Source: tables of the TensorFlow Lite schema and of MediaPipe's metadata_schema.fbs (slot numbers
below are the order of fields).
"""

from __future__ import annotations

import struct

from co_perception.errors import WeightsError
from co_perception.pose.flatbuffer import (
    Bytes,
    Floats,
    List,
    Node,
    Scalar,
    Table,
    read_items,
    read_root,
    read_table,
    serialise,
)

__all__ = ["MODEL_ID", "add_normalization"]

MODEL_ID = b"TFL3"
_METADATA_ID = b"M001"
_METADATA_NAME = "TFLITE_METADATA"
_PARSER_VERSION = "1.0.0"
_BUFFER_ALIGNMENT = 16
# Slots of the TensorFlow Lite root table that this file rewrites.
_SLOT_BUFFERS, _SLOT_METADATA, _SLOT_COUNT = 4, 6, 8
_SCALARS = {0: "<I"}  # the schema version
_NORMALIZATION_OPTIONS = 1  # first member of MediaPipe's union ProcessUnitOptions


def add_normalization(model: bytes, mean: float, std: float) -> bytes:
    """Return `model` with the note "input = (pixel - mean) / std" added in front.

    Args:
        model: A TensorFlow Lite file without MediaPipe metadata.
        mean: Subtracted from each 0..255 pixel value.
        std: Divides the difference.

    Raises:
        WeightsError: If `model` is not a TensorFlow Lite file.
    """
    if len(model) < 8 or model[4:8] != MODEL_ID:
        raise WeightsError(
            f"add_normalization: expected a TensorFlow Lite file (identifier {MODEL_ID!r}), "
            f"got {model[4:8]!r}; pass the .tflite file itself"
        )
    try:
        root = read_table(model, read_root(model), _SLOT_COUNT, _SCALARS)
        buffers = read_items(model, root.get(_SLOT_BUFFERS))
        metadata = read_items(model, root.get(_SLOT_METADATA))
    except struct.error as error:
        raise WeightsError("add_normalization: the TensorFlow Lite file is cut short") from error
    note = Table({0: Bytes(_normalization_note(mean, std), _BUFFER_ALIGNMENT)})
    entry = Table({0: Bytes(_METADATA_NAME.encode()), 1: Scalar("<I", len(buffers))})
    root[_SLOT_BUFFERS] = List((*buffers, note))
    root[_SLOT_METADATA] = List((*metadata, entry))
    return serialise(Table(root), MODEL_ID, model)


def _normalization_note(mean: float, std: float) -> bytes:
    options = Table({0: Floats((mean,)), 1: Floats((std,))})
    unit = Table({0: Scalar("<B", _NORMALIZATION_OPTIONS), 1: options})
    subgraph = Table({2: List((Table({4: List((unit,))}),))})
    fields: dict[int, Scalar | Node] = {3: List((subgraph,))}
    fields[7] = Bytes(_PARSER_VERSION.encode())
    return serialise(Table(fields), _METADATA_ID)
