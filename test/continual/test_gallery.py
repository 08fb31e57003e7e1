# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Every public operator keeps the whole contract: the proofs run over the gallery."""

import inspect

import pytest
import torch

from co_perception import continual as co
from co_perception.continual import gallery, testing
from co_perception.continual.endurance import check_endurance

FRAME_LOCAL_STEPS, STEPS = 200, 1500  # what keeps no state has nothing to drift
MOST_WORK = 1.02  # of the ideal: what a clip costs more when it is one period longer
DELAYS = ("delay", "skip")  # pick one frame: what they see is less than what they wait for

EXAMPLES = [pytest.param(example, id=name) for name, example in gallery.EXAMPLES.items()]
TEMPORAL = [
    pytest.param(example, id=name)
    for name, example in gallery.EXAMPLES.items()
    if example.create().receptive_field > 1 or example.memory
]


def frames_for(module):
    return module.receptive_field + 8


def test_gallery_has_every_public_operator():
    public = {
        value
        for name in co.__all__
        if inspect.isclass(value := getattr(co, name)) and issubclass(value, co.ContinualModule)
    }
    shown = {type(m) for e in gallery.EXAMPLES.values() for m in e.create().modules()}
    missing = public - shown - {co.ContinualModule, co.FrameLocal}
    assert not missing, "add an example of each to co_perception/continual/gallery.py"


@pytest.mark.parametrize("example", EXAMPLES)
def test_operator_steps_equal_chunks_equal_clip(example):
    module = example.create()
    clip = example.make_clip(2, frames_for(module))
    testing.check_clip(module, clip)
    frame = clip[:, :, 0]
    y, _, _ = module.forward_step(frame, module.init_state(frame))
    assert module.frame_shape(example.shape) == tuple(y.shape[1:])


@pytest.mark.parametrize("example", EXAMPLES)
def test_operator_rows_are_streams_of_their_own(example):
    testing.check_rows(example.create(), example.make_clip(3, 14))


@pytest.mark.parametrize("example", EXAMPLES)
def test_operator_gradients_through_steps_equal_the_clips(example):
    module = example.create()
    testing.check_gradients(module, example.make_clip(2, frames_for(module)))


@pytest.mark.parametrize("example", [e for e in TEMPORAL if not e.values[0].memory])
def test_operator_sees_exactly_the_claimed_frames(example, request):
    module = example.create()
    field, delay, lag = testing.measure_reach(
        module, example.make_clip(2, 3 * module.receptive_field + 2)
    )
    assert (delay, lag >= 0) == (module.delay, True)
    if not request.node.callspec.id.startswith(DELAYS):
        assert field == module.receptive_field


@pytest.mark.parametrize("example", EXAMPLES)
def test_operator_executes_the_ideal_work_and_the_summary_counts_it(example, request):
    module = example.create()
    stride, frames = module.time_stride, 3 * module.receptive_field
    clip = example.make_clip(1, frames + stride)
    ideal = co.count_macs(module, clip) - co.count_macs(module, clip[:, :, :frames])
    state, executed = module.init_state(clip[:, :, 0]), 0
    for phase in range(stride):
        executed += co.count_macs(module.forward_step, clip[:, :, 0], state, phase=phase)
        _, _, state = module.forward_step(clip[:, :, 0], state)
    assert executed == co.summary(module, example.shape).macs * stride
    assert executed <= MOST_WORK * ideal
    if request.node.callspec.id in {e.id for e in TEMPORAL}:
        assert (executed == 0) == request.node.callspec.id.startswith(DELAYS)


@pytest.mark.parametrize("example", TEMPORAL)
def test_operator_step_compiles_as_one_graph(example):
    module = example.create()
    compiled = torch.compile(module.forward_step, fullgraph=True, backend="eager")
    clip, update = example.make_clip(2, 2), torch.tensor([True, False])
    state = theirs = module.init_state(clip[:, :, 0])
    with torch.no_grad():
        for frame in clip.unbind(2):
            y, valid, state = module.forward_step(frame, state, update)
            z, also, theirs = compiled(frame, theirs, update)
            assert torch.equal(y, z) and torch.equal(valid, also)
    torch.compiler.reset()


@pytest.mark.parametrize("example", EXAMPLES)
def test_operator_endures(example, request):
    steps = STEPS if request.node.callspec.id in {e.id for e in TEMPORAL} else FRAME_LOCAL_STEPS
    result = check_endurance(
        example.create(), example.shape, steps=steps, memory=example.memory, period=example.period
    )
    assert result.checks >= 10


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("example", TEMPORAL)
def test_operator_steps_in_other_dtypes(example, dtype):
    module = example.create().to(dtype)
    clip = example.make_clip(2, frames_for(module)).to(dtype)
    tolerance = 1e-12 if dtype == torch.float64 else 0.05  # bfloat16 has 8 bits
    testing.check_clip(module, clip, tolerance=tolerance)
