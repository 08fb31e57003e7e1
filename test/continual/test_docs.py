# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The examples of the concepts page run and hold."""

import re
from pathlib import Path

import torch

PAGE = Path(__file__).parents[2] / "docs" / "concepts.md"


def test_concepts_examples_run():
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 5
    torch.manual_seed(0)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)
