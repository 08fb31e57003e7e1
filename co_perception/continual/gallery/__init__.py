# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Small examples of every operator, for proofs and measurements that run over all of them.

    for name, example in EXAMPLES.items():
        testing.check_clip(example.create(), example.make_clip(rows=2, frames=20))

A test holds that no public operator is missing.
"""

from co_perception.continual.gallery.attention import ATTENTION
from co_perception.continual.gallery.containers import CONTAINERS
from co_perception.continual.gallery.example import Example
from co_perception.continual.gallery.local import FRAME_LOCAL
from co_perception.continual.gallery.temporal import TEMPORAL

__all__ = ["EXAMPLES", "Example"]

EXAMPLES: dict[str, Example] = {**TEMPORAL, **ATTENTION, **FRAME_LOCAL, **CONTAINERS}
"""Examples by name."""
