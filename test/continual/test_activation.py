# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Activations and dropout are torch.nn's, and those along an axis never work over time."""

import inspect

import pytest
import torch
from torch import nn

from co_perception import continual as co
from co_perception.continual import activation, testing
from co_perception.errors import ConfigError, ShapeError

CLIP = 2.0 * torch.randn(3, 4, 9, 6, generator=torch.Generator().manual_seed(0))
ALONG = ("GLU", "LogSoftmax", "Softmax", "Softmin")
ONE_BY_ONE = [name for name in activation.__all__ if name not in ALONG]
IN_PLACE = [
    name
    for name in (*ONE_BY_ONE, "Dropout", "AlphaDropout")
    if "inplace" in inspect.signature(getattr(nn, name).__init__).parameters
]


def make(module, name):
    arguments = (0.1, 20.0) if name == "Threshold" else ()
    return getattr(module, name)(*arguments).eval()


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_activation_is_torchs(name):
    ours, twin = make(co, name), make(nn, name)
    assert isinstance(ours, type(twin))
    assert torch.equal(ours(CLIP), twin(CLIP))
    y, valid, _ = ours.forward_step(CLIP[:, :, 0], ours.init_state(CLIP[:, :, 0]))
    assert valid.all()
    assert testing.relative_difference(y, twin(CLIP)[:, :, 0]) <= testing.TOLERANCE


@pytest.mark.parametrize("name", IN_PLACE)
def test_no_module_works_in_place(name):
    module = getattr(co, name)(*((0.1, 20.0) if name == "Threshold" else ()), inplace=True)
    frame = CLIP[:, :, 0].clone()
    module.forward_step(frame, module.init_state(frame))
    assert torch.equal(frame, CLIP[:, :, 0]) and not module.inplace


def test_an_activation_in_place_leaves_the_state_behind_a_delay_alone():
    ours, plain = (co.Sequential(co.Delay(2), co.ReLU(inplace=i)) for i in (True, False))
    testing.check_clip(ours, CLIP)
    state = theirs = ours.init_state(CLIP[:, :, 0])
    for frame in CLIP.unbind(2):
        _, _, state = ours.forward_step(frame, state)
        _, _, theirs = plain.forward_step(frame, theirs)
    assert torch.equal(state.layers["0"], theirs.layers["0"])


@pytest.mark.parametrize("name", ALONG)
@pytest.mark.parametrize("dim", [1, 3, -1, -3])
def test_activation_along_an_axis_is_torchs(name, dim):
    ours, twin = getattr(co, name)(dim), getattr(nn, name)(dim=dim)
    assert testing.relative_difference(ours(CLIP), twin(CLIP)) <= testing.TOLERANCE
    testing.check_clip(ours, CLIP)
    shape = ours.frame_shape((4, 6))
    assert shape == tuple(twin(CLIP)[:, :, 0].shape[1:])


@pytest.mark.parametrize("name", ALONG)
def test_activation_refuses_time(name):
    kind = getattr(co, name)
    with pytest.raises(ConfigError, match=r"dim 2 is time, .* use dim 1 \(channels\)"):
        kind(2)
    with pytest.raises(ConfigError, match="dim 0 is the row"):
        kind(0)
    for module, clip in [(kind(-1), torch.zeros(2, 4, 9)), (kind(-2), CLIP)]:
        with pytest.raises(ShapeError, match=r"no axis of channels or space .* over time"):
            module(clip)
        with pytest.raises(ShapeError, match=r"no axis of channels or space .* over time"):
            module.init_state(clip[:, :, 0])


def test_glu_needs_two_halves():
    with pytest.raises(ShapeError, match=r"even size on axis 1, got frames of \(B, 3, 6\)"):
        co.GLU().init_state(torch.zeros(1, 3, 6))


@pytest.mark.parametrize("name", ["Dropout1d", "Dropout2d", "Dropout3d"])
def test_channel_dropout_takes_whole_channels(name):
    drop = getattr(co, name)(0.5).train()
    torch.manual_seed(0)
    kept = drop(torch.ones(8, 16, 5, 3)).flatten(2)
    assert set(kept.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(kept.amin(2), kept.amax(2))  # all of a channel or nothing of it
    frame = torch.ones(8, 16)
    y, _, _ = drop.forward_step(frame, drop.init_state(frame))
    assert set(y.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(drop.eval()(CLIP), CLIP)
    with pytest.raises(ConfigError, match=r"p of 0\.\.1, got 1\.5"):
        getattr(co, name)(1.5)
