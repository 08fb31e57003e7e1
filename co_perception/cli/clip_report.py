# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a model says of videos whose truth nobody wrote down: to be read, not to be scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from co_perception.errors import SourceError
from co_perception.pipeline import Pipeline, open_camera
from co_perception.pipeline_config import PipelineConfig

__all__ = ["run_clip_report"]

_VIDEOS = (".mp4", ".mkv", ".avi", ".mov", ".webm")


def run_clip_report(
    model: str, folder: Path, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Count the answers of a model on every video of a folder.

    Args:
        model: Model folder, a path or a name.
        folder: Folder of videos.
        progress: Told how many of how many videos are done.

    Returns:
        By file name: "images", "answers" (person-images with each label) and "without_answer"
        (person-images while warming up, stale or without pose).

    Raises:
        SourceError: If the folder holds no video.
    """
    videos = sorted(path for path in folder.glob("*") if path.suffix.lower() in _VIDEOS)
    if not videos:
        raise SourceError(f"evaluate clips: expected videos in '{folder}', found none.")
    report = {}
    for done, video in enumerate(videos, start=1):
        report[video.name] = _watch(model, video)
        if progress is not None:
            progress(done, len(videos))
    return report


def _watch(model: str, video: Path) -> dict[str, Any]:
    config = PipelineConfig.from_flat({"camera": str(video), "model": model, "real_time": False})
    answers: Counter[str] = Counter()
    images = without = 0
    with open_camera(config.camera) as source, Pipeline(config) as pipeline:
        for frame in source:
            images += 1
            for activity in pipeline.process(frame).activities:
                answers[activity.label] += activity.usable
                without += not activity.usable
    named = {label: n for label, n in answers.most_common() if n}
    return {"images": images, "answers": named, "without_answer": without}
