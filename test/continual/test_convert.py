# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""co.from_torch: random networks of torch.nn, layer by layer, and all that is refused."""

import copy
from collections import OrderedDict

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError

pytestmark = pytest.mark.filterwarnings(  # of torch, about its own speed
    "ignore:LSTM with projections:UserWarning",
    "ignore:Using padding='same' with even kernel:UserWarning",
)

PROOF = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
WIDTH = 4
SPACE = (5, 6)
CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
AVG = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
MAX = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
ACTIVATIONS = (nn.ReLU, nn.GELU, nn.SiLU, nn.Softplus, nn.Identity, lambda: nn.Softmax(dim=1))


def make_clip(rank, frames, rows=2):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, WIDTH, frames, *SPACE[: rank - 1], generator=generator)


def make_conv(draw, rank):
    kernel = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    stride = (draw(st.integers(1, 2)), *(1,) * (rank - 1))
    dilation = (draw(st.integers(1, 2)), *(1,) * (rank - 1))
    padding = (draw(st.integers(0, dilation[0] * (kernel[0] - 1))), *(k // 2 for k in kernel[1:]))
    mode = draw(st.sampled_from(["zeros", "replicate"]))
    groups = draw(st.sampled_from([1, 2]))
    return CONV[rank - 1](
        WIDTH, WIDTH, kernel, stride, padding, dilation, groups, padding_mode=mode
    )


def make_same(draw, rank):
    kernel = (draw(st.integers(1, 4)), *(3,) * (rank - 1))
    return CONV[rank - 1](WIDTH, WIDTH, kernel, padding="same", bias=False)


def make_norm(draw, rank):
    norm = NORM[rank - 1](WIDTH, affine=draw(st.booleans()))
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    return norm


def make_avg(draw, rank):
    kernel = draw(st.integers(1, 3))
    options = {"padding": draw(st.integers(0, kernel // 2))}
    return AVG[rank - 1](kernel, 1, count_include_pad=draw(st.booleans()), **options)


def make_max(draw, rank):
    kernel, dilation = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    return MAX[rank - 1](kernel, 1, kernel // 2, dilation)


def make_nested(draw, rank):
    return nn.Sequential(OrderedDict(conv=make_conv(draw, rank), norm=make_norm(draw, rank)))


MAKERS = [
    make_conv,
    make_same,
    make_norm,
    make_avg,
    make_max,
    make_nested,
    lambda draw, rank: draw(st.sampled_from(ACTIVATIONS))(),
    lambda draw, rank: nn.Dropout(0.5),
]


@st.composite
def networks(draw):
    torch.manual_seed(draw(st.integers(0, 1000)))
    rank = draw(st.integers(1, 3))
    makers = draw(st.lists(st.sampled_from(range(len(MAKERS))), min_size=1, max_size=4))
    return rank, nn.Sequential(*(MAKERS[i](draw, rank) for i in makers)).eval()


@settings(PROOF, max_examples=40)
@given(networks(), st.integers(0, 6))
def test_converted_network_is_the_original_in_clips_and_steps(drawn, more):
    rank, original = drawn
    before = copy.deepcopy(original.state_dict())
    network = co.from_torch(original)
    clip = make_clip(rank, network.receptive_field + more)
    assert testing.relative_difference(network(clip), original(clip)) <= testing.TOLERANCE
    testing.check_clip(network, clip)
    for key, value in network.state_dict().items():  # affine=False: ours has ones and zeros there
        assert key not in before or torch.equal(value, before[key])
    assert set(before) <= set(network.state_dict())


@settings(PROOF, max_examples=10)
@given(networks(), st.integers(0, 100))
def test_converted_network_keeps_rows_apart_and_has_the_originals_gradients(drawn, seed):
    rank, original = drawn
    network = co.from_torch(original)
    testing.check_rows(network, make_clip(rank, 16, rows=3), seed)
    clip = make_clip(rank, network.receptive_field + 3)
    theirs = dict(original.named_parameters())
    if not theirs:
        return
    weights = torch.randn_like(original(clip))
    original(clip).mul(weights).sum().backward()
    network(clip).mul(weights).sum().backward()
    scale = max(float(p.grad.abs().max()) for p in theirs.values())
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            difference = (parameter.grad - theirs[name].grad).abs().max()
            assert difference <= 10 * testing.TOLERANCE * scale


class Residual(nn.Module):
    """A block as people write it."""

    def __init__(self, stride=1, project=False):
        super().__init__()
        self.conv1 = nn.Conv2d(WIDTH, WIDTH, 3, (stride, 1), 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(WIDTH, WIDTH, (5, 1), padding=(2, 0))
        self.downsample = nn.Conv2d(WIDTH, WIDTH, 1, (stride, 1)) if project else None

    def forward(self, x):
        shortcut = x
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.conv2(y)
        if self.downsample is not None:
            shortcut = self.downsample(x)
        y += shortcut
        return self.relu(y)


class Mixed(nn.Module):
    """Paths that part twice, functions, numbers, a child used twice."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, (5, 1), padding=(2, 0))
        self.gate = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Sigmoid())
        self.c = nn.Conv2d(12, 4, (3, 1), padding=(1, 0))

    def forward(self, x):
        a = torch.relu(self.a(x)) * self.gate(x)
        inner = nn.functional.relu(a + x, inplace=False)
        y = torch.cat([inner, self.b(x).tanh(), 0.5 * x + 1], dim=1)
        return torch.maximum(self.c(y), x)


class Head(nn.Module):
    """Pools, flattens and classifies."""

    def __init__(self):
        super().__init__()
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(WIDTH, 3)

    def forward(self, x):
        return self.fc(torch.flatten(self.pool(x), 1))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Residual, id="residual"),
        pytest.param(lambda: Residual(stride=2, project=True), id="strided"),
        pytest.param(Mixed, id="mixed"),
        pytest.param(lambda: nn.Sequential(Residual(), Mixed(), Residual(2, True)), id="deep"),
    ],
)
def test_forwards_of_their_own_are_followed(make):
    torch.manual_seed(0)
    original = make().eval()
    network, clip = co.from_torch(original), make_clip(2, 14)
    assert testing.relative_difference(network(clip), original(clip)) <= testing.TOLERANCE
    testing.check_clip(network, clip)
    testing.check_rows(network, make_clip(2, 16, rows=3))


def test_clip_classifier_becomes_one_of_every_frame():
    torch.manual_seed(0)
    original = nn.Sequential(nn.Conv2d(4, 4, 3), Residual(), Head(), nn.Softmax(dim=-1)).eval()
    network = co.from_torch(original, window=6)
    clip = make_clip(2, 20)
    for start in range(13):  # the first convolution takes 2 of 8 frames
        for_clip = original(clip[:, :, start : start + 8])
        alone = network(clip[:, :, start : start + 8])
        assert alone.shape == (2, 3, 1)
        assert testing.relative_difference(alone[:, :, 0], for_clip) <= testing.TOLERANCE
    testing.check_clip(network, clip)


def test_spatial_pools_and_flattening_leave_time():
    original = nn.Sequential(
        nn.Conv3d(4, 4, 3, padding=1),
        nn.AdaptiveMaxPool3d((None, 2, 3)),
        nn.Flatten(3),
        nn.Unflatten(3, (3, 2)),
        nn.Softmax(dim=-1),
    )
    network, clip = co.from_torch(original), make_clip(3, 6)
    assert testing.relative_difference(network(clip), original(clip)) <= testing.TOLERANCE
    testing.check_clip(network, clip)


def test_sequence_networks_move_channels_to_axis_1():
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.GLU(dim=-1), nn.Linear(4, 3))
    sequence = torch.randn(2, 9, 6)  # (B, T, C)
    network = co.from_torch(body)
    expected = body(sequence).transpose(1, 2)
    assert (
        testing.relative_difference(network(sequence.transpose(1, 2)), expected)
        <= testing.TOLERANCE
    )
    testing.check_clip(network, sequence.transpose(1, 2))


@pytest.mark.parametrize(
    "original",
    [
        nn.RNN(6, 5, 2, nonlinearity="relu", batch_first=True),
        nn.LSTM(6, 5, 2, proj_size=3, batch_first=True),
        nn.GRU(6, 5, bias=False, batch_first=True),
    ],
    ids=lambda m: type(m).__name__,
)
def test_recurrences_give_the_originals_sequence(original):
    sequence = torch.randn(2, 9, 6)
    network = co.from_torch(original)
    expected = original(sequence)[0].transpose(1, 2)
    assert (
        testing.relative_difference(network(sequence.transpose(1, 2)), expected)
        <= testing.TOLERANCE
    )
    testing.check_clip(network, sequence.transpose(1, 2))
    with pytest.raises(ConfigError, match="GRU: bidirectional is refused"):
        co.from_torch(nn.GRU(6, 5, bidirectional=True))


def make_encoder(**options):
    layer = nn.TransformerEncoderLayer(
        8, 2, 16, batch_first=True, activation="gelu", norm_first=True, **options
    )
    return nn.TransformerEncoder(layer, 2, nn.LayerNorm(8), enable_nested_tensor=False).eval()


def test_transformer_encoders_look_at_the_window():
    torch.manual_seed(0)
    sequence = torch.randn(2, 12, 8)
    for original in (make_encoder(), make_encoder().layers[0]):
        network = co.from_torch(original, window=5)
        steps = network(sequence.transpose(1, 2))
        for i in range(8):
            newest = original(sequence[:, i : i + 5])[:, -1]
            assert testing.relative_difference(steps[:, :, i], newest) <= testing.TOLERANCE
        testing.check_clip(network, sequence.transpose(1, 2))


def test_weights_are_copied_or_shared_as_asked():
    original = nn.Sequential(nn.Conv1d(4, 4, 3), nn.BatchNorm1d(4)).train()
    twin, shared = co.from_torch(original), co.from_torch(original, share=True)
    assert twin.training and shared[1].training
    original[0].weight.data.add_(1.0)
    original(torch.randn(3, 4, 8))
    assert shared[0].weight is original[0].weight
    assert torch.equal(shared[1].running_mean, original[1].running_mean)
    assert not torch.equal(twin[0].weight, original[0].weight)
    assert not torch.equal(twin[1].running_mean, original[1].running_mean)
    twin.load_state_dict(original.state_dict())
    assert torch.equal(twin[0].weight, original[0].weight)


def test_modes_dtype_frozen_weights_and_random_numbers_stay():
    original = nn.Sequential(nn.Conv1d(4, 4, 3), nn.Sequential(nn.BatchNorm1d(4))).double()
    original[0].weight.requires_grad_(False)
    original[1].eval()
    before = torch.random.get_rng_state()
    network = co.from_torch(original)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert network.training and not network[1].training and not network[1][0].training
    assert network[0].weight.dtype == torch.float64
    assert not network[0].weight.requires_grad and network[0].bias.requires_grad


def test_continual_modules_and_plain_subclasses_pass():
    class Stem(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Conv1d(4, 4, 3), nn.ReLU())

    class Named(nn.Conv1d):
        label = "stem"

    class Act(nn.LeakyReLU):
        pass

    class Pool(nn.MaxPool1d):
        pass

    children = [Stem(), Named(4, 4, 1), Act(0.3), Pool(2, 1), co.Delay(2)]
    network = co.from_torch(nn.Sequential(*children))
    kinds = ["Sequential", "Conv1d", "LeakyReLU", "MaxPool1d", "Delay"]
    assert [type(m).__name__ for m in network] == kinds
    assert network[2].negative_slope == 0.3

    class Doubled(nn.Conv1d):
        def _conv_forward(self, *args):
            return 2 * super()._conv_forward(*args)

    with pytest.raises(ConfigError, match=r"itself \(Doubled\): has a forward"):
        co.from_torch(Doubled(4, 4, 1))


def test_conversions_of_ones_own_modules_are_registered():
    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.main, self.other = nn.Conv1d(4, 4, 3, padding=1), nn.Conv1d(4, 4, 1)

        def forward(self, x):
            return torch.stack([self.main(x), self.other(x)]).sum(0)

    @co.register_conversion(Wrapped)
    def convert_wrapped(module, conversion):
        assert conversion.window == 3
        children = {"main": module.main, "other": module.other}
        return co.BroadcastReduce(conversion.convert_branches(children))

    original, clip = nn.Sequential(Wrapped(), nn.ReLU()), make_clip(1, 9)
    network = co.from_torch(original, window=3)
    assert testing.relative_difference(network(clip), original(clip)) <= testing.TOLERANCE
    testing.check_clip(network, clip)
    assert set(network.state_dict()) == set(original.state_dict())


def test_removed_parametrisation_converts():
    conv = parametrizations.weight_norm(nn.Conv1d(4, 4, 3))
    parametrize.remove_parametrizations(conv, "weight")
    clip = make_clip(1, 8)
    assert torch.equal(co.from_torch(conv)(clip), conv(clip))
