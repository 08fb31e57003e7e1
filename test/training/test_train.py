# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Training itself: it learns, it repeats, and what it writes can be used."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from co_perception.engine import Recogniser, Thresholds
from co_perception.models import ContinualModel
from co_perception.skeleton.types import Skeleton
from co_perception.training.batches import Mixture, Part
from co_perception.training.calibrate import choose_enter, find_temperature
from co_perception.training.card import class_sources
from co_perception.training.classes import CLASSES
from co_perception.training.compose import MotionPool
from co_perception.training.fit import FitConfig, dense_logits, fit
from co_perception.training.results import load_results, store_result
from co_perception.training.scoring import score_streams
from co_perception.training.self_made import script_motion
from co_perception.training.train import Starter, save_starter

SMALL = FitConfig(steps=25, batch_size=16, round_size=64, learning_rate=8e-3, other_weight=0.0)
LEARNED = 0.8
LABELS = ("squat", "walk", "wave")


@pytest.fixture(scope="module")
def mixture() -> Mixture:
    motions = [
        script_motion([label], seed=seed, split="train") for label in LABELS for seed in (1, 2)
    ]
    return Mixture([Part(MotionPool(motions))], frames=40, strength=0.2)


@pytest.fixture(scope="module")
def model(mixture: Mixture) -> ContinualModel:
    return fit(mixture, SMALL)


def test_a_few_steps_learn_a_few_motions(mixture: Mixture, model: ContinualModel) -> None:
    score = score_streams(model, mixture.draw(60, np.random.default_rng(9)), LABELS)
    assert score.balanced > LEARNED
    assert sum(map(sum, score.confusion)) == score.samples


def test_equal_seeds_give_equal_weights(mixture: Mixture) -> None:
    config = replace(SMALL, steps=3)
    one, two, other = (fit(mixture, replace(config, seed=s)) for s in (5, 5, 6))
    weights = [model.state_dict() for model in (one, two, other)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert not all(torch.equal(weights[0][key], weights[2][key]) for key in weights[0])


def test_calibration_brings_back_an_overconfident_network(
    mixture: Mixture, model: ContinualModel
) -> None:
    streams = mixture.draw(60, np.random.default_rng(10))
    logits = dense_logits(model, streams.features)
    plain, loud = (find_temperature(scale * logits, streams) for scale in (1.0, 2.0))
    assert loud == pytest.approx(2.0 * plain, rel=0.05)
    assert 0.5 <= choose_enter(logits, streams, plain) <= 0.7


def test_the_written_folder_is_whole_and_answers(tmp_path: Path, model: ContinualModel) -> None:
    thresholds = Thresholds(0.5, 0.35, 0.3)
    starter = Starter(model, 1.2, thresholds, {}, {"parameters": 1})
    folder = save_starter(starter, tmp_path / "starter")
    assert folder.labels == CLASSES
    assert folder.temperature == 1.2 and folder.thresholds == thresholds
    store_result(folder.path, "facts", {"parameters": 4321})
    assert load_results(folder.path)["facts"] == {"parameters": 4321}
    assert "4,321" in (folder.path / "MODEL_CARD.md").read_text(encoding="utf-8")
    # The loader checks the sha256 of the card that was written anew.
    recogniser = Recogniser.from_folder(folder.path)
    points = np.full((13, 3), 0.5, np.float32) + np.linspace(0, 0.4, 13)[:, None]
    skeleton = Skeleton("common13", points.astype(np.float32), (640, 480), 1.0, body_id="p1")
    for tick in range(40):
        activities = recogniser.update(tick * 66_666_667, {"p1": skeleton})
    assert activities[0].usable
    recogniser.close()


def test_the_card_says_where_every_class_is_from() -> None:
    rows = class_sources()
    assert set(rows) == set(CLASSES)
    assert rows["squat"] == ("", "", "squat")
    assert rows["bend"][0] == "pick"
