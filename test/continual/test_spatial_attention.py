# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Self-attention of joints: torch's own multi-head attention on every frame is the oracle."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError

PROOF = settings(
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)


@st.composite
def attentions(draw):
    heads = draw(st.sampled_from([1, 2, 4]))
    torch.manual_seed(draw(st.integers(0, 1000)))
    attention = co.SpatialAttention(
        draw(st.integers(1, 6)),
        heads * draw(st.integers(1, 3)),
        heads=heads,
        key_channels=heads * draw(st.integers(1, 3)),
        persons=draw(st.integers(1, 2)),
    )
    return attention.eval()


def make_clip(attention, rows=2, frames=3):
    return 3 * torch.randn(rows, attention.in_channels, frames, attention.persons * 5)


def attend(attention, x):
    """Compute a frame of one person, (B, C, V), with torch's attention."""
    weight, bias = attention.qkv.weight[..., 0, 0], attention.qkv.bias
    sizes = [attention.key_channels, attention.key_channels, attention.out_channels]
    parts = functional.linear(x.transpose(1, 2), weight, bias).split(sizes, -1)
    q, k, v = (part.unflatten(-1, (attention.heads, -1)).transpose(1, 2) for part in parts)
    seen = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    return functional.linear(
        seen, attention.output.weight[..., 0, 0], attention.output.bias
    ).transpose(1, 2)


@given(attentions())
@PROOF
@torch.no_grad()
def test_clip_equals_torchs_attention_in_every_frame(attention):
    clip = make_clip(attention)
    frames = []
    for frame in clip.unbind(2):
        persons = frame.unflatten(-1, (attention.persons, 5)).unbind(-2)
        frames.append(torch.cat([attend(attention, person) for person in persons], -1))
    expected = torch.stack(frames, 2)
    assert testing.relative_difference(attention(clip), expected) <= testing.TOLERANCE


@given(attentions())
@PROOF
def test_steps_equal_the_clip(attention):
    testing.check_clip(attention, make_clip(attention))


def test_rows_gradients_and_reach():
    torch.manual_seed(0)
    attention = co.SpatialAttention(3, 8, heads=2, persons=2).eval()
    testing.check_rows(attention, make_clip(attention, rows=3, frames=10))
    testing.check_gradients(attention, make_clip(attention))
    assert testing.measure_reach(attention, make_clip(attention, rows=1)) == (1, 0, 0)


@pytest.mark.parametrize("persons", [1, 2])
def test_step_counts_its_work(persons):
    attention = co.SpatialAttention(3, 16, heads=2, persons=persons).eval()
    frame = torch.randn(1, 3, 5 * persons)
    executed = co.count_macs(attention.forward_step, frame, attention.init_state(frame))
    assert executed == attention.step_macs((3, 5 * persons)) > 0


def test_training_drops_whole_columns_and_scales_the_rest():
    torch.manual_seed(0)
    attention = co.SpatialAttention(3, 8, heads=2, drop_connect=0.25).train()
    weights = torch.rand(400, 2, 5, 5).softmax(-1)
    dropped = attention._drop_columns(weights)
    lost = (dropped == 0).all(-2)  # no joint sees the column
    assert torch.equal((dropped == 0), lost.unsqueeze(-2).expand_as(dropped))
    assert lost.float().mean() == pytest.approx(0.25, abs=0.03)
    sums = dropped.sum(-1)[~lost.all(-1)]
    assert torch.allclose(sums, torch.ones_like(sums), atol=1e-5)
    assert torch.equal(attention.eval()._drop_columns(weights), weights)


def test_everything_dropped_is_finite():
    attention = co.SpatialAttention(3, 8, heads=2, drop_connect=0.999999).train()
    torch.manual_seed(0)
    y = attention(torch.randn(2, 3, 4, 5))
    y.sum().backward()
    assert y.isfinite().all()
    assert all(p.grad.isfinite().all() for p in attention.parameters() if p.grad is not None)


def test_what_does_not_fit_is_named():
    with pytest.raises(ConfigError, match="8 heads must divide the value channels and the key ch"):
        co.SpatialAttention(3, 20)
    with pytest.raises(ConfigError, match="channels, heads and persons must be at least 1"):
        co.SpatialAttention(3, 8, heads=0)
    with pytest.raises(ConfigError, match=r"drop_connect must be in 0\.\.1, below 1, got 1\.0"):
        co.SpatialAttention(3, 32, drop_connect=1.0)
    attention = co.SpatialAttention(3, 32, persons=2)
    with pytest.raises(ShapeError, match=r"joints of 2 persons last, got \(B, 3, 5\)"):
        attention(torch.zeros(1, 3, 4, 5))
    with pytest.raises(ShapeError, match=r"expected frames \(B, 3, joints\).*got \(B, 2, 10\)"):
        attention.init_state(torch.zeros(1, 2, 10))
