# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The real parts: MediaPipe with its asset, and the model that ships."""

import pytest

from co_perception.engine import find_model
from co_perception.errors import CoPerceptionError
from co_perception.pose.asset import find_pose_asset


@pytest.fixture(scope="session")
def real_parts():
    """Skip with the reason where the pose asset, its library or the model is missing."""
    pytest.importorskip("mediapipe", reason="mediapipe is not installed")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    try:
        find_pose_asset()
        find_model()
    except CoPerceptionError as error:
        pytest.skip(str(error))
