# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every test folder may use."""

import os
from pathlib import Path

import pytest

# Real data is no part of the project: tests that need it skip where it is absent.
DATA_VARIABLE = "CO_PERCEPTION_TEST_DATA"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data (clips/ and skeletons/)."""
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        pytest.skip(f"{DATA_VARIABLE} is not set")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"{DATA_VARIABLE} names '{folder}', which is not a folder")
    return path


@pytest.fixture(scope="session")
def clips_dir(data_dir: Path) -> Path:
    """Folder of the real video clips."""
    return data_dir / "clips"


@pytest.fixture(scope="session")
def skeletons_dir(data_dir: Path) -> Path:
    """Folder of the recorded skeletons."""
    return data_dir / "skeletons"
