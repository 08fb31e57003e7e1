# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The demo camera: rendered persons with known joints and activities (numpy and OpenCV)."""

from co_perception.camera.demo.source import DemoSource
from co_perception.camera.demo.stage import Actor, Stage, create_stage

__all__ = ["Actor", "DemoSource", "Stage", "create_stage"]
