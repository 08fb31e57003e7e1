# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The networks for video execute the work of the newest frame, and keep little between frames."""

import functools
import math

import pytest
import torch

from co_perception import continual as co
from co_perception.models import create_model

MOST_WORK = 1.02  # of the ideal: what a clip costs more when it is one period longer
MOST_STATE = 1.4  # of what temporal layers must keep
# Multiply-adds of a step as published, in 1e9, and 1e6 bytes that the authors' library keeps for
# a stream; windows of 64 frames.
PUBLISHED = {
    "cox3d_s": (0.17, 22.9),
    "cox3d_m": (0.33, 44.7),
    "cox3d_l": (1.25, 139.1),
    "coslow_r50": (6.90, None),
    "coi3d_r50": (5.68, None),
}


@pytest.mark.parametrize("name", ["cox3d_s", "coslow_r50", "coi3d_r50"])
def test_step_executes_the_ideal_work(name):
    model = create_model(name, num_classes=5, window=8, image_size=64, width=0.125).eval()
    period, clip = model.spec.time_stride, torch.zeros(1, 3, 16, 64, 64)
    longer = torch.zeros(1, 3, 16 + period, 64, 64)
    ideal = co.count_macs(model.forward_dense, longer) - co.count_macs(model.forward_dense, clip)
    state, executed = model.init_state(), 0
    for phase in range(period):
        step = functools.partial(model.forward_step, phase=phase)
        executed += co.count_macs(step, clip[:, :, 0], state)
        _, _, state = model.forward_step(clip[:, :, 0], state, phase=phase)
    assert 0 < executed <= MOST_WORK * ideal
    assert model.summary().macs == pytest.approx(executed / period)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_full_size_costs_no_more_than_published(name):
    with torch.device("meta"):
        summary = create_model(name, window=64).summary()
    macs, megabytes = PUBLISHED[name]
    assert summary.macs <= macs * 1e9
    if megabytes:
        assert summary.state_bytes <= 0.5 * megabytes * 1e6


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_state_is_what_temporal_layers_must_keep(name):
    with torch.device("meta"):
        model = create_model(name, window=64)
        summary = model.summary()
    needed, delays = 0, 0
    for _, part, shape, _ in model.network.parts("", model.spec.step_shape):
        smaller = min(math.prod(shape), math.prod(part.frame_shape(shape)))
        if isinstance(part, co.Delay):
            delays += part.frames * smaller
        else:
            needed += (part.receptive_field - 1) * smaller
    assert summary.state_bytes <= 4 * (MOST_STATE * needed + delays)
