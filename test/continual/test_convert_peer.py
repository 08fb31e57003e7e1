# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Conversions that continual-inference 1.2.4 lacks (defect 12), and ours of the same modules."""

import pytest
import torch
from torch import nn

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError


def test_peer_defect_12_flatten_sync_batch_norm_and_dilation_are_converted():
    """continual-inference 1.2.4 refuses all three."""
    torch.manual_seed(0)
    original = nn.Sequential(
        nn.Conv3d(4, 4, 3, dilation=(2, 1, 1), padding=(2, 1, 1)),
        nn.SyncBatchNorm(4),
        nn.AdaptiveAvgPool3d(1),
        nn.Flatten(),
        nn.Linear(4, 2),
    ).eval()
    network, clip = co.from_torch(original, window=7), torch.randn(2, 4, 7, 5, 6)
    assert testing.relative_difference(network(clip)[:, :, 0], original(clip)) <= testing.TOLERANCE
    testing.check_clip(network, torch.randn(2, 4, 12, 5, 6))


def test_peer_defect_12_conv_transpose_and_attention_are_refused_with_a_way_out():
    with pytest.raises(ConfigError, match="at most: use a convolution"):
        co.from_torch(nn.ConvTranspose3d(3, 3, 3))
    with pytest.raises(ConfigError, match="load its state dict into co.SingleOutputMultihead"):
        co.from_torch(nn.MultiheadAttention(4, 2))


@pytest.mark.filterwarnings("ignore")  # the peer's own, of functions that torch gave up
@pytest.mark.parametrize(
    "module",
    [
        nn.Flatten(),
        nn.SyncBatchNorm(4),
        nn.Conv1d(4, 4, 3, dilation=2),
        nn.ConvTranspose1d(4, 4, 3),
        nn.MultiheadAttention(4, 2),
    ],
    ids=lambda module: type(module).__name__,
)
def test_peer_defect_12_is_the_peers(module):
    peer = pytest.importorskip("continual", reason="compares with continual-inference")
    with pytest.raises(AssertionError, match=r"registered conversion|dilation > 1 is not"):
        peer.continual(module)
