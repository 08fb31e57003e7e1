# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The loop behind `co-perception run`: frames through the pipeline into files and the screen."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from co_perception.camera.source import Frame, FrameSource
from co_perception.cli.console import err, out, print_json
from co_perception.cli.interrupt import Interrupt
from co_perception.cli.native_output import hold_native_output
from co_perception.cli.records import activity_array
from co_perception.cli.summary import RunStats, print_summary
from co_perception.errors import ConfigError
from co_perception.overlay import draw
from co_perception.palette import state_words
from co_perception.pipeline import Pipeline, PipelineConfig, PipelineResult, open_camera
from co_perception.skeleton.types import TrackState
from co_perception.timeline import AnswerLog
from co_perception.video_writer import VideoWriter

__all__ = ["Outputs", "run_pipeline"]

_VIDEO_RATE_UNKNOWN = 30.0
_CLOCK_TOLERANCE_SEC = 1e-4
"""Stamps are rounded; a limit of 3 s means the image at 3 s, not the one after it."""


@dataclass(frozen=True)
class Outputs:
    """Files that a run leaves; None: not wanted."""

    video: Path | None = None
    timeline: Path | None = None
    jsonl: str | None = None

    def check(self) -> None:
        """Refuse what could not be written at the end of a long run.

        Raises:
            ConfigError: If a folder is missing, or a picture's ending is unknown.
        """
        for path in filter(None, (self.video, self.timeline, self._jsonl_path)):
            if not path.absolute().parent.is_dir():
                raise ConfigError(
                    f"Output '{path}': its folder does not exist; create it with "
                    f"'mkdir -p {path.parent}'."
                )
        if self.timeline is not None and self.timeline.suffix not in (".png", ".pdf", ".svg"):
            raise ConfigError(f"Output '{self.timeline}': expected an ending of .pdf, .png, .svg.")

    @property
    def _jsonl_path(self) -> Path | None:
        return Path(self.jsonl) if self.jsonl not in (None, "-") else None

    def to_dict(self) -> dict[str, str]:
        """Return the files by name, for the summary."""
        named = {"video": self.video, "timeline": self.timeline, "jsonl": self._jsonl_path}
        return {name: str(path) for name, path in named.items() if path is not None}

    @contextlib.contextmanager
    def open_jsonl(self) -> Iterator[TextIO | None]:
        """Open the file of JSON lines."""
        if self.jsonl is None:
            yield None
        elif self.jsonl == "-":
            yield sys.stdout
        else:
            with open(self.jsonl, "w", encoding="utf-8") as file:
                yield file


class _Run:
    """One run: the parts, and what they have said so far."""

    def __init__(
        self,
        source: FrameSource,
        pipeline: Pipeline,
        video: VideoWriter | None,
        lines: TextIO | None,
    ) -> None:
        info = pipeline.activity.info
        self.source = source
        self.pipeline = pipeline
        self.stats = RunStats()
        self.log = AnswerLog(settle_sec=info.receptive_field / info.expected_rate)
        self._model_id = info.model_id
        self._lines = lines
        self._next_index: int | None = None
        self._dropped_before = 0
        self._video = video

    def process(self, frame: Frame) -> PipelineResult:
        """Run one frame through everything."""
        if self._next_index is None:
            # What a live source gave while the networks were loaded was never ours to process.
            self._next_index = frame.index
            self._dropped_before = self.source.status.dropped_frames
        result = self.pipeline.process(frame)
        self.log.add(frame.stamp_ns, result.skeletons, result.activities, frame.truth)
        if self._lines is not None:
            self._write_line(result)
        if self._video is not None:
            image = draw(
                frame.image, result.skeletons, result.activities, caption=_caption(result)
            )
            self._video.write(image, frame.stamp_ns)
        self._next_index = frame.index + 1
        self.stats.add(result)
        return result

    @property
    def dropped_frames(self) -> int:
        """Frames since the first processed one that were too late."""
        return self.source.status.dropped_frames - self._dropped_before

    def _write_line(self, result: PipelineResult) -> None:
        assert self._lines is not None
        assert self._next_index is not None
        record = activity_array(
            result,
            sequence=self.stats.frames,
            dropped_images=result.frame.index - self._next_index,
            step_rate=self.pipeline.activity.step_rate,
            model_id=self._model_id,
            live=self.source.info.live,
        )
        self._lines.write(json.dumps(record) + "\n")


def run_pipeline(
    config: PipelineConfig, outputs: Outputs, *, seconds: float | None, as_json: bool
) -> None:
    """Run until the source ends, the time is over or Ctrl-C, then print the summary.

    Raises:
        CoPerceptionError: If the source, the pose estimator or the model cannot be used.
    """
    outputs.check()
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(open_camera(config.camera))
        video = _open_video(outputs.video, source, stack)
        err.print("Loading models ...", style="dim")
        with hold_native_output():
            pipeline = stack.enter_context(Pipeline(config))
        err.print(pipeline.activity.choice, style="dim", highlight=False, markup=False)
        lines = stack.enter_context(outputs.open_jsonl())
        run = _Run(source, pipeline, video, lines)
        began = time.monotonic()
        # Ctrl-C is how a live run ends: what was recorded is kept.
        with contextlib.suppress(KeyboardInterrupt):
            _loop(run, seconds)
        wall_sec = time.monotonic() - began
    if outputs.timeline is not None:
        run.log.save(outputs.timeline, title=f"{source.info.name}: answers over time")
    summary = run.stats.to_dict(
        run.log,
        source=source.info.name,
        model=pipeline.activity.info.model_id,
        wall_sec=round(wall_sec, 3),
        images_per_sec=round(run.stats.frames / max(wall_sec, 1e-9), 2),
        dropped_frames=run.dropped_frames,
        reconnects=source.status.reconnects,
        files=outputs.to_dict(),
    )
    if as_json:
        print_json(summary)
    else:
        print_summary(err if outputs.jsonl == "-" else out, summary)


def _open_video(
    path: Path | None, source: FrameSource, stack: contextlib.ExitStack
) -> VideoWriter | None:
    if path is None:
        return None
    return stack.enter_context(VideoWriter(path, source.info.rate or _VIDEO_RATE_UNKNOWN))


def _loop(run: _Run, seconds: float | None) -> None:
    info = run.source.info
    total = float(info.frame_count) / info.rate if info.frame_count and info.rate else None
    if seconds is not None:
        total = min(seconds, total) if total is not None else seconds
    with Interrupt().installed() as interrupt:
        with hold_native_output():
            result = _next(run, interrupt)
        with _progress() as progress:
            bar = progress.add_task(info.name, total=total, people="")
            while result is not None and not interrupt.asked:
                progress.update(bar, completed=run.stats.media_sec, people=_people_words(result))
                if seconds is not None and run.stats.media_sec >= seconds - _CLOCK_TOLERANCE_SEC:
                    break
                result = _next(run, interrupt)


def _next(run: _Run, interrupt: Interrupt) -> PipelineResult | None:
    with interrupt.waiting():
        frame = run.source.read()
    return None if frame is None else run.process(frame)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.1f} s"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[people]}"),
        console=err,
        transient=True,
    )


def _people_words(result: PipelineResult) -> str:
    """Say in one line what everybody does now."""
    words = []
    gone = {s.body_id for s in result.skeletons if s.track_state == TrackState.REMOVED}
    for activity in result.activities:
        if activity.stream_id in gone:
            continue
        state = state_words(activity)
        if activity.usable:
            sure = f"{activity.label} {activity.confidence:.0%}"
            state = f"{sure} ({state})" if state else sure
        words.append(f"{activity.stream_id.rpartition('_')[2]}: {state}")
    return ", ".join(words) or "nobody"


def _caption(result: PipelineResult) -> str:
    spent = ", ".join(f"{name} {sec * 1e3:.0f} ms" for name, sec in result.timings.items())
    truth = ", ".join(person.label.replace("_", " ") for person in result.frame.truth)
    return "   ".join(filter(None, (f"truth: {truth}" if truth else "", spent)))
