# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Attention beside the continual-inference library: alike where it is right, and where it is not.

Its defects are shown on it with an oracle of torch.nn, which ours is held to as well.
"""

import pytest
import torch
from torch import nn

from co_perception import continual as co
from co_perception.continual import testing

peer = pytest.importorskip("continual", reason="requirements/peers.txt is not installed")

CHANNELS, HEADS, WINDOW, HIDDEN = 8, 2, 4, 12


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def make_theirs(kind):
    """Return the peer's attention, batch and channels first as ours."""
    options = {"batch_first": True, "embed_dim_second": True, "forward_returns_attn_mask": False}
    return getattr(peer, kind)(CHANNELS, HEADS, sequence_len=WINDOW, **options).eval()


def make_their_encoder(layers, activation="relu"):
    factory = peer.TransformerEncoderLayerFactory(
        CHANNELS, HEADS, HIDDEN, 0.0, activation, sequence_len=WINDOW
    )
    return peer.TransformerEncoder(factory, num_layers=layers).eval()


def share_weights(ours, theirs):
    """Copy ours to theirs by the ends of names; layers in their order."""
    mine, other = list_weights(ours), list_weights(theirs)
    assert mine.keys() == other.keys()
    for end, weights in mine.items():
        for source, target in zip(weights, other[end], strict=True):
            target.data.copy_(source.data)


def list_weights(module):
    """Return weights by the last two parts of their names; the peer wraps some in an `fn`."""
    weights = {}
    for name, weight in module.named_parameters():
        end = ".".join(name.replace("fn.", "").replace("pe.", "").split(".")[-2:])
        weights.setdefault(end, []).append(weight)
    return weights


@torch.no_grad()
def step_both(ours, theirs, clip):
    """Return the outputs from step n - 1 on, where both answer, and the peer's answer is whole."""
    state, mine, other = ours.init_state(clip[:, :, 0]), [], []
    for t, frame in enumerate(clip.unbind(2)):
        y, valid, state = ours.forward_step(frame, state)
        z = theirs.forward_step(frame)
        assert bool(valid.all()) == (t >= WINDOW - 1) == isinstance(z, torch.Tensor)
        if t >= WINDOW - 1:
            mine.append(y)
            other.append(z.reshape(y.shape))
    return torch.stack(mine), torch.stack(other)


def encode_windows(encoder, depth, clip):
    """Return what torch.nn makes of the newest token of each window, (T_out, B, D)."""
    layer = nn.TransformerEncoderLayer(CHANNELS, HEADS, HIDDEN, batch_first=True)
    twin = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False).eval()
    twin.load_state_dict(encoder.state_dict())
    with torch.no_grad():
        windows = clip.unfold(2, WINDOW, 1).permute(2, 0, 3, 1)
        return torch.stack([twin(window)[:, -1] for window in windows])


@pytest.mark.parametrize(
    "kind", ["SingleOutputMultiheadAttention", "RetroactiveMultiheadAttention"]
)
def test_attention_steps_alike_while_logits_are_small(kind):
    ours, theirs = getattr(co, kind)(CHANNELS, HEADS, WINDOW).eval(), make_theirs(kind)
    share_weights(ours, theirs)
    mine, other = step_both(ours, theirs, torch.randn(2, CHANNELS, 30))
    assert mine.abs().max() > 0.1
    assert testing.relative_difference(mine, other) <= testing.TOLERANCE


def test_encoders_of_one_layer_step_alike():
    ours = co.TransformerEncoder(1, CHANNELS, HEADS, WINDOW, HIDDEN).eval()
    theirs = make_their_encoder(1)
    share_weights(ours, theirs)
    mine, other = step_both(ours, theirs, torch.randn(2, CHANNELS, 30))
    assert testing.relative_difference(mine, other) <= testing.TOLERANCE


@pytest.mark.parametrize("learned", [True, False])
def test_positions_step_alike(learned):
    ours = co.RecyclingPositionalEncoding(CHANNELS, 5, learned)
    theirs = peer.RecyclingPositionalEncoding(CHANNELS, 5, learned)
    share_weights(ours, theirs)
    clip = torch.randn(2, CHANNELS, 12)
    stepped = torch.stack([theirs.forward_step(frame) for frame in clip.unbind(2)], 2)
    assert torch.allclose(ours(clip), stepped, atol=1e-6)


def test_defect_1_two_layers_go_wrong_after_some_steps():
    ours = co.TransformerEncoder(2, CHANNELS, HEADS, WINDOW, HIDDEN).eval()
    theirs = make_their_encoder(2)
    share_weights(ours, theirs)
    clip = torch.randn(2, CHANNELS, 24)
    mine, other = step_both(ours, theirs, clip)
    expected = encode_windows(ours, 2, clip)
    assert testing.relative_difference(mine, expected) <= testing.TOLERANCE
    first_wrong = WINDOW - 1  # the answers of steps n - 1 .. 2 n - 3 are right
    assert testing.relative_difference(other[:first_wrong], expected[:first_wrong]) <= 1e-5
    later = (other - expected)[first_wrong:].abs().flatten(1).max(1).values
    assert later.min() > 0.01


def test_defect_2_three_layers_cannot_be_made():
    with pytest.raises(AssertionError):
        make_their_encoder(3)
    ours = co.TransformerEncoder(3, CHANNELS, HEADS, WINDOW, HIDDEN).eval()
    clip = torch.randn(2, CHANNELS, 24)
    ys, valid, _ = ours.forward_steps(clip, ours.init_state(clip[:, :, 0]))
    found = ys[:, :, valid[0]].movedim(2, 0)
    assert testing.relative_difference(found, encode_windows(ours, 3, clip)) <= testing.TOLERANCE


def test_defect_3_gelu_is_relu():
    relu, gelu = make_their_encoder(1), make_their_encoder(1, "gelu")
    share_weights(relu, gelu)
    clip = torch.randn(1, CHANNELS, WINDOW)
    assert torch.equal(relu.forward(clip), gelu.forward(clip))
    ours = co.TransformerEncoder(1, CHANNELS, HEADS, WINDOW, HIDDEN, activation="gelu").eval()
    share_weights(ours, gelu)
    assert not torch.allclose(ours(clip)[:, :, -1], gelu.forward(clip)[:, :, -1], atol=1e-3)


def test_defect_4_large_logits_overflow():
    ours = co.RetroactiveMultiheadAttention(CHANNELS, HEADS, WINDOW).eval()
    theirs = make_theirs("RetroactiveMultiheadAttention")
    share_weights(ours, theirs)
    clip = 30 * torch.randn(2, CHANNELS, 40)
    mine, other = step_both(ours, theirs, clip)
    assert not other.isfinite().all()
    assert mine.isfinite().all()
    assert testing.relative_difference(mine[-1], ours(clip)[:, :, -1]) <= testing.TOLERANCE


def test_defect_10_cold_attention_cannot_look_ahead_and_hides_its_delay():
    theirs = make_theirs("SingleOutputMultiheadAttention")
    clip = torch.randn(1, CHANNELS, 6)
    with pytest.raises(UnboundLocalError):
        theirs.forward_steps(clip, update_state=False)
    ours = co.SingleOutputMultiheadAttention(CHANNELS, HEADS, WINDOW).eval()
    assert (theirs.delay, ours.delay) == (0, WINDOW - 1)  # both answer first at step n - 1
