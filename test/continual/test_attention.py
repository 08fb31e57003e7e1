# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Attention: torch.nn.MultiheadAttention on each sliding window is the oracle."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from co_perception import continual as co
from co_perception.continual import attention, testing
from co_perception.errors import ConfigError, ShapeError, StreamError

# A busy machine is no fault: hypothesis must not judge how long examples take.
PROOF = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

OF_STREAMS = [co.SingleOutputMultiheadAttention, co.RetroactiveMultiheadAttention]
OF_WINDOWS = [co.WindowMultiheadAttention, co.WindowSingleOutputMultiheadAttention]


def make_twin(ours):
    """Return torch's module with our weights, taken over by their names."""
    twin = nn.MultiheadAttention(
        ours.embed_dim, ours.num_heads, bias=ours.in_proj_bias is not None, batch_first=True
    )
    twin.load_state_dict(ours.state_dict())
    return twin.eval().to(ours.in_proj_weight.dtype)


def randomise(module):
    """Give biases, which begin at zero, a say."""
    for parameter in module.parameters():
        if parameter.dim() == 1:
            nn.init.normal_(parameter)
    return module.eval()


@st.composite
def modules(draw, classes, paddings=(0, "causal")):
    heads = draw(st.integers(1, 3))
    torch.manual_seed(draw(st.integers(0, 1000)))
    ours = draw(st.sampled_from(classes))(
        heads * draw(st.integers(1, 4)),
        heads,
        draw(st.integers(2, 6)),
        bias=draw(st.booleans()),
        padding=draw(st.sampled_from(paddings)),
    )
    return randomise(ours)


def attend_by_torch(twin, clip, window, causal):
    """Return torch's outputs for all tokens of each window of a clip, (B, D, T_out, n).

    Windows that are not full are padded and masked, which torch calls key padding; what it says of
    the padding itself is put to zero.
    """
    padded = nn.functional.pad(clip, (window - 1 if causal else 0, 0), value=7.0)
    outputs = []
    for end in range(window, padded.shape[2] + 1):
        tokens = padded[:, :, end - window : end].transpose(1, 2)
        absent = torch.arange(window) < (window - end if causal else 0) + window - 1
        absent = absent.expand(clip.shape[0], window) if causal else None
        y = twin(tokens, tokens, tokens, key_padding_mask=absent, need_weights=False)[0]
        y = y if absent is None else y.masked_fill(absent.unsqueeze(2), 0.0)
        outputs.append(y.transpose(1, 2))
    return torch.stack(outputs, 2)


@settings(PROOF, max_examples=50)
@given(modules(OF_STREAMS), st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_attention_of_streams_equals_torch_on_each_window(ours, chunks):
    clip = torch.randn(2, ours.embed_dim, 2 * ours.window + 3)
    with torch.no_grad():
        expected = attend_by_torch(make_twin(ours), clip, ours.window, ours.padding == "causal")
    if ours.output_kind == "frame":
        expected = expected[..., -1]
    assert testing.relative_difference(ours(clip), expected) <= testing.TOLERANCE
    testing.check_clip(ours, clip, chunks)


@settings(PROOF, max_examples=40)
@given(modules(OF_WINDOWS), st.integers(1, 9))
def test_attention_within_windows_equals_torch(ours, frames):
    clip = torch.randn(2, ours.embed_dim, frames, ours.window)
    twin, whole = make_twin(ours), ours.window
    expected = []
    for t, tokens in enumerate(clip.transpose(1, 3).unbind(2)):  # (B, n, D)
        there = whole if ours.padding == 0 else min(t + 1, whole)
        tokens = tokens[:, whole - there :]
        with torch.no_grad():
            y = twin(tokens, tokens, tokens, need_weights=False)[0].transpose(1, 2)
        expected.append(nn.functional.pad(y, (whole - there, 0)))
    expected = torch.stack(expected, 2)
    if ours.output_kind == "frame":
        expected = expected[..., -1]
    assert testing.relative_difference(ours(clip), expected) <= testing.TOLERANCE
    testing.check_clip(ours, clip)


@settings(PROOF, max_examples=30)
@given(modules(OF_STREAMS), st.integers(0, 100))
def test_attention_rows_are_streams_of_their_own(ours, seed):
    testing.check_rows(ours, torch.randn(3, ours.embed_dim, 3 * ours.window), seed)


@settings(PROOF, max_examples=30)
@given(modules(OF_STREAMS))
def test_attention_gradients_through_steps_equal_the_clips(ours):
    testing.check_gradients(ours, torch.randn(2, ours.embed_dim, ours.window + 5))


@settings(PROOF, max_examples=15)
@given(modules(OF_STREAMS))
def test_attention_sees_exactly_the_window_and_waits_as_it_says(ours):
    """The peer's defect 10: its single-output attention claims delay 0 and waits n - 1 steps."""
    reach = testing.measure_reach(ours, torch.randn(1, ours.embed_dim, 3 * ours.window))
    assert reach == (ours.window, 0 if ours.padding else ours.window - 1, 0)


@pytest.mark.parametrize("cls", OF_STREAMS)
def test_attention_looks_ahead_from_a_cold_module(cls):
    """The peer's defect 10: steps that must not update the state fail on a cold module."""
    ours = cls(4, 2, 3).eval()
    clip = torch.randn(1, 4, 5)
    blank = ours.init_state(clip[:, :, 0])
    first, _, _ = ours.forward_steps(clip, blank)  # the new state is dropped: nothing is updated
    again, _, _ = ours.forward_steps(clip, blank)
    assert torch.equal(first, again)
    assert torch.allclose(first[:, :, 2:], ours(clip), atol=1e-6)


@pytest.mark.parametrize("cls", OF_STREAMS)
@pytest.mark.parametrize("scale", [1, 3, 10, 30, 1000])
def test_attention_is_finite_and_as_exact_as_torch_at_any_scale(cls, scale):
    """The peer's defect 4: NaN from inputs of randn x 10 on, and errors that grow with time.

    For large logits rounding alone turns the softmax, in torch too: the measure is torch's own
    distance from double precision, over more than 10 windows.
    """
    torch.manual_seed(0)
    ours = randomise(cls(16, 4, 8))
    clip = torch.randn(2, 16, 90) * scale
    with torch.no_grad():
        steps, valid, _ = ours.forward_steps(clip, ours.init_state(clip[:, :, 0]))
        theirs = attend_by_torch(make_twin(ours), clip, 8, causal=False)
        exact = attend_by_torch(make_twin(ours).double(), clip.double(), 8, causal=False)
    if ours.output_kind == "frame":
        theirs, exact = theirs[..., -1], exact[..., -1]
    found = steps[:, :, valid[0]]
    assert found.isfinite().all()
    error = testing.relative_difference(found.double(), exact)
    assert error <= 2 * testing.relative_difference(theirs.double(), exact) + testing.TOLERANCE
    if scale <= 3:
        assert testing.relative_difference(found, theirs) <= testing.TOLERANCE


@pytest.mark.parametrize("cls", OF_STREAMS)
def test_a_dominant_token_leaves_nothing_behind(cls):
    """Running sums keep the rounding error of what they lose; scores that are cut off do not."""
    torch.manual_seed(0)
    ours = cls(8, 2, 4).eval()
    clip = torch.randn(1, 8, 12)
    clip[:, :, 4] *= 1e4
    state = ours.init_state(clip[:, :, 0])
    steps, _, _ = ours.forward_steps(clip, state)
    alone, _, _ = ours.forward_steps(clip[:, :, 5:], state)  # a stream that never saw token 4
    assert torch.allclose(steps[:, :, 8:], alone[:, :, 3:], atol=1e-6)


@pytest.mark.parametrize("query_index", [0, 2, 4, -2])
def test_single_output_answers_for_the_query_that_is_asked(query_index):
    torch.manual_seed(0)
    ours = randomise(co.SingleOutputMultiheadAttention(6, 2, 5, query_index=query_index))
    clip = torch.randn(2, 6, 14)
    with torch.no_grad():
        expected = attend_by_torch(make_twin(ours), clip, 5, causal=False)[..., query_index]
    assert testing.relative_difference(ours(clip), expected) <= testing.TOLERANCE
    testing.check_clip(ours, clip)
    testing.check_rows(ours, clip)


def test_single_output_of_a_window_needs_no_keys_and_values():
    torch.manual_seed(0)
    heads, size, tokens = 3, 4, 7
    x = torch.randn(2, heads * size, tokens)
    key_weight, value_weight = torch.randn(2, heads * size, heads * size)
    query = torch.randn(2, heads, size, 1)
    keys, values = (
        attention.split_heads(attention.project(x, weight, None), heads)
        for weight in (key_weight, value_weight)
    )
    expected = attention.attend(attention.compute_scores(query, keys), values)
    found = attention.single_output_of_window(x, query, key_weight, value_weight)
    assert testing.relative_difference(found, expected.flatten(1)) <= testing.TOLERANCE


def test_token_mask_tells_which_tokens_came():
    assert co.token_mask(torch.tensor([0, 2, 5]), 3).tolist() == [
        [False, False, False],
        [False, True, True],
        [True, True, True],
    ]
    clip = torch.randn(2, 4, 4)
    for padding, expected in ((0, [0, 0, 3, 3]), ("causal", [1, 2, 3, 3])):
        ours = co.RetroactiveMultiheadAttention(4, 2, 3, padding=padding).eval()
        state = ours.init_state(clip[:, :, 0])
        assert not ours.token_mask(state).any()
        for t, count in enumerate(expected):
            y, _, state = ours.forward_step(clip[:, :, t], state)
            mask = ours.token_mask(state)
            assert mask.sum(1).tolist() == [count, count]
            assert torch.equal((y != 0).all(1), mask)


def test_token_mask_of_a_network_follows_from_its_delay():
    torch.manual_seed(0)
    network = co.Sequential(
        co.Conv1d(4, 4, 5, padding=2), co.RetroactiveMultiheadAttention(4, 2, 3, padding="causal")
    ).eval()
    clip = torch.randn(2, 4, 7)
    state = network.init_state(clip[:, :, 0])
    for t, count in enumerate([0, 0, 1, 2, 3, 3, 3]):
        y, _, state = network.forward_step(clip[:, :, t], state)
        mask = co.token_mask(state.frames - network.delay, 3)
        assert mask.sum(1).tolist() == [count, count]
        assert torch.equal((y != 0).all(1), mask)


@pytest.mark.parametrize("cls", OF_STREAMS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.bfloat16, 0.03)])
def test_attention_runs_in_other_precisions(cls, dtype, tolerance):
    torch.manual_seed(0)
    ours = cls(16, 4, 6, padding="causal").eval().to(dtype)
    clip = torch.randn(2, 16, 20, dtype=dtype)
    steps, valid, state = ours.forward_steps(clip, ours.init_state(clip[:, :, 0]))
    assert valid.all() and state.layers["keys"].dtype == dtype
    with torch.no_grad():
        exact = ours.double()(clip.double())
    assert testing.relative_difference(steps.double(), exact) <= tolerance


def test_dropout_of_weights_is_for_training_only():
    torch.manual_seed(0)
    ours = co.SingleOutputMultiheadAttention(8, 2, 4, dropout=0.5)
    clip = torch.randn(1, 8, 6)
    assert not torch.equal(ours(clip), ours(clip))
    ours.eval()
    assert torch.equal(ours(clip), ours(clip))


@pytest.mark.parametrize("cls", OF_STREAMS + OF_WINDOWS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_heads": 3}, "multiple of num_heads, got 8 and 3"),
        ({"num_heads": 0}, "multiple of num_heads, got 8 and 0"),
        ({"window": 1}, "window must be at least 2 tokens"),
        ({"dropout": 1.0}, r"dropout in 0\.\.1, got 4 and 1\.0"),
        ({"padding": 1}, "padding must be 0 .* or 'causal' .*, got 1"),
    ],
)
def test_attention_refuses_bad_options(cls, options, message):
    with pytest.raises(ConfigError, match=message):
        cls(**{"embed_dim": 8, "num_heads": 2, "window": 4, **options})


def test_query_index_is_checked():
    with pytest.raises(ConfigError, match=r"query_index must be in -4\.\.3, got 4"):
        co.SingleOutputMultiheadAttention(8, 2, 4, query_index=4)
    with pytest.raises(ConfigError, match="newest token only .* got query_index 0; use padding=0"):
        co.SingleOutputMultiheadAttention(8, 2, 4, padding="causal", query_index=0)


@pytest.mark.parametrize("cls", OF_STREAMS)
def test_attention_of_streams_names_what_is_wrong_with_a_frame(cls):
    ours = cls(8, 2, 4)
    frame = torch.randn(2, 8)
    state = ours.init_state(frame)
    with pytest.raises(
        ShapeError, match=r"expected frames \(B, 8\), one token each, got \(B, 6\)"
    ):
        ours.forward_step(frame[:, :6], state)
    with pytest.raises(ShapeError, match=r"got \(B, 8, 4\); a step takes one frame"):
        ours.forward_step(torch.randn(2, 8, 4), state)
    with pytest.raises(ShapeError, match="at least 4 frames, got 3"):
        ours(torch.randn(2, 8, 3))
    other = co.LSTM(8, 8).init_state(frame)
    with pytest.raises(StreamError, match=r"expected a state of \['keys'.*init_state"):
        ours.forward_step(frame, other)
    longer = cls(8, 2, 5).init_state(frame)
    with pytest.raises(ShapeError, match=r"keys: expected a state of \(rows, 8, 3\)|queries: exp"):
        ours.forward_step(frame, longer)


@pytest.mark.parametrize("cls", OF_WINDOWS)
def test_attention_within_windows_names_what_is_wrong(cls):
    with pytest.raises(ShapeError, match=r"expected windows \(B, 8, 4\) .* got \(B, 8, 5\)"):
        cls(8, 2, 4)(torch.randn(2, 8, 3, 5))
    with pytest.raises(ShapeError, match=r"expected windows \(B, 8, 4\) .* got \(B, 8\)"):
        cls(8, 2, 4).init_state(torch.randn(2, 8))


def test_kinds_say_what_goes_in_and_out():
    kinds = [(m(4, 2, 3).input_kind, m(4, 2, 3).output_kind) for m in OF_STREAMS + OF_WINDOWS]
    frame, window = "frame", "window"
    assert kinds == [(frame, frame), (frame, window), (window, window), (window, frame)]
