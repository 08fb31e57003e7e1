# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Every kind of network compiles and exports; onnxruntime equals torch from the first frame on.

Shallow networks: every kind of block once. `benchmarks/export_networks.py` takes all networks in
their whole depth.
"""

import runpy
from pathlib import Path

import pytest
import torch

from co_perception.models import gallery

EXPORT_TOLERANCE = 1e-4  # relative, onnxruntime against torch
COMMAND = Path(__file__).resolve().parents[2] / "benchmarks" / "export_networks.py"
MASKED = ("cox3d_xs", "co_agcn_mod", "co_oadtr_b2")
BY_PHASE = ("coi3d_r50",)
COMPILED = ("cox3d_xs", "co_st_gcn", "co_s_tr_mod", "co_oadtr_b2")


@pytest.fixture(scope="module")
def command():
    """Return what the command is made of."""
    pytest.importorskip("onnxscript", reason="ONNX export needs onnxscript")
    pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    return runpy.run_path(str(COMMAND))


@pytest.mark.parametrize("name", MASKED)
def test_masked_onnx_step_equals_torch(command, name):
    model = gallery.create_shallow(name)
    content = command["export_step"](model)
    for rows in (1, 8):
        assert command["compare"](model, [content], rows) <= EXPORT_TOLERANCE


@pytest.mark.parametrize("name", BY_PHASE)
def test_onnx_steps_of_all_phases_equal_torch(command, name):
    model = gallery.create_shallow(name)
    contents = [command["export_step"](model, phase) for phase in range(model.spec.time_stride)]
    for rows in (1, 8):
        assert command["compare"](model, contents, rows) <= EXPORT_TOLERANCE


@pytest.mark.parametrize("name", COMPILED)
def test_step_compiles_as_one_graph(name):
    model = gallery.create_shallow(name)
    compiled = torch.compile(model.forward_step, fullgraph=True, backend="eager")
    state = theirs = model.init_state(2)
    for t in range(3):
        frame, update = torch.randn(2, *model.spec.step_shape), torch.tensor([t != 1, True])
        with torch.no_grad():
            y, valid, state = model.forward_step(frame, state, update)
            z, also, theirs = compiled(frame, theirs, update)
        assert torch.equal(y, z)
        assert torch.equal(valid, also)
    torch.compiler.reset()
