# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Conditional: the choice per row and frame, and the static one."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError

PROOF = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def is_bright(frame):
    return frame.flatten(1).mean(1) > 0


def make_branches(draw):
    stride, lost = draw(st.integers(1, 2)), draw(st.integers(0, 2))
    convs = []
    for _ in range(2):
        kernel = draw(st.integers(lost + 1, lost + 3))
        left = draw(st.integers(0, kernel - 1 - lost))
        padding = ((left, kernel - 1 - lost - left),)
        convs.append(co.Conv1d(3, 4, kernel, stride=stride, padding=padding))
    return convs


@st.composite
def conditionals(draw):
    torch.manual_seed(draw(st.integers(0, 1000)))
    return co.Conditional(is_bright, *make_branches(draw))


@settings(PROOF, max_examples=30)
@given(conditionals(), st.integers(0, 10))
def test_steps_choose_as_the_clip_does(net, more):
    clip = torch.randn(2, 3, 5 + more)
    yes, no = net.on_true(clip), net.on_false(clip)
    for row in range(2):
        for i in range(yes.shape[2]):
            chosen = yes if is_bright(clip[:, :, i * net.time_stride])[row] else no
            assert torch.equal(net(clip)[row, :, i], chosen[row, :, i])
    testing.check_clip(net, clip)
    testing.check_phases(net, clip)


@settings(PROOF, max_examples=10)
@given(conditionals(), st.integers(0, 100))
def test_rows_choose_on_their_own_and_gradients_flow(net, seed):
    testing.check_rows(net, torch.randn(3, 3, 25), seed)
    testing.check_gradients(net, torch.randn(2, 3, 10))


def test_outputs_of_padding_alone_count_as_false():
    net = co.Conditional(
        lambda frame: torch.ones_like(frame[:, 0], dtype=torch.bool),
        co.Conv1d(2, 2, 3, padding=2),
        co.Conv1d(2, 2, 3, padding=2),
    )
    clip = torch.randn(1, 2, 4)  # 6 outputs: the last two have no frame of their own
    assert torch.equal(net(clip)[:, :, :4], net.on_true(clip)[:, :, :4])
    assert torch.equal(net(clip)[:, :, 4:], net.on_false(clip)[:, :, 4:])
    testing.check_clip(net, clip)


def test_without_a_second_branch_the_input_goes_on():
    net = co.Conditional(is_bright, co.Sequential(co.Conv1d(3, 3, 3, padding=1), co.Multiply(9.0)))
    clip = torch.randn(2, 3, 12)
    bright = torch.stack([is_bright(frame) for frame in clip.unbind(2)], 1).unsqueeze(1)
    expected = torch.where(bright, net.on_true(clip), clip)
    assert testing.relative_difference(net(clip), expected) <= testing.TOLERANCE
    testing.check_clip(net, clip)


def test_choice_of_images_is_by_the_frame():
    net = co.Conditional(is_bright, co.MaxPool3d((2, 1, 1), padding=("causal", 0, 0)), co.ReLU())
    testing.check_clip(net, torch.randn(2, 3, 8, 4, 5))
    testing.check_rows(net, torch.randn(3, 3, 12, 4, 5))


@pytest.mark.parametrize("holds", [True, False])
def test_static_choice_runs_one_branch_and_keeps_the_other_state(holds):
    torch.manual_seed(0)
    wide, narrow = co.Conv1d(3, 3, 5, padding=2), co.Conv1d(3, 3, 3, padding=1)
    net = co.Conditional(holds, wide, narrow)
    clip = torch.randn(2, 3, 12)
    assert torch.equal(net(clip), (wide if holds else narrow)(clip))
    assert net.delay == 2
    testing.check_clip(net, clip)
    _, _, state = net.forward_steps(clip, net.init_state(clip[:, :, 0]))
    idle = state.layers["on_false" if holds else "on_true"]
    assert not idle.any()
    names = [layer.name for layer in co.summary(net, (3,)).layers]
    assert names == (["on_true"] if holds else ["on_false", "on_false_wait"])


def test_static_function_sees_module_and_shape():
    net = co.Sequential(
        co.Conditional(lambda module, shape: not module.training, co.Softmax(dim=1), static=True),
        co.Conditional(lambda module, shape: shape[0] > 2, co.Multiply(2.0), static=True),
    )
    clip = torch.randn(2, 3, 5)
    assert torch.equal(net.train()(clip), 2 * clip)
    assert torch.equal(net.eval()(clip), 2 * clip.softmax(1))
    testing.check_clip(net, clip)
    assert torch.equal(net(clip[:, :2]), clip[:, :2].softmax(1))


def test_step_with_a_choice_compiles_as_one_graph():
    net = co.Conditional(is_bright, co.Conv1d(3, 3, 3, padding=1), co.Identity())
    frame = torch.randn(2, 3)
    state = net.init_state(frame)
    compiled = torch.compile(net.forward_step, fullgraph=True, backend="eager")
    for ours, theirs in zip(net.forward_step(frame, state)[:2], compiled(frame, state)[:2]):
        assert torch.equal(ours, theirs)
    torch.compiler.reset()


def test_decisions_in_python_on_numbers_are_refused():
    frame = torch.ones(2, 3)
    by_python = co.Conditional(lambda x: bool(x.mean() > 0), co.Identity())
    with pytest.raises(ConfigError, match=r"\(B,\) bool tensor, one decision per row, got bool"):
        by_python.forward_step(frame, by_python.init_state(frame))
    for_all = co.Conditional(lambda x: x.mean() > 0, co.Identity())
    with pytest.raises(ShapeError, match=r"shape \(2,\) bool, one decision per row, got \(\)"):
        for_all.forward_step(frame, for_all.init_state(frame))
    static = co.Conditional(lambda module, shape: frame.mean() > 0, co.Identity(), static=True)
    with pytest.raises(ConfigError, match="static predicate must give a bool, got Tensor"):
        static(torch.ones(2, 3, 4))
    with pytest.raises(ConfigError, match="must be a bool or a function, got 1"):
        co.Conditional(1, co.Identity())
    with pytest.raises(ShapeError, match=r"one shape to .*\[\(3,\), \(2,\)\]"):
        co.Conditional(True, co.Identity(), co.Linear(3, 2)).init_state(frame)
