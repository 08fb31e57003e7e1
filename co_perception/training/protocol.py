# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of the model card: trainings made to be judged, on what they never saw.

Nothing here is shipped. Every experiment is run without and with self-made motion.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from co_perception.training.classes import JHMDB_ACTIONS, JHMDB_WHOLE_BODY, SHARED_CLASSES
from co_perception.training.fit import FitConfig, fit
from co_perception.training.recipe import load_sources, make_mixture
from co_perception.training.scoring import Score, draw_streams, score_clips, score_streams

__all__ = ["EXPERIMENTS", "Experiment", "run_protocol"]

PROTOCOL_STEPS = 600
_SCRIPTS = 800


@dataclass(frozen=True)
class Experiment:
    """One training.

    Attributes:
        source: "jhmdb" or "kinder_gator".
        split: Official split of J-HMDB, 1 to 3.
        self_made: Whether self-made motion (split "train") is added.
    """

    source: str
    split: int
    self_made: bool


EXPERIMENTS: tuple[Experiment, ...] = tuple(
    Experiment(source, split, self_made)
    for source, splits in (("kinder_gator", (1,)), ("jhmdb", (1, 2, 3)))
    for split in splits
    for self_made in (False, True)
)


def run_experiment(
    experiment: Experiment, data: Path, steps: int, seed: int, threads: int = 1
) -> dict[str, Score]:
    """Train once and score on what was held out; scores by name of the test."""
    import torch

    torch.set_num_threads(threads)
    sources = load_sources(data, experiment.split)
    scripts = _SCRIPTS if experiment.self_made else 0
    config = FitConfig(steps=steps, seed=seed)
    if experiment.source == "jhmdb":
        model = fit(make_mixture(jhmdb=sources.jhmdb, scripts=scripts, seed=seed), config)
        ten = [str(JHMDB_ACTIONS[name]) for name in JHMDB_WHOLE_BODY]
        return {f"split {experiment.split}": score_clips(model, sources.jhmdb_held, ten)}
    mixture = make_mixture(kinder_gator=sources.kinder_gator, scripts=scripts, seed=seed)
    model = fit(mixture, config)
    held = draw_streams(sources.kinder_gator_held, 600, seed=5, same_group=True)
    clips = sources.jhmdb + sources.jhmdb_held
    return {
        "subjects": score_streams(model, held),
        "cross": score_clips(model, clips, SHARED_CLASSES),
        "cross, test clips of split 1": score_clips(model, sources.jhmdb_held, SHARED_CLASSES),
    }


def run_protocol(
    data: Path,
    *,
    steps: int = PROTOCOL_STEPS,
    seed: int = 0,
    jobs: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Run all experiments and return the table as plain values.

    Args:
        data: Folder with the skeleton files.
        steps: Weight updates of each training.
        seed: Of everything random.
        jobs: Trainings at a time, one thread each.
        progress: Told how many of how many are done.

    Returns:
        "rows": trained_on, tested_on, without, with; "scores": all details; "settings".
    """
    found: dict[Experiment, dict[str, Score]] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        running = {pool.submit(run_experiment, e, data, steps, seed): e for e in EXPERIMENTS}
        for future in as_completed(running):
            found[running[future]] = future.result()
            if progress is not None:
                progress(len(found), len(EXPERIMENTS))
    return {
        "settings": {"steps": steps, "seed": seed, "self_made_scripts": _SCRIPTS},
        "rows": _rows(found),
        "scores": [
            {
                "trained_on": experiment.source,
                "split": experiment.split,
                "self_made": experiment.self_made,
                "tests": {name: score.to_dict() for name, score in found[experiment].items()},
            }
            for experiment in EXPERIMENTS
        ],
    }


def _rows(found: dict[Experiment, dict[str, Score]]) -> list[dict[str, Any]]:
    """The table: one row per test, without and with self-made motion."""
    rows = []
    for split in (1, 2, 3):
        pair = [found[Experiment("jhmdb", split, extra)] for extra in (False, True)]
        shares = [scores[f"split {split}"].accuracy for scores in pair]
        rows.append(_row(f"J-HMDB, split {split}", "its test clips, 10 classes", shares))
    mean = [sum(row[key] for row in rows) / 3 for key in ("without", "with")]
    rows.append(_row("J-HMDB", "mean of the three splits", mean))
    pair = [found[Experiment("kinder_gator", 1, extra)] for extra in (False, True)]
    source = "Kinder-Gator, 15 subjects"
    tests = (
        ("subjects", "its other 5 subjects, streams, balanced over classes"),
        ("cross", "**J-HMDB, all clips of the 7 shared classes**"),
        ("cross, test clips of split 1", "of these, the test clips of split 1"),
    )
    for name, title in tests:
        balanced = name == "subjects"
        shares = [s[name].balanced if balanced else s[name].accuracy for s in pair]
        rows.append(_row(source, title, shares))
    return rows


def _row(trained_on: str, tested_on: str, shares: list[float]) -> dict[str, Any]:
    without, with_ = (round(share, 4) for share in shares)
    return {"trained_on": trained_on, "tested_on": tested_on, "without": without, "with": with_}
