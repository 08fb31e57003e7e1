# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Frame sources: device, video file, image folder, stream URL, GStreamer, rendered demo person."""

from co_perception.camera.factory import SourceKind, open_source, source_kind
from co_perception.camera.source import (
    Frame,
    FrameSource,
    PersonTruth,
    SourceInfo,
    SourceStatus,
)

__all__ = [
    "Frame",
    "FrameSource",
    "PersonTruth",
    "SourceInfo",
    "SourceKind",
    "SourceStatus",
    "open_source",
    "source_kind",
]
