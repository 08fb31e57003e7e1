# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Recycling positional encoding: the clip that begins at the right place is the oracle."""

import pytest
import torch

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.continual.positional import compute_cyclic_encoding
from co_perception.errors import ConfigError, ShapeError


@pytest.mark.parametrize("learned", [True, False])
@pytest.mark.parametrize("space", [(), (3,)])
def test_steps_equal_the_clip_over_many_turns(learned, space):
    torch.manual_seed(0)
    ours = co.RecyclingPositionalEncoding(6, 5, learned)
    clip = torch.randn(2, 6, 17, *space)
    testing.check_clip(ours, clip)
    testing.check_rows(ours, clip)
    testing.check_gradients(ours, clip)


def test_encodings_come_again_after_num_embeds_tokens():
    ours = co.RecyclingPositionalEncoding(4, 5)
    added = ours(torch.zeros(1, 4, 12))[0]
    assert torch.equal(added[:, :5], ours.weight.T)
    assert torch.equal(added[:, 5:], added[:, :7])


def test_start_index_makes_a_clip_a_part_of_its_stream():
    torch.manual_seed(0)
    ours = co.RecyclingPositionalEncoding(4, 5)
    clip = torch.randn(2, 4, 11)
    whole = ours(clip)
    assert torch.equal(ours(clip[:, :, 3:], start_index=3), whole[:, :, 3:])
    assert torch.equal(ours(clip[:, :, 3:], start_index=3 + 5), whole[:, :, 3:])
    assert not torch.equal(ours(clip[:, :, 3:]), whole[:, :, 3:])
    mixed = torch.stack([clip[0, :, 2:7], clip[1, :, 6:11]])
    of_rows = ours(mixed, start_index=torch.tensor([2, 6]))
    assert torch.equal(of_rows[0], whole[0, :, 2:7])
    assert torch.equal(of_rows[1], whole[1, :, 6:11])


# What the authors' code (continual-inference 1.2.4) gives at some channels of one position.
PUBLISHED = [
    (7, 16, 2, {0: -0.22048977, 1: 0.05491500, 7: -0.08019377, 8: -0.35135189, 15: 0.19173773}),
    (127, 1024, 126, {0: 0.0, 400: -0.13748686, 513: 0.99686378, 1023: 0.99565297}),
]


@pytest.mark.parametrize(("embeds", "channels", "position", "values"), PUBLISHED)
def test_fixed_encodings_are_the_published_ones(embeds, channels, position, values):
    found = compute_cyclic_encoding(embeds, channels)[position, list(values)]
    assert torch.allclose(found, torch.tensor(list(values.values())), atol=1e-6)


def test_fixed_encodings_equal_the_peers():
    continual = pytest.importorskip("continual", reason="needs continual-inference")
    for embeds, channels in ((64, 1024), (127, 1024), (10, 6), (5, 2), (9, 3)):
        published = continual.positional_encoding.CyclicPositionalEncoding(embeds, channels)
        difference = compute_cyclic_encoding(embeds, channels) - published.pattern
        assert difference.abs().max() <= 1e-6


def test_fixed_encodings_have_no_seam():
    waves = compute_cyclic_encoding(64, 256)
    steps = (waves - waves.roll(1, 0)).norm(dim=1)  # the first entry is the step around the end
    assert steps[0] <= 1.5 * steps.median()
    assert waves.mean(0).abs().max() < 1e-6
    assert len(torch.unique(waves, dim=0)) == 64


def test_only_learned_encodings_are_weights():
    learned = co.RecyclingPositionalEncoding(4, 5)
    assert {name: tuple(w.shape) for name, w in learned.state_dict().items()} == {"weight": (5, 4)}
    fixed = co.RecyclingPositionalEncoding(4, 5, learned=False)
    assert not list(fixed.parameters()) and not fixed.state_dict()


def test_faults_are_named():
    with pytest.raises(ConfigError, match="embed_dim must be at least 2 .* got 1 and 5"):
        co.RecyclingPositionalEncoding(1, 5)
    with pytest.raises(ConfigError, match="num_embeds at least 1, got 4 and 0"):
        co.RecyclingPositionalEncoding(4, 0)
    ours = co.RecyclingPositionalEncoding(4, 5)
    with pytest.raises(ShapeError, match=r"expected 4 channels on axis 1, got .*\(B, 3\)"):
        ours(torch.zeros(2, 3, 6))
    with pytest.raises(ShapeError, match="expected 4 channels"):
        ours.init_state(torch.zeros(2, 3))
    with pytest.raises(ShapeError, match=r"one number or \(2,\), one per row, got \(3,\)"):
        ours(torch.zeros(2, 4, 6), start_index=torch.zeros(3, dtype=torch.int64))
