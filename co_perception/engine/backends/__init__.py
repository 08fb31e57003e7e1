# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step backends behind one interface, and the choice among them."""

from co_perception.engine.backends.auto import BACKENDS, choose_backend, open_chosen
from co_perception.engine.backends.base import State, StepBackend
from co_perception.engine.backends.open import DEVICES, open_backend

__all__ = [
    "BACKENDS",
    "DEVICES",
    "State",
    "StepBackend",
    "choose_backend",
    "open_backend",
    "open_chosen",
]
