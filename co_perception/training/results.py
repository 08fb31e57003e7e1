# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Figures beside a model: evaluation.json, and the part of the card that shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from co_perception.engine.model_folder import CARD, MODEL_YAML, compute_sha256
from co_perception.training.card import write_card

__all__ = ["RESULTS", "load_results", "store_result"]

RESULTS = "evaluation.json"


def load_results(folder: Path) -> dict[str, Any]:
    """Return what evaluation.json of a model folder holds; empty where there is none."""
    path = folder / RESULTS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def store_result(folder: Path, name: str, result: Any) -> None:
    """Add a result to evaluation.json, write the card anew and renew its sha256.

    Args:
        folder: Model folder.
        name: "facts", "held_out", "protocol" or "demo".
        result: Plain values.
    """
    results = {**load_results(folder), name: result}
    text = json.dumps(results, indent=1, sort_keys=True) + "\n"
    (folder / RESULTS).write_text(text, encoding="utf-8")
    (folder / CARD).write_text(write_card(results), encoding="utf-8")
    content = yaml.safe_load((folder / MODEL_YAML).read_text(encoding="utf-8"))
    content["files"][CARD] = compute_sha256(folder / CARD)
    (folder / MODEL_YAML).write_text(
        yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=95), encoding="utf-8"
    )
