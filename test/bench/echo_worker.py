# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A contestant whose sum is known: scale times the sum of the last frames, or a failure.

python echo_worker.py [--another-sum] '{"batch": 2, "threads": 1, "scale": 1.0}'
"""

import json
import os
import sys
import time

import numpy as np

from co_perception.bench.protocol import serve


class Sums:
    """Gives `scale` times the sum of two frames plus `offset`, from the second frame on."""

    def __init__(self, spec):
        if spec.get("fails"):
            raise RuntimeError(spec["fails"])
        self.spec = spec
        self.shape = (spec.get("batch", 2), 3)
        self.period = spec.get("period", 1)
        self.last = None
        self.steps = 0

    def step(self, frame):
        self.steps += 1
        if self.steps == self.spec.get("dies_at"):
            sys.exit(3)
        time.sleep(self.spec.get("seconds", 0.0))
        before, self.last = self.last, frame
        os.write(1, b"a library that prints")  # must not reach the line
        if before is None:
            return None
        scale, offset = self.spec.get("scale", 1.0), self.spec.get("offset", 0.0)
        return scale * np.float32(before + frame) + offset

    def describe(self):
        about = {"compare_steps": 4, "precision": "fp32", "threads": self.spec["threads"]}
        if "--another-sum" in sys.argv:
            del about["compare_steps"]
        return about


if __name__ == "__main__":
    serve(Sums, json.loads(sys.argv[-1]))
