# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a run of the fused node leaves behind: an annotated video and a timeline picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ConfigError
from co_perception.pipeline import PipelineResult
from co_perception.timeline import AnswerLog
from co_perception.video_writer import VideoWriter

__all__ = ["Recording", "check_paths"]

_FALLBACK_RATE = 30.0
"""Pictures per second of the video where the source does not say its own."""


def check_paths(video: str, timeline: str) -> None:
    """Check where a recording shall go, before anything slow is loaded.

    Raises:
        ConfigError: If a folder does not exist or the video's ending is unknown.
    """
    if video:
        VideoWriter(video)  # checks its path; makes no file without a picture
    folder = Path(timeline).absolute().parent
    if timeline and not folder.is_dir():
        raise ConfigError(f"Parameter 'timeline': the folder '{folder}' does not exist.")


class Recording:
    """Video and timeline of one activation, each only where a path is given.

    The worker's thread adds; `close` comes from the main thread after the worker has ended.
    """

    def __init__(self, video: str, timeline: str, rate: float) -> None:
        """Prepare; files are written from the first picture on, and by `close`.

        Args:
            video: Path of the video, "" for none.
            timeline: Path of the picture, "" for none.
            rate: Pictures per second of the video; 0: unknown.
        Raises:
            ConfigError: If a path cannot be used.
        """
        self._video = VideoWriter(video, rate or _FALLBACK_RATE) if video else None
        self._timeline = Path(timeline) if timeline else None
        self._log = AnswerLog()
        self._pictures = 0

    @property
    def wants_pictures(self) -> bool:
        """Whether `add` has a use for an annotated image."""
        return self._video is not None

    def add(self, result: PipelineResult, picture: NDArray[np.uint8] | None) -> None:
        """Add one image's answers, and its annotated image where one was drawn.

        Raises:
            SourceError: If the video cannot be written.
        """
        frame = result.frame
        if self._timeline is not None:
            self._log.add(frame.stamp_ns, result.skeletons, result.activities, frame.truth)
        if self._video is not None and picture is not None:
            self._video.write(picture, frame.stamp_ns)
            self._pictures += 1

    def close(self) -> list[Path]:
        """Finish the files and return those that were written.

        Raises:
            CoPerceptionError: If the picture cannot be drawn.
        """
        written = []
        if self._video is not None:
            self._video.close()
            written += [self._video.path] * bool(self._pictures)
        if self._timeline is not None:
            self._log.save(self._timeline)
            written.append(self._timeline)
        return written
