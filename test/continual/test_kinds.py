# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Frames and windows: containers refuse what does not fit, before any frame comes."""

import pytest
import torch

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError


def make_retroactive(window=4):
    return co.RetroactiveMultiheadAttention(4, 2, window)


def test_chains_pass_kinds_on():
    layers = [co.Linear(3, 4), make_retroactive(), co.LayerNorm(4), co.ReLU()]
    chain = co.Sequential(*layers)
    assert (chain.input_kind, chain.output_kind) == ("frame", "window")
    chain.append(co.WindowSingleOutputMultiheadAttention(4, 2, 4)).append(co.Conv1d(4, 2, 3))
    assert (chain.input_kind, chain.output_kind) == ("frame", "frame")
    local = co.Sequential(co.ReLU(), co.Linear(4, 4))
    assert (local.input_kind, local.output_kind) == (None, None)
    testing.check_clip(chain.eval(), torch.randn(2, 3, 12))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: co.Sequential(make_retroactive(), co.Conv2d(4, 4, (3, 1))),
            r"'1' \(Conv2d\) takes a frame, but '0' \(RetroactiveM.*\) gives a window",
        ),
        (
            lambda: co.Sequential(make_retroactive(), co.ReLU(), make_retroactive()),
            r"'2' \(Retroactive.*\) takes a frame, but '0' \(Retroactive.*\) gives a window",
        ),
        (
            lambda: co.Sequential(co.Conv1d(3, 4, 3), co.WindowMultiheadAttention(4, 2, 4)),
            r"'1' \(WindowMultihead.*\) takes a window, but '0' \(Conv1d\) gives a frame",
        ),
        (
            lambda: co.Sequential(make_retroactive()).append(co.AvgPool1d(3)),
            r"'1' \(AvgPool1d\) takes a frame, but '0'",
        ),
        (
            lambda: co.Residual(make_retroactive(), shrink="leading"),
            "Residual: branches need one kind of output, .*'main': 'window', 'shortcut': 'frame'",
        ),
        (
            lambda: co.BroadcastReduce(
                co.WindowMultiheadAttention(4, 2, 4), co.Conv1d(4, 4, 1), reduce="sum"
            ),
            "BroadcastReduce: branches need one kind of input, .*'0': 'window', '1': 'frame'",
        ),
    ],
)
def test_containers_name_both_kinds_that_do_not_fit(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_branches_of_windows_and_another_shape_fit():
    torch.manual_seed(0)
    network = co.Sequential(
        make_retroactive(),
        co.Residual(co.WindowMultiheadAttention(4, 2, 4)),
        co.Residual(co.Delay(2), shrink="lagging"),  # waits for windows too
        co.Flatten(),
        co.Conv1d(16, 3, 3),
    ).eval()
    clip = torch.randn(2, 4, 14)
    testing.check_clip(network, clip)
    testing.check_rows(network, clip)
    pooled = co.Sequential(
        make_retroactive(),
        co.Lambda(lambda x: x.mean(-1), shape=lambda shape: shape[:1]),
        co.Conv1d(4, 2, 3),
    ).eval()
    testing.check_clip(pooled, clip)
