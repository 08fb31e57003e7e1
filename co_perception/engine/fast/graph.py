# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A small writer of ONNX graphs: nodes and constants in the order of their making."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ConfigError, DependencyError

__all__ = ["GraphWriter", "UnsupportedError", "require_onnx"]

_OPSET, _IR_VERSION = 17, 9
"""What onnxruntime 1.17, the oldest one supported, can read."""

_Node = tuple[str, list[str], list[str], dict[str, Any]]
_Axes = tuple[int | str, ...]


class UnsupportedError(ConfigError):
    """An operator, or an option of one, has no form in a step graph, or in what is made of it."""


def require_onnx() -> Any:
    """Return the onnx package.

    Raises:
        DependencyError: If it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise DependencyError(
            f"Step graphs need onnx ({error}); install it with: pip install onnx"
        ) from error
    return onnx


class GraphWriter:
    """Collects nodes; equal constants are stored once, nodes that nothing needs are left out.

    Args:
        domains: Versions of the operator domains beside the standard one.
    """

    def __init__(self, domains: Mapping[str, int] | None = None) -> None:
        self._onnx = require_onnx()
        self._domains = {"": _OPSET, **(domains or {})}
        self._nodes: list[_Node] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._arrays: dict[str, NDArray[Any]] = {}
        self._inputs: dict[str, _Axes] = {}
        self._outputs: dict[str, tuple[str, _Axes]] = {}
        self._count = 0

    def input(self, name: str, axes: Sequence[int | str]) -> str:
        """Add a float32 input, axes as sizes or names; return its name."""
        self._inputs[name] = tuple(axes)
        return name

    def output(self, name: str, value: str, axes: Sequence[int | str]) -> None:
        """Make a value an output of the graph, under this name."""
        taken = {other for other, _ in self._outputs.values()}
        if value in self._inputs or value in taken:  # an output is a value of its own
            value = self.node("Identity", value)
        self._outputs[name] = (value, tuple(axes))

    def constant(self, array: NDArray[Any]) -> str:
        """Return the name of a constant."""
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = f"w{len(self._constants)}"
            self._arrays[self._constants[key]] = np.ascontiguousarray(array)
        return self._constants[key]

    def number(self, value: float) -> str:
        """Return the name of a float32 constant."""
        return self.constant(np.array(value, np.float32))

    def ints(self, *numbers: int) -> str:
        """Return the name of an int64 constant: a shape, or a list of axes or places."""
        return self.constant(np.array(numbers, np.int64))

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; return that output's name."""
        return self._add(kind, inputs, 1, attributes)[0]

    def split(self, value: str, *sizes: int, axis: int) -> list[str]:
        """Add a node that cuts a value in parts; return their names."""
        return self._add("Split", (value, self.ints(*sizes)), len(sizes), {"axis": axis})

    def _add(
        self, kind: str, inputs: Sequence[str], outputs: int, attributes: dict[str, Any]
    ) -> list[str]:
        names = [f"v{self._count + i}" for i in range(outputs)]
        self._count += outputs
        self._nodes.append((kind, list(inputs), names, attributes))
        return names

    def to_model(self, metadata: Mapping[str, str]) -> Any:
        """Return the onnx.ModelProto, checked."""
        helper, numpy_helper = self._onnx.helper, self._onnx.numpy_helper
        nodes = self._needed_nodes()
        used = {name for _, inputs, _, _ in nodes for name in inputs}
        final = {value: name for name, (value, _) in self._outputs.items()}
        graph = helper.make_graph(
            [
                helper.make_node(kind, *([final.get(n, n) for n in side] for side in ends), **rest)
                for kind, *ends, rest in nodes
            ],
            "step",
            [self._value(name, axes) for name, axes in self._inputs.items() if name in used],
            [self._value(name, axes) for name, (_, axes) in self._outputs.items()],
            [numpy_helper.from_array(a, name) for name, a in self._arrays.items() if name in used],
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(*domain) for domain in self._domains.items()],
            producer_name="co_perception",
        )
        model.ir_version = _IR_VERSION
        self._onnx.helper.set_model_props(model, dict(sorted(metadata.items())))
        self._onnx.checker.check_model(model, full_check=len(self._domains) == 1)
        return model

    def _needed_nodes(self) -> list[_Node]:
        needed = {value for value, _ in self._outputs.values()}
        kept = []
        for node in reversed(self._nodes):
            if not needed.isdisjoint(node[2]):
                needed.update(node[1])
                kept.append(node)
        return kept[::-1]

    def _value(self, name: str, axes: _Axes) -> Any:
        kind = self._onnx.TensorProto.FLOAT
        return self._onnx.helper.make_tensor_value_info(name, kind, list(axes))
