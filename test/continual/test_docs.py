# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The examples of the pages on continual inference run, the peer's too where it is there."""

import re
from pathlib import Path

import pytest
import torch

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"concepts.md": 10, "migration.md": 4}  # at least so many examples


def find_blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def run_blocks(page: str, blocks: list[str]) -> None:
    torch.manual_seed(0)
    names: dict[str, object] = {"__name__": page}
    for block in blocks:
        exec(compile(block, page, "exec"), names)


@pytest.mark.parametrize("page", PAGES)
def test_examples_of_a_page_run(page):
    blocks = find_blocks(page, "python")
    assert len(blocks) >= PAGES[page]
    run_blocks(page, blocks)


@pytest.mark.filterwarnings("ignore")  # the peer's own, of functions that torch gave up
def test_what_the_migration_page_says_of_the_peer_runs():
    pytest.importorskip("continual", reason="compares with continual-inference")
    blocks = find_blocks("migration.md", "py")
    assert len(blocks) >= 2
    run_blocks("migration.md", blocks)
