# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""One thread: the tensors are tiny, and threads that wait for each other cost 20 times more."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
