# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers: torch.nn is the oracle of the clip, the clip is the oracle of the steps."""

import copy
import pickle

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError, StreamError

# A busy machine is no fault: hypothesis must not judge how long examples take.
PROOF = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

TORCH = {co.RNN: nn.RNN, co.LSTM: nn.LSTM, co.GRU: nn.GRU}
CHANNELS = 4

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")  # of oneDNN


@st.composite
def recurrences(draw):
    """Draw a recurrent layer and the torch.nn twin with its weights."""
    kind = draw(st.sampled_from([co.RNN, co.LSTM, co.GRU]))
    options = {"bias": draw(st.booleans()), "num_layers": draw(st.integers(1, 3))}
    if kind is co.RNN:
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    if kind is co.LSTM:
        options["proj_size"] = draw(st.sampled_from([0, 3]))
    torch.manual_seed(draw(st.integers(0, 1000)))
    hidden = draw(st.integers(4, 7))
    ours = kind(CHANNELS, hidden, **options).eval()
    twin = TORCH[kind](CHANNELS, hidden, batch_first=True, **options).eval()
    twin.load_state_dict(ours.state_dict())
    return ours, twin


def run_twin(twin, clip):
    return twin(clip.transpose(1, 2))[0].transpose(1, 2)


@settings(PROOF, max_examples=60)
@given(recurrences(), st.integers(1, 12), st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_recurrence_steps_equal_chunks_equal_torch(pair, frames, chunks):
    ours, twin = pair
    clip = torch.randn(2, CHANNELS, frames)
    assert testing.relative_difference(ours(clip), run_twin(twin, clip)) <= testing.TOLERANCE
    testing.check_clip(ours, clip, chunks)


@settings(PROOF, max_examples=15)
@given(recurrences(), st.integers(0, 100))
def test_recurrence_rows_are_streams_of_their_own(pair, seed):
    testing.check_rows(pair[0], torch.randn(3, CHANNELS, 12), seed)


@settings(PROOF, max_examples=15)
@given(recurrences())
def test_recurrence_gradients_through_steps_equal_torchs(pair):
    ours, twin = pair
    clip = torch.randn(2, CHANNELS, 8)
    testing.check_gradients(ours, clip)
    ours(clip).square().sum().backward()
    run_twin(twin, clip).square().sum().backward()
    for (name, weight), (_, other) in zip(ours.named_parameters(), twin.named_parameters()):
        assert testing.relative_difference(weight.grad, other.grad) <= 1e-4, name


@pytest.mark.parametrize("kind", TORCH)
def test_recurrence_remembers_to_the_end_and_answers_at_once(kind):
    layer = kind(CHANNELS, 5)
    reach, delay, lag = testing.measure_reach(layer, torch.randn(2, CHANNELS, 15))
    assert (reach, delay, lag) == (15, 0, 0)  # the first frame moves the last output, too
    assert (layer.receptive_field, layer.time_padding) == (1, (0, 0))
    _, valid, state = layer.forward_step(
        torch.randn(1, CHANNELS), layer.init_state(torch.zeros(1, CHANNELS))
    )
    assert valid.all() and co.progress(state).warm.all()  # no padding is in its answer


def test_state_is_named_by_layer():
    lstm = co.LSTM(CHANNELS, 6, num_layers=2, proj_size=3)
    leaves = co.flatten_state(lstm.init_state(torch.zeros(2, CHANNELS)))
    assert {name: tuple(leaf.shape[1:]) for name, leaf in leaves} == {
        "frames": (),
        "layers.0.h": (3,),
        "layers.0.c": (6,),
        "layers.1.h": (3,),
        "layers.1.c": (6,),
    }


def test_flush_of_a_network_ends_as_its_clip():
    torch.manual_seed(0)
    network = co.Sequential(
        co.Conv1d(CHANNELS, 5, 3, padding=1),
        co.GRU(5, 4),
        co.Conv1d(4, 3, 3, stride=2, padding=1),
        co.LSTM(3, 2),
    )
    testing.check_clip(network, torch.randn(2, CHANNELS, 13))
    testing.check_rows(network, torch.randn(3, CHANNELS, 20))
    testing.check_phases(network, torch.randn(2, CHANNELS, 13))


def test_dropout_lies_between_layers_and_only_in_training():
    gru = co.GRU(CHANNELS, 64, num_layers=2, dropout=1.0)
    frame = torch.randn(1, CHANNELS)
    state = gru.init_state(frame)
    moved = gru.eval().forward_step(frame, state)[0]
    dropped = gru.train().forward_step(frame, state)[0]
    other = gru.forward_step(-frame, state)[0]
    assert torch.equal(dropped, other)  # nothing comes through to the second layer
    assert not torch.equal(moved, dropped)


def test_copies_moves_and_packed_weights_answer_alike():
    lstm = co.LSTM(CHANNELS, 5, num_layers=2)
    clip = torch.randn(2, CHANNELS, 6)
    expected, weights = lstm(clip), list(lstm.parameters())
    for twin in (copy.deepcopy(lstm), pickle.loads(pickle.dumps(lstm))):
        assert torch.equal(twin(clip), expected)
    lstm._pack()  # what a move to a GPU does
    assert torch.equal(lstm(clip), expected)
    assert all(ours is old for ours, old in zip(lstm.parameters(), weights))  # optimisers hold on
    assert lstm.double()(clip.double()).dtype == torch.float64


def test_pruned_weights_step_as_they_run_clips():
    gru = co.GRU(CHANNELS, 5)
    prune.l1_unstructured(gru, "weight_hh_l0", amount=0.5)
    assert int((gru.weight_hh_l0 == 0).sum()) >= 37  # torch puts a product where the weight was
    testing.check_clip(gru, torch.randn(2, CHANNELS, 8))
    gru._pack()  # leaves them alone
    testing.check_clip(gru, torch.randn(2, CHANNELS, 8))


@pytest.mark.parametrize("kind", TORCH)
def test_recurrence_says_what_is_wrong(kind):
    with pytest.raises(ConfigError, match=r"bidirectional is refused: .* frames after it"):
        kind(CHANNELS, 5, bidirectional=True)
    with pytest.raises(ConfigError, match="hidden_size must be greater than zero"):
        kind(CHANNELS, 0)
    layer = kind(CHANNELS, 5)
    with pytest.raises(ShapeError, match=r"expected frames \(B, 4\), got \(B, 3\)"):
        layer(torch.zeros(1, 3, 6))
    with pytest.raises(ShapeError, match=r"got \(B, 4, 2\); flatten axes of space"):
        layer.init_state(torch.zeros(1, CHANNELS, 2))
    with pytest.raises(ShapeError, match="at least 1 frames, got 0"):
        layer(torch.zeros(1, CHANNELS, 0))
    frame = torch.zeros(1, CHANNELS)
    with pytest.raises(StreamError, match=r"for each of 1 layers as state"):
        layer.forward_step(frame, co.Linear(CHANNELS, 5).init_state(frame))
    with pytest.raises(ShapeError, match=r"expected \(rows, 5\) as 'h' of layer 0, got \(1, 6\)"):
        layer.forward_step(frame, kind(CHANNELS, 6).init_state(frame))


def test_options_of_one_kind_are_refused_by_the_others():
    with pytest.raises(ConfigError, match="Unknown nonlinearity 'gelu'"):
        co.RNN(CHANNELS, 5, nonlinearity="gelu")
    with pytest.raises(ConfigError, match="proj_size"):
        co.GRU(CHANNELS, 5, proj_size=2)
