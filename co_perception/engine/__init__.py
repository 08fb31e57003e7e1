# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The engine: from skeletons or images, and stamps, to what is done. Imports nothing heavy.

`engine.save.save_model_folder` and `engine.export.export_step` need torch and stand apart.
"""

from co_perception.engine.activity import (
    CLASS_NONE,
    UNKNOWN,
    Activity,
    ActivityEvent,
    ActivityScore,
    EventType,
    Reason,
    Validity,
)
from co_perception.engine.backends import BACKENDS, DEVICES, PRECISIONS, StepBackend, open_backend
from co_perception.engine.config import RecogniserConfig
from co_perception.engine.locate import DEFAULT_MODEL, find_model, list_models
from co_perception.engine.model_folder import ModelFolder, Thresholds
from co_perception.engine.recogniser import Recogniser
from co_perception.engine.stream_table import Counters

__all__ = [
    "BACKENDS",
    "CLASS_NONE",
    "DEFAULT_MODEL",
    "DEVICES",
    "PRECISIONS",
    "UNKNOWN",
    "Activity",
    "ActivityEvent",
    "ActivityScore",
    "Counters",
    "EventType",
    "ModelFolder",
    "Reason",
    "Recogniser",
    "RecogniserConfig",
    "StepBackend",
    "Thresholds",
    "Validity",
    "find_model",
    "list_models",
    "open_backend",
]
