# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What `from_torch` refuses, and the reasons and ways out that it gives."""

from collections import OrderedDict

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from co_perception import continual as co
from co_perception.errors import ConfigError


class Scale(nn.Module):
    """Uses a weight of its own, which is not followed."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return x * self.weight


def test_all_that_cannot_be_converted_is_listed_with_its_path():
    network = nn.Sequential(
        OrderedDict(
            stem=nn.Conv1d(4, 4, 3, padding=1, padding_mode="circular"),
            body=nn.Sequential(nn.ConvTranspose1d(4, 4, 3), nn.GroupNorm(2, 4)),
            scale=Scale(),
            head=nn.AdaptiveAvgPool1d(1),
        )
    )
    with pytest.raises(ConfigError, match=r"5 module\(s\) of Sequential cannot") as caught:
        co.from_torch(network)
    for line in (
        "stem (Conv1d): pads time in mode 'circular'",
        "body.0 (ConvTranspose1d): spreads one frame over several outputs",
        "body.1 (GroupNorm): normalises over time, of which a step knows one frame; co.GroupNorm",
        "scale (Scale): has a forward with 'get_attr weight', which is not followed; write it",
        "head (AdaptiveAvgPool1d): pools the whole clip, and a stream has no whole; give from_",
        "tell how with co.register_conversion",
    ):
        assert line in str(caught.value)


class Undecided(nn.Module):
    def forward(self, x):
        return x if x.mean() > 0 else -x


class TwoInputs(nn.Module):
    def forward(self, x, y):
        return x + y


class Crossing(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv1d(4, 4, 1), nn.Conv1d(4, 4, 1)

    def forward(self, x):
        a = self.a(x)
        return (a + self.b(x)) * a


class Lengths(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv1d(4, 4, 3)

    def forward(self, x):
        return self.a(x) + self.a(x)[:, :, :1]


def make_layer(**options):
    return nn.TransformerEncoderLayer(
        8, 2, 16, batch_first=True, activation="gelu", norm_first=True, **options
    )


def with_hook():
    conv = nn.Conv1d(4, 4, 3)
    conv.register_forward_hook(lambda *_: None)
    return conv


GONE = [nn.Conv1d(4, 4, 3), nn.AdaptiveAvgPool1d(1), nn.Flatten()]
REFUSED = [
    (nn.Conv2d(4, 4, 2, padding="same"), "pads an axis of space by one more behind"),
    (nn.Conv1d(4, 4, 3, padding=3), r"time padding must be 0\.\.2"),
    (nn.LazyConv1d(4, 3), "has no weights yet; run the network on a clip first"),
    (parametrizations.weight_norm(nn.Conv1d(4, 4, 3)), "remove_parametrizations first"),
    (with_hook(), "has forward hooks, which would be lost"),
    (nn.AvgPool1d(2, ceil_mode=True), r"smaller window \(ceil_mode=True\)"),
    (nn.MaxPool1d(2, return_indices=True), "returns the places of its maxima"),
    (nn.AdaptiveMaxPool1d(1, return_indices=True), "returns the places of its maxima"),
    (nn.AvgPool2d(2, divisor_override=3), "has a divisor of its own"),
    (nn.AdaptiveAvgPool1d(3), "makes 3 frames of a clip of any length"),
    (nn.BatchNorm1d(4, track_running_stats=False), "has no running statistics"),
    (nn.BatchNorm1d(4, momentum=None), "set a momentum"),
    (nn.InstanceNorm1d(4), "normalises over time, .* co.InstanceNorm"),
    (nn.LayerNorm((4, 5)), "normalises over the last 2 axes at once"),
    (nn.Sequential(nn.Conv1d(4, 4, 3), nn.Linear(4, 4)), "last axis, which is time in the clips"),
    (nn.Sequential(nn.Conv2d(4, 4, 3), nn.Linear(4, 4)), "which is an axis of space"),
    (nn.Sequential(nn.Linear(4, 4), nn.Conv1d(4, 4, 3)), "its input would be time"),
    (nn.Sequential(nn.Conv1d(4, 4, 3), nn.Flatten()), "merges time with other axes"),
    (nn.Flatten(0), "merges rows, which are streams"),
    (nn.Unflatten(1, (2, 2)), "splits the channels, which moves time; only axes after time"),
    (nn.Unflatten(2, (2, 2)), "splits time"),
    (nn.Unflatten(-1, (2, 2)), "counts axis -1 from the end of data whose axes no layer"),
    (nn.Softmax(dim=2), "dim 2 is time"),
    (nn.Softmax(), "leaves its axis to torch to guess"),
    (nn.Sequential(*GONE, nn.Conv1d(4, 4, 1)), "the layers before it flattened time away"),
    (nn.Sequential(*GONE[:2], nn.Conv1d(4, 4, 3)), "pooled the clip to one frame"),
    (nn.Sequential(nn.Linear(4, 4), nn.PReLU(4)), "one slope per entry of axis 1, which is time"),
    (nn.Fold(3, 3), "has no continual form here"),
    (nn.ModuleList([nn.ReLU()]), "holds modules but no forward"),
    (make_layer(bias=False), "linear maps without bias"),
    (Undecided(), r"forward that cannot be followed \(TraceError: symbolically traced"),
    (TwoInputs(), "other than one input and one output"),
    (Crossing(), "uses 'a' in paths that do not meet again in one place"),
    (Lengths(), "forward with 'getitem', which is not followed"),
]


@pytest.mark.parametrize(("module", "match"), REFUSED, ids=lambda c: str(c)[:28])
def test_what_cannot_be_converted_says_why(module, match):
    with pytest.raises(ConfigError, match=match):
        co.from_torch(module, window=3)


def test_whole_clip_layers_need_a_window():
    encoder = nn.TransformerEncoder(make_layer(), 2, enable_nested_tensor=False)
    for module in (encoder, make_layer(), nn.AdaptiveAvgPool1d(1)):
        with pytest.raises(ConfigError, match=r"has no whole; give from_torch\(\.\.\., w"):
            co.from_torch(module)
