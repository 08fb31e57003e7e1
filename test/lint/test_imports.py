# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Every module of the package can be imported by itself."""

import importlib
import importlib.util
import warnings
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "co_perception"
MODULES = sorted(
    ".".join(("co_perception", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    )
    for path in PACKAGE.rglob("*.py")
)


@pytest.mark.parametrize("name", MODULES)
def test_module_imports(name):
    if ".nodes." in name and importlib.util.find_spec("rclpy") is None:
        pytest.skip("rclpy is not installed")
    with warnings.catch_warnings():
        # The message generator's parser, which rclpy loads, uses modules that Python deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        assert importlib.import_module(name).__doc__
