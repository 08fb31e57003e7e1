# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The starter that ships, on motions that did not train it. Synthetic."""

from pathlib import Path

import pytest

from co_perception.engine import ModelFolder
from co_perception.models import ContinualModel, create_model
from co_perception.motion import LABELS
from co_perception.training.classes import CLASSES
from co_perception.training.results import load_results
from co_perception.training.scoring import draw_streams, score_streams
from co_perception.training.self_made import generate_scripts

FOLDER = Path(__file__).parents[2] / "models" / "starter"
MORE_OFTEN_THAN_NOT = 0.6
LARGEST_FOLDER_BYTES = 3_000_000
MOST_PARAMETERS = 500_000


@pytest.fixture(scope="module")
def starter() -> ContinualModel:
    info = ModelFolder.load(FOLDER)
    model = create_model(info.architecture, **dict(info.arguments))
    model.load_checkpoint(info.weights_path)
    return model.eval()


def test_it_is_small_and_knows_all_classes(starter: ContinualModel) -> None:
    info = ModelFolder.load(FOLDER)
    assert info.labels == CLASSES
    assert sum(p.numel() for p in starter.parameters()) <= MOST_PARAMETERS
    assert 1.0 <= info.receptive_field / info.expected_rate <= 2.0
    assert sum(f.stat().st_size for f in FOLDER.iterdir()) < LARGEST_FOLDER_BYTES


def test_it_is_right_more_often_than_not_on_held_out_motion(starter: ContinualModel) -> None:
    motions = generate_scripts(2 * len(LABELS), seed=123, split="judge")
    score = score_streams(starter, draw_streams(motions, 150, seed=8))
    assert set(score.per_class) == set(LABELS)
    assert score.balanced > MORE_OFTEN_THAN_NOT


def test_its_card_carries_its_figures() -> None:
    card = (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    held_out = load_results(FOLDER)["held_out"]
    share = held_out["jhmdb_split1_test_10"]["accuracy"]
    assert f"{100 * share:.1f} %" in card
    assert "starter" in card and "cannot do" in card
