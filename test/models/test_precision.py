# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Steps in four precisions against the clip forward in float64; half ones need half ones.

`benchmarks/precision.py` takes all networks in their whole depth.
"""

import runpy
from pathlib import Path

import pytest
import torch

from co_perception.errors import ShapeError
from co_perception.models import gallery

COMMAND = Path(__file__).resolve().parents[2] / "benchmarks" / "precision.py"
BOUNDS = {  # relative
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.float16: 3e-3,
    torch.bfloat16: 2e-2,
}
NETWORKS = ("cox3d_xs", "coslow_r50", "coi3d_r50", "co_agcn_mod", "co_s_tr_mod", "co_oadtr_b2")


@pytest.fixture(scope="module")
def measure():
    return runpy.run_path(str(COMMAND))["measure"]


@pytest.mark.parametrize("name", [*NETWORKS, "co_st_gcn_small"])
def test_steps_keep_their_precision(measure, name):
    model = gallery.create_shallow(name)
    errors = [measure(model, dtype, outputs=3) for dtype in BOUNDS]
    assert errors == sorted(errors)
    for error, bound in zip(errors, BOUNDS.values()):
        assert 0.0 < error <= bound


def test_frames_of_another_precision_than_the_state_are_refused():
    model = gallery.create_shallow("co_st_gcn_small").to(torch.bfloat16)
    state = model.init_state()
    assert {leaf.dtype for leaf in (state.span, state.frames)} == {torch.bfloat16, torch.int64}
    with pytest.raises(ShapeError, match=r"expected torch\.bfloat16 frames .* got torch\.float32"):
        model.forward_step(torch.zeros(1, *model.spec.step_shape), state)
