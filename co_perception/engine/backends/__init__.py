# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step backends behind one interface, and the choice among them."""

from co_perception.engine.backends.auto import BACKENDS, choose_backend, open_chosen
from co_perception.engine.backends.base import State, StepBackend
from co_perception.engine.backends.open import open_backend
from co_perception.engine.backends.target import DEVICES, PRECISIONS

__all__ = [
    "BACKENDS",
    "DEVICES",
    "PRECISIONS",
    "State",
    "StepBackend",
    "choose_backend",
    "open_backend",
    "open_chosen",
]
