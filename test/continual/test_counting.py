# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The counter of multiply-adds: equal to formulas, and to torch's counter where that has one."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from co_perception import continual as co
from co_perception.errors import ConfigError

TOKENS = torch.randn(2, 5, 8)  # (B, L, D), or (L, B, D)
IMAGES = torch.randn(2, 4, 6, 8)
HEADS = (torch.randn(2, 3, 5, 8), torch.randn(2, 3, 7, 8), torch.randn(2, 3, 7, 4))
ENCODER = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

WITH_FORMULA = [  # torch's counter counts nothing for these
    pytest.param(nn.LSTM(8, 5, 2), (TOKENS,), 2 * 5 * 20 * (8 + 5 + 5 + 5), id="LSTM"),
    pytest.param(
        functional.scaled_dot_product_attention, HEADS, 2 * 3 * 5 * 7 * (8 + 4), id="SDPA"
    ),
    pytest.param(
        nn.MultiheadAttention(8, 2, batch_first=True).eval(),
        (TOKENS, TOKENS, TOKENS),
        2 * 5 * (4 * 8 * 8 + 2 * 5 * 8),
        id="attention",
    ),
    pytest.param(
        ENCODER.eval(), (TOKENS,), 2 * 5 * (4 * 8 * 8 + 2 * 5 * 8 + 2 * 8 * 16), id="encoder"
    ),
    pytest.param(nn.AvgPool1d(2), (TOKENS,), 2 * 5 * 4 * 2, id="AvgPool1d"),
    pytest.param(nn.MaxPool2d(3, 1), (IMAGES,), 2 * 4 * 4 * 6 * 9, id="MaxPool2d"),
    pytest.param(nn.AvgPool3d((2, 3, 2)), (IMAGES,), 2 * 2 * 2 * 4 * 12, id="AvgPool3d"),
    pytest.param(nn.MaxPool3d(2), (IMAGES,), 2 * 4 * 6 * 8, id="MaxPool3d"),
    pytest.param(nn.AdaptiveAvgPool2d(2), (IMAGES,), 2 * 4 * 6 * 8, id="AdaptiveAvgPool2d"),
    pytest.param(nn.AdaptiveMaxPool1d(2), (TOKENS,), 2 * 5 * 8, id="AdaptiveMaxPool1d"),
    pytest.param(lambda x: x.mean((2, 3)), (IMAGES,), 2 * 4 * 6 * 8, id="mean"),
    pytest.param(lambda x: x.max(-1).values, (IMAGES,), 2 * 4 * 6 * 8, id="maximum"),
]

AS_TORCH_COUNTS = [
    pytest.param(nn.Conv2d(4, 6, 3, 2, 1, groups=2), (IMAGES,), id="Conv2d"),
    pytest.param(nn.ConvTranspose2d(4, 6, 3, 2), (IMAGES,), id="ConvTranspose2d"),
    pytest.param(nn.Linear(8, 3), (IMAGES,), id="Linear"),
    pytest.param(nn.GRU(8, 5), (TOKENS,), id="GRU"),
    pytest.param(nn.RNN(8, 5, 2), (TOKENS,), id="RNN"),
    pytest.param(lambda x: torch.einsum("bij,bkj->bik", x, x), (TOKENS,), id="einsum"),
    pytest.param(lambda x: torch.baddbmm(x, x[:, :, :5], x), (TOKENS,), id="baddbmm"),
]

FREE = [
    pytest.param(nn.BatchNorm2d(4).eval(), IMAGES, id="BatchNorm2d"),
    pytest.param(nn.LayerNorm(8), IMAGES, id="LayerNorm"),
    pytest.param(nn.GroupNorm(2, 4), IMAGES, id="GroupNorm"),
    pytest.param(nn.Softmax(-1), IMAGES, id="Softmax"),
    pytest.param(nn.GELU(), IMAGES, id="GELU"),
    pytest.param(lambda x: torch.max(x, 2 * x) + x, IMAGES, id="one by one"),
    pytest.param(lambda x: (x > 0).sum(), IMAGES, id="counting"),
]


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize(("function", "inputs", "expected"), WITH_FORMULA)
def test_count_equals_the_formula(function, inputs, expected, mode):
    with mode():
        assert co.count_macs(function, *inputs) == expected


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize(("function", "inputs"), AS_TORCH_COUNTS)
def test_count_agrees_with_torch_where_that_has_a_formula(function, inputs, mode):
    with mode(), FlopCounterMode(display=False) as theirs:
        function(*inputs)
    with mode():
        count = co.count_macs(function, *inputs)
    assert count == theirs.get_total_flops() // 2 > 0


@pytest.mark.parametrize(("function", "x"), FREE)
def test_arithmetic_number_by_number_counts_nothing(function, x):
    assert co.count_macs(function, x) == 0


def test_counts_are_listed_by_operation():
    network = nn.Sequential(nn.Conv2d(4, 6, 3), nn.ReLU(), nn.AvgPool2d(2))
    assert co.count_macs_by_operation(network, IMAGES) == {
        "convolution": 2 * 6 * 4 * 6 * 4 * 9,
        "avg_pool2d": 2 * 6 * 2 * 3 * 4,
    }


def test_meta_device_counts_by_shapes_alone():
    conv = nn.Conv3d(512, 512, 3, padding=1, device="meta")
    clip = torch.empty(8, 512, 64, 224, 224, device="meta")
    assert co.count_macs(conv, clip) == clip.numel() * 512 * 27


def test_work_that_no_rule_covers_is_an_error_and_not_a_zero():
    with pytest.raises(ConfigError, match=r"no rule for the operation aten\._trilinear"):
        co.count_macs(nn.Bilinear(8, 8, 3), TOKENS, TOKENS)
    conv, x = nn.Conv2d(4, 6, 3), IMAGES.clone().requires_grad_()

    def train():
        with torch.enable_grad():
            conv(x).sum().backward()

    with pytest.raises(ConfigError, match="eval mode and without a backward pass"):
        co.count_macs(train)
