# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""bfloat16 by hand beside torch's, and in the rings of a step graph."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from co_perception.engine.fast.bfloat16 import from_bfloat16, to_bfloat16
from co_perception.engine.fast.plan import Ring
from co_perception.engine.fast.rings import RingBuffer

IMAGES = Ring("layer", "slots", (6, 2, 3), 1, 6, 2, (1, 2), 0, 1)
JOINTS = Ring("layer", "slots", (4,), 5, 4, 3, (3,), 0, 1)


@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_numbers_are_rounded_as_torch_rounds_them(numbers):
    theirs = torch.tensor(numbers, dtype=torch.float32).to(torch.bfloat16)
    kept = to_bfloat16(numbers)
    assert kept.dtype == np.uint16
    np.testing.assert_array_equal(from_bfloat16(kept), theirs.float().numpy())


@pytest.mark.parametrize("blank", ["zeros", "lowest"])
@pytest.mark.parametrize("ring", [replace(IMAGES, block=6), JOINTS], ids=["images", "joints"])
def test_a_ring_of_bfloat16_saves_what_it_loaded(ring, blank):
    ring = replace(ring, dtype="bfloat16", blank=blank)
    buffer, other = RingBuffer(ring, 2), RingBuffer(ring, 2)
    assert buffer.nbytes * 2 == RingBuffer(replace(ring, dtype="float32"), 2).nbytes
    rng = np.random.default_rng(0)
    saved = from_bfloat16(to_bfloat16(rng.standard_normal(buffer.saved_shape())))
    known = np.full(2, ring.length)
    buffer.load(1, saved, known)
    other.load(2, buffer.save(1), known)
    np.testing.assert_array_equal(other.save(2), saved)


def test_images_lie_with_their_channels_last():
    ring = replace(IMAGES, dtype="bfloat16", block=6)
    buffer = RingBuffer(ring, 1)
    saved = np.arange(72, dtype=np.float32).reshape(buffer.saved_shape())
    buffer.load(0, saved, np.full(1, 2))
    reads, _ = buffer.views(0, 1)
    newest = from_bfloat16(reads["past.layer.1"].reshape(2, 3, 6))
    np.testing.assert_array_equal(newest, saved[0, :, 1].transpose(1, 2, 0))
