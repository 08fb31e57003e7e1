# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Networks of continual operators, by name."""

from co_perception.models import resnet3d as _resnet3d  # these register their models
from co_perception.models import st_gcn_small as _st_gcn_small
from co_perception.models import stgcn as _stgcn
from co_perception.models import transformer as _transformer
from co_perception.models import x3d as _x3d
from co_perception.models.base import ContinualModel
from co_perception.models.checkpoint import LoadReport, inspect_checkpoint, save_weights
from co_perception.models.registry import create_model, list_models, register_model
from co_perception.models.spec import InputKind, ModelSpec

__all__ = [
    "ContinualModel",
    "InputKind",
    "LoadReport",
    "ModelSpec",
    "create_model",
    "inspect_checkpoint",
    "list_models",
    "register_model",
    "save_weights",
]

del _resnet3d, _st_gcn_small, _stgcn, _transformer, _x3d
