# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The list of public names is what the code says."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_page_of_public_names_is_up_to_date():
    pytest.importorskip("torch", reason="the continual library needs torch")
    page = runpy.run_path(str(ROOT / "tools" / "api_pages.py"))["write_page"]()
    stored = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert page == stored, "write it anew: python tools/api_pages.py"
    assert "- `Conv1d(in_channels, out_channels, kernel_size" in page
    assert "- `cox3d_s`: CoX3D-S, for 5 frames per second." in page
