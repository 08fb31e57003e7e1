# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The process of one contestant of our own: a model folder on one backend.

python -m co_perception.bench.worker '{"folder": "models/starter", "backend": "onnxruntime",
                                       "batch": 1, "threads": 1}'
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.bench.protocol import Stepper, serve
from co_perception.engine import ModelFolder
from co_perception.engine.backends import open_backend

__all__ = ["BackendSteps"]


class BackendSteps:
    """Steps of all rows of a backend, as the recogniser takes them.

    Args:
        spec: `folder`, `backend`, `batch`, `threads`; optional `device` and `precision`.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self._folder = ModelFolder.load(spec["folder"])
        batch, precision = int(spec["batch"]), spec.get("precision", "fp32")
        self._backend = open_backend(
            self._folder,
            batch,
            backend=spec["backend"],
            device=spec.get("device", "cpu"),
            **({} if precision == "fp32" else {"precision": precision}),
            threads=spec["threads"],
        )
        self.shape = (batch, *self._backend.step_shape)
        self.period = self._folder.time_stride
        self._update = np.ones(batch, np.bool_)

    def step(self, frame: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Advance all rows; None where no output is due."""
        logits, valid = self._backend.step(frame, self._update)
        return logits if valid.all() else None

    def describe(self) -> dict[str, Any]:
        """Return what runs."""
        backend = self._backend
        return {
            "backend": backend.name,
            "device": backend.device,
            "precision": backend.precision,
            "state_bytes": backend.state_bytes // self.shape[0],
            "compare_steps": self._folder.receptive_field + self.period,
            "torch": "torch" in sys.modules,
        }


def main() -> None:
    """Serve the specification given as the only argument."""

    def make(spec: dict[str, Any]) -> Stepper:
        return BackendSteps(spec)

    serve(make, json.loads(sys.argv[1]))


if __name__ == "__main__":
    main()
