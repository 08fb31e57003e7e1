# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The examples of the networks page run and hold."""

import re
from pathlib import Path

import torch

PAGE = Path(__file__).parents[2] / "docs" / "networks.md"


def test_networks_examples_run():
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    torch.manual_seed(0)
    names: dict[str, object] = {}
    with torch.no_grad():
        for block in blocks:
            exec(compile(block, PAGE.name, "exec"), names)
