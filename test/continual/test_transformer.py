# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Transformer encoders: torch.nn.TransformerEncoder on each sliding window is the oracle.

Long runs, other dtypes, compilation and the work that is executed: test_gallery.py.
"""

import pytest
import torch
from torch import nn

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError, StreamError

CHANNELS, HEADS, WINDOW, HIDDEN = 8, 2, 4, 12
LAYERS = [
    co.SingleOutputTransformerEncoderLayer,
    co.RetroactiveTransformerEncoderLayer,
    co.WindowTransformerEncoderLayer,
    co.WindowSingleOutputTransformerEncoderLayer,
]


def make_encoder(depth, seed=0, **options):
    torch.manual_seed(seed)
    encoder = co.TransformerEncoder(depth, CHANNELS, HEADS, WINDOW, HIDDEN, **options)
    for parameter in encoder.parameters():  # biases and gains of norms at 0 and 1 hide mistakes
        if parameter.dim() == 1:
            nn.init.normal_(parameter, 0.5, 0.5)
    return encoder.eval()


def make_twin(encoder, depth, activation="relu", norm_first=False, norm=False):
    """Return torch's encoder with our weights, taken over by their names."""
    layer = nn.TransformerEncoderLayer(
        CHANNELS, HEADS, HIDDEN, activation=activation, norm_first=norm_first, batch_first=True
    )
    last = nn.LayerNorm(CHANNELS) if norm else None
    twin = nn.TransformerEncoder(layer, depth, norm=last, enable_nested_tensor=False)
    twin.load_state_dict(encoder.state_dict())
    return twin.eval()


@torch.no_grad()
def encode_by_torch(twin, clip, causal):
    """Return torch's outputs of each window, one list entry per output frame, (B, D, tokens)."""
    first = 1 if causal else WINDOW
    windows = (clip[:, :, max(0, end - WINDOW) : end] for end in range(first, clip.shape[2] + 1))
    return [twin(window.transpose(1, 2)).transpose(1, 2) for window in windows]


@pytest.mark.parametrize(
    ("activation", "norm_first"), [("relu", False), ("gelu", False), ("gelu", True)]
)
@pytest.mark.parametrize("padding", [0, "causal"])
@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_encoder_steps_equal_torch_on_each_window(depth, padding, activation, norm_first):
    """The peer's defects 1, 2 and 3.

    Its second layer is wrong from step 2 n - 2 on, three layers and more raise AssertionError, and
    "gelu" means relu.
    """
    encoder = make_encoder(
        depth, activation=activation, norm_first=norm_first, norm=norm_first, padding=padding
    )
    twin = make_twin(encoder, depth, activation, norm_first, norm=norm_first)
    clip = torch.randn(2, CHANNELS, 23 + WINDOW)
    expected = [tokens[:, :, -1] for tokens in encode_by_torch(twin, clip, padding == "causal")]
    expected = torch.stack(expected, 2)
    assert expected.shape[2] > 20
    with torch.no_grad():
        steps, valid, _ = encoder.forward_steps(clip, encoder.init_state(clip[:, :, 0]))
        dense = encoder(clip)
    found = steps[:, :, valid[0]]
    assert testing.relative_difference(found, expected) <= testing.TOLERANCE
    assert testing.relative_difference(dense, expected) <= testing.TOLERANCE


@pytest.mark.parametrize("padding", [0, "causal"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_encoder_of_windows_gives_all_tokens_and_their_mask(depth, padding):
    encoder = make_encoder(depth, padding=padding, output="window")
    clip = torch.randn(2, CHANNELS, 11)
    expected = encode_by_torch(make_twin(encoder, depth), clip, padding == "causal")
    state = encoder.init_state(clip[:, :, 0])
    for t, frame in enumerate(clip.unbind(2)):
        y, valid, state = encoder.forward_step(frame, state)
        mask = encoder.token_mask(state)
        assert bool(valid.all()) == (t >= encoder.delay) == bool(mask.any())
        if t >= encoder.delay:
            wanted = expected[t - encoder.delay]
            assert mask.sum(1).tolist() == [wanted.shape[2]] * 2
            assert testing.relative_difference(y[..., mask[0]], wanted) <= testing.TOLERANCE
        assert not y[..., ~mask[0]].any()
    testing.check_clip(encoder, clip)


@pytest.mark.parametrize("padding", [0, "causal"])
@pytest.mark.parametrize("output", ["frame", "window"])
@pytest.mark.parametrize("depth", [1, 3])
def test_encoder_keeps_the_contract(depth, output, padding):
    norms = depth == 3  # before the layers and after the last, or after each
    encoder = make_encoder(depth, padding=padding, output=output, norm_first=norms, norm=norms)
    clip = torch.randn(3, CHANNELS, 10)
    testing.check_clip(encoder, clip)
    testing.check_rows(encoder, clip)
    testing.check_gradients(encoder, clip[:2, :, :7])


@pytest.mark.parametrize("padding", [0, "causal"])
@pytest.mark.parametrize("depth", [1, 2, 6])
def test_receptive_field_does_not_grow_with_depth(depth, padding):
    """All layers look at the same window: a deep encoder of 4 tokens sees 4 frames, not 19."""
    encoder = make_encoder(depth, padding=padding)
    reach = testing.measure_reach(encoder, torch.randn(1, CHANNELS, 16))
    assert reach == (WINDOW, 0 if padding else WINDOW - 1, 0)
    assert reach[:2] == (encoder.receptive_field, encoder.delay)


def test_work_is_what_the_page_of_classes_says():
    dim, heads, window, hidden = CHANNELS, HEADS, WINDOW, HIDDEN
    of_layers = {
        "single": (1, "frame", 4 * dim**2 + 2 * window * dim + 2 * dim * hidden),
        "retroactive": (
            1,
            "window",
            (3 + window) * dim**2 + (window**2 + 2 * window - 1) * dim + window * 2 * dim * hidden,
        ),
    }
    for depth, output, macs in of_layers.values():
        assert co.summary(make_encoder(depth, output=output), (dim,)).macs == macs
    two = co.summary(make_encoder(2), (dim,)).macs
    last = 4 * dim**2 + 2 * heads * window * dim + 2 * dim * hidden
    assert two == of_layers["retroactive"][2] + last
    full = 4 * window * dim**2 + 2 * window**2 * dim + window * 2 * dim * hidden
    assert co.summary(make_encoder(4), (dim,)).macs == two + 2 * full


def test_gelu_is_not_relu():
    """The peer's defect 3: its layer factory takes "gelu" for relu."""
    relu, gelu = make_encoder(1), make_encoder(1, activation="gelu")
    assert torch.equal(relu.layers[0].linear1.weight, gelu.layers[0].linear1.weight)
    clip = torch.randn(1, CHANNELS, 6)
    assert not torch.allclose(relu(clip), gelu(clip), atol=1e-3)


def test_dropout_is_for_training_only():
    encoder = make_encoder(2, dropout=0.3)
    clip = torch.randn(1, CHANNELS, 6)
    assert torch.equal(encoder(clip), encoder(clip))
    encoder.train()
    assert not torch.equal(encoder(clip), encoder(clip))


def test_encoder_inside_a_network_starts_when_its_input_does():
    """Layers before it delay, layers after it pad: masks and positions follow its own clock."""
    torch.manual_seed(0)
    for padding in (0, "causal"):
        network = co.Sequential(
            co.Conv1d(3, CHANNELS, 3, padding=1),
            co.RecyclingPositionalEncoding(CHANNELS, 5),
            co.TransformerEncoder(3, CHANNELS, HEADS, WINDOW, HIDDEN, padding=padding),
            co.Conv1d(CHANNELS, 2, 3, padding=1),
        ).eval()
        clip = torch.randn(3, 3, 16)
        testing.check_clip(network, clip)
        testing.check_rows(network, clip)
        testing.check_gradients(network, clip[:2, :, :9])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_layers": 0}, "num_layers must be at least 1 .* got 0"),
        ({"output": "token"}, r"output one of \['frame', 'window'\], got 1 and 'token'"),
        ({"activation": "silu"}, r"one of \['gelu', 'relu'\] .* got 'silu'"),
        ({"dim_feedforward": 0}, "dim_feedforward at least 1, got 'relu' and 0"),
        ({"nhead": 3}, "multiple of num_heads, got 8 and 3"),
        ({"window": 1}, "window must be at least 2"),
    ],
)
def test_encoder_refuses_bad_options(options, message):
    with pytest.raises(ConfigError, match=message):
        co.TransformerEncoder(
            **{"num_layers": 1, "d_model": 8, "nhead": 2, "window": 4, **options}
        )


def test_encoder_names_what_is_wrong_with_frame_and_state():
    encoder = make_encoder(2)
    frame = torch.randn(2, CHANNELS)
    with pytest.raises(
        ShapeError, match=r"expected frames \(B, 8\), one token each, got \(B, 7\)"
    ):
        encoder.init_state(frame[:, :7])
    state = encoder.init_state(frame)
    with pytest.raises(StreamError, match="only windows have a token mask"):
        encoder.token_mask(state)
    layer = co.RetroactiveTransformerEncoderLayer(CHANNELS, HEADS, WINDOW)
    state = layer.init_state(frame)
    lost = state._replace(layers={"self_attn": state.layers["self_attn"]})
    with pytest.raises(StreamError, match="inputs: expected a window tensor as state"):
        layer.forward_step(frame, lost)
    with pytest.raises(StreamError, match="expected the state of a container"):
        layer.forward_step(frame, state._replace(layers=torch.zeros(2, CHANNELS, 3)))
