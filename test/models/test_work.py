# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Every network at its published size: steps do the work of one output and keep what they need.

All on the meta device: shapes alone, no computation.
"""

import functools
import math

import pytest
import torch

from co_perception import continual as co
from co_perception.continual.pool_window import WindowPool
from co_perception.models import create_model, list_models

MOST_WORK = 1.02  # of the ideal: what a clip costs more when it is one period longer
MOST_STATE = 1.4  # of what the temporal layers need
NAMES = list_models("co*")
SAME_LAYERS = ("cox3d_s", "cox3d_m")  # as cox3d_xs, in images of other sizes


@functools.lru_cache
def create_published(name):
    with torch.device("meta"):
        return create_model(name, num_classes=60).eval()


def count_clip(model, frames):
    channels, *rest = model.spec.step_shape
    clip = torch.empty(1, channels, frames, *rest, device="meta")
    return co.count_macs(model.forward_dense, clip)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SAME_LAYERS])
def test_steps_execute_the_ideal_work_and_the_summary_counts_it(name):
    model = create_published(name)
    period, frames = model.spec.time_stride, model.spec.receptive_field
    ideal = count_clip(model, frames + period) - count_clip(model, frames)
    frame = torch.empty(1, *model.spec.step_shape, device="meta")
    state, executed = model.init_state(), []
    for phase in range(period):
        executed.append(co.count_macs(model.forward_step, frame, state, phase=phase))
        _, _, state = model.forward_step(frame, state, phase=phase)
    assert 0.95 * ideal <= sum(executed) <= MOST_WORK * ideal
    assert model.summary().macs == pytest.approx(sum(executed) / period, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_state_is_what_the_temporal_layers_need(name):
    model = create_published(name)
    parts = model.network.parts("", model.spec.step_shape)
    needed = 4 * sum(count_needed(part.module, part.shape) for part in parts)
    kept = sum(
        leaf.numel() * leaf.element_size()
        for name, leaf in co.flatten_state(model.init_state())
        if name != "frames"
    )
    assert 0 < kept <= MOST_STATE * needed
    assert kept == model.summary().state_bytes


def count_needed(module, shape):
    """Return the numbers that an operator must keep of a stream, by formula."""
    past = module.receptive_field - 1
    match type(module).__name__:
        case "Conv1d" | "Conv2d" | "Conv3d":
            return past * min(math.prod(shape), math.prod(module.frame_shape(shape)))
        case "Delay":
            return module.frames * math.prod(shape)
        case "SingleOutputTransformerEncoderLayer":
            return past * 2 * shape[0]  # keys and values
        case "RetroactiveTransformerEncoderLayer":  # and queries, inputs, and scores of 8 heads
            return past * (4 * shape[0] + 8 * past)
    return past * math.prod(module.frame_shape(shape)) if isinstance(module, WindowPool) else 0


def test_peer_computes_an_output_per_tap_where_one_is_needed():
    """Executed work of continual-inference 1.2.4: 7 times the needed on CoST-GCN*."""
    peer = pytest.importorskip("continual", reason="needs continual-inference")
    options = {"in_channels": 64, "out_channels": 64, "kernel_size": (9, 1)}
    theirs, ours, frame = peer.Conv2d(**options), co.Conv2d(**options), torch.randn(1, 64, 25)
    needed = co.count_macs(ours.forward_step, frame, ours.init_state(frame))
    assert needed == 64 * 64 * 9 * 25
    assert co.count_macs(theirs.forward_step, frame) == 9 * needed

    summary = create_published("co_st_gcn_mod").summary()
    temporal = sum(layer.macs for layer in summary.layers if layer.name.endswith("temporal"))
    assert (summary.macs + 8 * temporal) / summary.macs == pytest.approx(7.0, abs=0.3)
