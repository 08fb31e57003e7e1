# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Held-out scripts through the rendered camera, the pose estimator and the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from co_perception.camera.source import Frame
from co_perception.engine import ModelFolder
from co_perception.engine.activity import UNKNOWN, Activity
from co_perception.pipeline import Pipeline, PipelineResult, open_camera
from co_perception.pipeline_config import PipelineConfig

__all__ = ["run_demo_report"]

# 4:3, 16:9 and upright: the network must not care.
_SIZES = ((640, 480), (854, 480), (480, 640))
_UNANSWERED = "no answer"


def run_demo_report(
    model: str,
    scripts: int,
    first_seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    *,
    rate: float = 30.0,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Score a model on demo scripts of the split "judge". The figures are synthetic.

    A frame counts once its activity has lasted as long as the network asks for evidence
    (min_evidence of the receptive field).

    Args:
        model: Model folder, a path or a name.
        scripts: Number of scripts; image sizes take turns.
        first_seed: Seed of the first script.
        progress: Told how many of how many scripts are done.
        rate: Frames per second.
        seconds: End each script after so long; None: at its end.

    Returns:
        "balanced", "unknown", "wrong", "answers" (per true activity, how often each answer was
        given) and "settings".
    """
    answers: dict[str, Counter[str]] = {}
    settle_sec = 0.0
    for index in range(scripts):
        width, height = _SIZES[index % len(_SIZES)]
        config = PipelineConfig.from_flat(
            {
                "camera": "demo",  # its split is "judge"
                "width": width,
                "height": height,
                "rate": rate,
                "seed": first_seed + index,
                "real_time": False,
                "model": model,
            }
        )
        with open_camera(config.camera) as source, Pipeline(config) as pipeline:
            settle_sec = _settle_sec(pipeline.activity.info)
            for frame in source:
                if seconds is not None and frame.stamp_ns > seconds * 1e9:
                    break
                _count(answers, frame, pipeline.process(frame), settle_sec)
        if progress is not None:
            progress(index + 1, scripts)
    return _summary(answers, scripts, first_seed, settle_sec)


def _settle_sec(info: ModelFolder) -> float:
    return info.min_evidence * info.receptive_field / info.expected_rate


def _count(
    answers: dict[str, Counter[str]], frame: Frame, result: PipelineResult, settle_sec: float
) -> None:
    truth = frame.truth[0]
    if frame.stamp_ns - truth.since_ns < settle_sec * 1e9:
        return
    usable = [activity for activity in result.activities if activity.usable]
    answers.setdefault(truth.label, Counter())[_answer(usable)] += 1


def _answer(usable: list[Activity]) -> str:
    return usable[0].label if usable else _UNANSWERED


def _summary(
    answers: dict[str, Counter[str]], scripts: int, first_seed: int, settle_sec: float
) -> dict[str, Any]:
    def mean(kind: Callable[[str, str], bool]) -> float:
        shares = [
            sum(n for answer, n in given.items() if kind(truth, answer)) / sum(given.values())
            for truth, given in answers.items()
        ]
        return round(sum(shares) / len(shares), 4) if shares else 0.0

    none = (UNKNOWN, _UNANSWERED)
    return {
        "balanced": mean(lambda truth, answer: answer == truth),
        "unknown": mean(lambda truth, answer: answer in none),
        "wrong": mean(lambda truth, answer: answer != truth and answer not in none),
        "answers": {truth: dict(given.most_common()) for truth, given in sorted(answers.items())},
        "settings": {
            "scripts": scripts,
            "first_seed": first_seed,
            "settle_sec": round(settle_sec, 3),
        },
    }
