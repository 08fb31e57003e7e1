# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Train the starter: the command `co-perception train starter`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from co_perception.engine.model_folder import ModelFolder, Thresholds
from co_perception.engine.save import save_model_folder
from co_perception.models import ContinualModel
from co_perception.training.batches import TrainingSet
from co_perception.training.calibrate import EXIT_BELOW_ENTER, choose_enter, find_temperature
from co_perception.training.card import write_card
from co_perception.training.classes import CLASSES, JHMDB_ACTIONS, JHMDB_WHOLE_BODY, SHARED_CLASSES
from co_perception.training.fit import FitConfig, Progress, dense_logits, fit
from co_perception.training.recipe import Sources, load_sources, make_mixture
from co_perception.training.results import load_results, store_result
from co_perception.training.scoring import draw_streams, score_clips, score_streams
from co_perception.training.self_made import generate_scripts

__all__ = [
    "STARTER_STEPS",
    "Starter",
    "calibrate_starter",
    "save_starter",
    "score_held_out",
    "train_starter",
]

STARTER_STEPS = 1500
_SCRIPTS = 1500
_CALIBRATION_SCRIPTS = 40
_CALIBRATION_SEED = 9_001
_CALIBRATION_STREAMS = 1024
_MIN_EVIDENCE = 0.5
_MIN_HOLD_SEC = 0.3
_LICENSE = "Apache-2.0"
_TRAINING_DATA = (
    "J-HMDB joints (training clips of official split 1)",
    "Kinder-Gator (15 of 20 subjects)",
    "self-made motion (co_perception.motion, split 'train')",
)


@dataclass(frozen=True)
class Starter:
    """A trained starter and what is known about it.

    Attributes:
        model: The network.
        temperature: Calibrated on held-out streams.
        thresholds: Chosen on held-out streams.
        held_out: Scores on what these very weights never saw, by name.
        facts: Number of parameters, and what the training was asked for.
    """

    model: ContinualModel
    temperature: float
    thresholds: Thresholds
    held_out: dict[str, Any]
    facts: dict[str, int]


def train_starter(
    data: Path,
    *,
    steps: int = STARTER_STEPS,
    scripts: int = _SCRIPTS,
    seed: int = 0,
    threads: int = 2,
    progress: Progress | None = None,
) -> Starter:
    """Train on all sources, except what is held out, and calibrate on that.

    Args:
        data: Folder with the skeleton files.
        steps: Weight updates.
        scripts: Self-made scripts of the split "train".
        seed: Of everything random.
        threads: Of the processor; another number gives slightly other weights.
        progress: Told after each step.

    Raises:
        SourceError: If a data file is missing.
    """
    torch.set_num_threads(threads)
    sources = load_sources(data)
    mixture = make_mixture(
        jhmdb=sources.jhmdb, kinder_gator=sources.kinder_gator, scripts=scripts, seed=seed
    )
    model = fit(mixture, FitConfig(steps=steps, seed=seed), progress)
    return calibrate_starter(model, sources, {"steps": steps, "scripts": scripts, "seed": seed})


def calibrate_starter(model: ContinualModel, sources: Sources, facts: dict[str, int]) -> Starter:
    """Calibrate a trained network on held-out recordings and score it there."""
    streams = _calibration_streams(sources)
    logits = dense_logits(model, streams.features)
    temperature = round(find_temperature(logits, streams), 3)
    enter = choose_enter(logits, streams, temperature)
    thresholds = Thresholds(enter, round(enter - EXIT_BELOW_ENTER, 2), _MIN_HOLD_SEC)
    facts = {**facts, "parameters": sum(p.numel() for p in model.parameters())}
    return Starter(model, temperature, thresholds, score_held_out(model, sources), facts)


def _calibration_streams(sources: Sources) -> TrainingSet:
    """Held-out recordings of all three kinds, as streams."""
    mixture = make_mixture(
        jhmdb=sources.jhmdb_held,
        kinder_gator=sources.kinder_gator_held,
        scripts=_CALIBRATION_SCRIPTS,
        seed=_CALIBRATION_SEED,
    )
    return mixture.draw(_CALIBRATION_STREAMS, np.random.default_rng(_CALIBRATION_SEED))


def score_held_out(model: ContinualModel, sources: Sources) -> dict[str, Any]:
    """Score a network on the test clips, the held-out subjects and the judge's motions."""
    ten = [str(JHMDB_ACTIONS[name]) for name in JHMDB_WHOLE_BODY]
    subjects = draw_streams(sources.kinder_gator_held, 600, seed=5, same_group=True)
    judged = draw_streams(generate_scripts(60, seed=6, split="judge"), 600, seed=7)
    return {
        "jhmdb_split1_test_10": score_clips(model, sources.jhmdb_held, ten).to_dict(),
        "jhmdb_split1_test_7": score_clips(model, sources.jhmdb_held, SHARED_CLASSES).to_dict(),
        "kinder_gator_held_subjects": score_streams(model, subjects).to_dict(),
        "self_made_judge": score_streams(model, judged).to_dict(),
    }


def save_starter(starter: Starter, output: Path) -> ModelFolder:
    """Write the model folder; figures of an earlier protocol that lie there stay in its card."""
    results = {**load_results(output), "held_out": starter.held_out, "facts": starter.facts}
    # Answers of other weights say nothing about these.
    for name in ("demo", "clips"):
        results.pop(name, None)
    save_model_folder(
        output,
        starter.model,
        name="starter",
        labels=CLASSES,
        joint_layout="common13",
        features="root_scaled",
        min_evidence=_MIN_EVIDENCE,
        thresholds=asdict(starter.thresholds),
        temperature=starter.temperature,
        license=_LICENSE,
        training_data=_TRAINING_DATA,
        card=write_card(results),
    )
    for name, result in results.items():
        store_result(output, name, result)
    return ModelFolder.load(output)
