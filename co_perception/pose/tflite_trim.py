# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Take the segmentation mask out of MediaPipe's landmark network: a quarter of its time.

The network computes a mask of the whole image beside the landmarks, and MediaPipe throws it away
where nobody asks for it. Here the operators that only make the mask are left out of the list, and
another output stands where the mask was, because MediaPipe counts the outputs. Weights and all
other operators are the old ones, so that the landmarks are the same bits (a test compares them).

Source: slot numbers are the order of fields in the TensorFlow Lite schema,
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

from __future__ import annotations

import math
import struct

from co_perception.errors import WeightsError
from co_perception.pose.flatbuffer import (
    Ints,
    List,
    Old,
    Table,
    read_items,
    read_numbers,
    read_root,
    read_table,
    serialise,
)
from co_perception.pose.tflite_metadata import MODEL_ID

__all__ = ["drop_mask"]

# Model: version, operator_codes, subgraphs, ..., signature_defs.
_MODEL_SLOTS, _MODEL_SCALARS, _SUBGRAPHS, _SIGNATURES = 8, {0: "<I"}, 2, 7
# SubGraph: tensors, inputs, outputs, operators, name, debug_metadata_index.
_GRAPH_SLOTS, _GRAPH_SCALARS = 6, {5: "<i"}
_TENSORS, _INPUTS, _OUTPUTS, _OPERATORS = range(4)
# Tensor: shape, ...; Operator: opcode_index, inputs, outputs, ...
_SHAPE, _FROM, _TO = 0, 1, 2


def drop_mask(model: bytes) -> bytes:
    """Return a landmark network that makes no mask; the same one where it has none.

    Args:
        model: A TensorFlow Lite file with one graph.

    Raises:
        WeightsError: If `model` is no TensorFlow Lite file, or cut short.
    """
    if len(model) < 8 or model[4:8] != MODEL_ID:
        raise WeightsError(
            f"drop_mask: expected a TensorFlow Lite file (identifier {MODEL_ID!r}), "
            f"got {model[4:8]!r}; pass the .tflite file itself"
        )
    try:
        root = read_table(model, read_root(model), _MODEL_SLOTS, _MODEL_SCALARS)
        graphs = read_items(model, root.get(_SUBGRAPHS))
        # A signature names outputs; whoever goes by it must find them all.
        if len(graphs) != 1 or _SIGNATURES in root:
            return model
        graph = _trim(model, graphs[0])
    except struct.error as error:
        raise WeightsError("drop_mask: the TensorFlow Lite file is cut short") from error
    if graph is None:
        return model
    return serialise(Table({**root, _SUBGRAPHS: List((graph,))}), MODEL_ID, model)


def _trim(model: bytes, graph: Old) -> Table | None:
    """Return the graph without its mask; None if it has none."""
    fields = read_table(model, graph, _GRAPH_SLOTS, _GRAPH_SCALARS)
    shapes = [_numbers(model, one, _SHAPE) for one in read_items(model, fields.get(_TENSORS))]
    inputs = read_numbers(model, fields.get(_INPUTS))
    outputs = read_numbers(model, fields.get(_OUTPUTS))
    if any(not 0 <= one < len(shapes) for one in inputs + outputs) or len(inputs) != 1:
        return None
    mask = (*shapes[inputs[0]][:3], 1)  # as large as the image, one channel
    masks = [one for one in outputs if shapes[one] == mask]
    others = [one for one in outputs if shapes[one] != mask]
    if len(masks) != 1 or not others:
        return None
    smallest = min(others, key=lambda one: math.prod(shapes[one]))
    kept = tuple(smallest if one in masks else one for one in outputs)
    operators = read_items(model, fields.get(_OPERATORS))
    needed = List(tuple(_needed(model, operators, kept)))
    return Table({**fields, _OUTPUTS: Ints(kept), _OPERATORS: needed})


def _needed(model: bytes, operators: list[Old], outputs: tuple[int, ...]) -> list[Old]:
    """Return the operators that the outputs depend on, in their order."""
    wanted, needed = set(outputs), []
    for operator in reversed(operators):  # they stand in the order of computation
        if wanted.intersection(_numbers(model, operator, _TO)):
            wanted.update(_numbers(model, operator, _FROM))
            needed.append(operator)
    return needed[::-1]


def _numbers(model: bytes, table: Old, slot: int) -> tuple[int, ...]:
    scalars = dict.fromkeys(range(slot), "<I")  # not looked at
    return read_numbers(model, read_table(model, table, slot + 1, scalars).get(slot))
