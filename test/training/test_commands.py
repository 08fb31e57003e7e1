# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception train` and `co-perception evaluate`: what they refuse, and one real run."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from co_perception.cli.train import app
from co_perception.engine import ModelFolder
from co_perception.errors import ConfigError, CoPerceptionError, SourceError

TOO_SHORT_TO_LEARN = "2"


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        pytest.param(("evaluate", "guess"), ConfigError, "clips, demo, protocol", id="what"),
        pytest.param(("evaluate", "protocol"), ConfigError, "--data", id="no-data"),
        pytest.param(("evaluate", "clips"), ConfigError, "--clips", id="no-clips"),
        pytest.param(("train", "giant", "--data", "."), ConfigError, "starter", id="recipe"),
        pytest.param(
            ("train", "starter", "--data", "nowhere"), SourceError, "jhmdb_2d", id="no-files"
        ),
    ],
)
def test_a_wrong_order_says_what_is_right(
    arguments: tuple[str, ...],
    error: type[CoPerceptionError],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CO_PERCEPTION_TRAINING_DATA", raising=False)
    with pytest.raises(error, match=says):
        _run(*arguments)


def test_a_folder_without_videos_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected videos"):
        _run("evaluate", "clips", "--clips", str(tmp_path))


def test_a_short_training_writes_a_whole_folder(skeletons_dir: Path, tmp_path: Path) -> None:
    output = tmp_path / "short"
    steps = ("--steps", TOO_SHORT_TO_LEARN, "--threads", "1")
    _run("train", "starter", "--data", str(skeletons_dir), "--output", str(output), *steps)
    folder = ModelFolder.load(output)
    results = json.loads((output / "evaluation.json").read_text(encoding="utf-8"))
    assert results["facts"]["steps"] == int(TOO_SHORT_TO_LEARN)
    assert results["held_out"]["jhmdb_split1_test_10"]["samples"] == 118
    assert folder.thresholds.exit < folder.thresholds.enter
