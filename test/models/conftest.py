# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""One thread: the tensors are tiny, and threads that wait for each other cost 20 times more."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch

PEERS = Path(__file__).resolve().parents[2] / "benchmarks" / "peers"


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def video_peers() -> ModuleType:
    """Load what tests share with the benchmarks: pytorchvideo's networks with our weights.

    Only its `make_pytorchvideo` needs pytorchvideo.
    """
    return load_peers("video")


@pytest.fixture(scope="session")
def skeleton_peers() -> ModuleType:
    """Load what tests share with the benchmarks: skeleton networks in plain torch.nn."""
    return load_peers("skeleton")


def load_peers(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_peers", PEERS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
