# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""co.from_torch on networks as other people wrote them: pytorchvideo's, nothing adapted."""

import copy
import importlib

import pytest
import torch
from torch import nn

from co_perception import continual as co
from co_perception.continual import convert, testing
from co_perception.errors import ConfigError


@pytest.fixture(scope="module")
def slow(video_peers):
    """Make Slow on a ResNet, narrow and shallow, with random statistics."""
    pytest.importorskip("pytorchvideo", reason="compares with pytorchvideo")
    video_peers._import_models()
    resnet = importlib.import_module("pytorchvideo.models.resnet")
    torch.manual_seed(0)
    network = resnet.create_resnet(
        model_depth=50,
        model_num_class=5,
        stem_dim_out=8,
        stem_conv_kernel_size=(1, 7, 7),
        stage_conv_a_kernel_size=((1, 1, 1), (1, 1, 1), (3, 1, 1), (3, 1, 1)),
        head_pool_kernel_size=(4, 1, 1),
        dropout_rate=0.0,
    ).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.8, 1.2)
            nn.init.uniform_(module.weight, 0.5, 1.0)
    return network


def test_body_of_slow_converts_as_it_is(slow):
    body = nn.Sequential(*slow.blocks[:-1])
    network, clip = co.from_torch(body), torch.randn(1, 3, 20, 32, 32)
    with torch.no_grad():
        assert testing.relative_difference(network(clip), body(clip)) <= testing.TOLERANCE
    assert (network.receptive_field, network.delay) == (19, 9)


def test_head_is_named_and_one_registered_function_converts_the_whole(slow, monkeypatch):
    with pytest.raises(ConfigError, match=r"1 module\(s\) of Net .*\n  blocks.5 \(ResNetBasicH"):
        co.from_torch(slow)
    monkeypatch.setattr(convert, "_CONVERTERS", copy.copy(convert._CONVERTERS))

    @co.register_conversion(type(slow.blocks[-1]))
    def convert_head(head, conversion):
        scores = co.Linear(head.proj.in_features, head.proj.out_features)
        scores.load_state_dict(head.proj.state_dict())
        pool = conversion.convert(head.pool, "pool")
        return co.Sequential(pool, scores, co.AdaptiveAvgPool3d(1, window=1), co.Flatten())

    network, clip = co.from_torch(slow), torch.randn(1, 3, 14, 32, 32)
    with torch.no_grad():
        first = clip[:, :, :4]  # as many frames as the pool of the head takes
        difference = testing.relative_difference(network(first)[:, :, 0], slow(first))
    assert difference <= testing.TOLERANCE
    testing.check_clip(network, clip)
