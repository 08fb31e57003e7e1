# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The process of the machine's roof: one large product of fp32 matrices on onnxruntime.

Started by `benchmarks/against_peers.py` in the peers' environment. No step can do more arithmetic
per second: what it reaches of this is a network's share of the roof.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from co_perception.bench.protocol import serve

SIDE = 512
"""Of the matrices: large enough for the kernels, small enough for a core's own cache."""


class Product:
    """x times a constant matrix; the constant is packed beforehand, as weights are."""

    period = 1

    def __init__(self, spec: dict[str, Any]) -> None:
        import onnx
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper

        self.shape = (SIDE, SIDE)
        weight = np.random.default_rng(0).standard_normal(self.shape, dtype=np.float32)
        x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, self.shape) for n in "xy")
        node = helper.make_node("MatMul", ["x", "w"], ["y"])
        graph = helper.make_graph([node], "roof", [x], [y], [numpy_helper.from_array(weight, "w")])
        opset = helper.make_opsetid("", 17)
        model: onnx.ModelProto = helper.make_model(graph, opset_imports=[opset], ir_version=9)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = spec["threads"]
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def step(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Multiply once."""
        return np.asarray(self._session.run(None, {"x": x})[0])

    def describe(self) -> dict[str, Any]:
        """Return what it is, with the floating-point operations of a step."""
        return {"backend": "onnxruntime", "precision": "fp32", "operations": 2 * SIDE**3}


if __name__ == "__main__":
    serve(Product, json.loads(sys.argv[1]))
