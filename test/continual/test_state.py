# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""States: cold is zero, rows are independent, and a state can be copied, saved and moved."""

import copy
import io
import pickle

import pytest
import torch

from co_perception import continual as co
from co_perception.errors import ShapeError, StreamError


def make_network():
    torch.manual_seed(0)
    return co.Sequential(
        co.Conv1d(4, 6, 3, padding=1),
        co.BatchNorm(6),
        co.Residual(co.Conv1d(6, 6, 3, dilation=2, padding="causal")),
        co.MaxPool1d(3, padding=(1,)),
        co.Linear(6, 2),
    ).eval()


NET = make_network()
CLIP = torch.randn(3, 4, 20, generator=torch.Generator().manual_seed(1))


def states_equal(a, b):
    pairs = zip(co.flatten_state(a), co.flatten_state(b), strict=True)
    return all(n == m and torch.equal(x, y) for (n, x), (m, y) in pairs)


def run(state, clip=CLIP, update=None):
    with torch.no_grad():
        ys, valid, state = NET.forward_steps(clip, state, update=update)
    return ys, valid, state


def test_cold_is_zero_and_reset_is_cold():
    cold = NET.init_state(CLIP[:, :, 0])
    assert all(not leaf.any() for _, leaf in co.flatten_state(cold))
    _, _, state = run(cold)
    assert states_equal(co.reset(state, torch.ones(3, dtype=torch.bool)), cold)


def test_reset_touches_the_chosen_rows_only():
    _, _, state = run(NET.init_state(CLIP[:, :, 0]))
    rows = torch.tensor([False, True, False])
    after = co.reset(state, rows)
    cold = NET.init_state(CLIP[:1, :, 0])
    assert states_equal(co.take_rows(after, [1]), cold)
    assert states_equal(co.take_rows(after, ~rows), co.take_rows(state, ~rows))


def test_progress_counts_each_row():
    update = torch.arange(20) < torch.tensor([[0], [2], [20]])
    cold = NET.init_state(CLIP[:, :, 0])
    assert (NET.receptive_field, NET.delay) == (9, 2)
    seen, to_valid, warm = co.progress(run(cold, update=update)[2])
    assert seen.tolist() == [0, 2, 20]
    assert to_valid.tolist() == [3, 1, 0]
    assert warm.tolist() == [False, False, True]
    share = co.warm_share(run(cold, update=update)[2])
    assert share.tolist() == pytest.approx([0.0, 2 / 9, 1.0])


def test_frames_to_valid_is_when_valid_comes():
    state = NET.init_state(CLIP[:, :, 0])
    for t in range(6):
        expected = co.progress(state).frames_to_valid[0].item() <= 1
        _, valid, state = NET.forward_step(CLIP[:, :, t], state)
        assert valid[0].item() == expected


def test_steps_leave_the_old_state_as_it_was():
    _, _, state = run(NET.init_state(CLIP[:, :, 0]))
    before = copy.deepcopy(state)
    frame = CLIP[:, :, 0].clone()
    NET.forward_step(frame, state, torch.tensor([True, False, True]))
    NET.forward_steps(CLIP, state, pad_end=True)
    co.reset(state, torch.ones(3, dtype=torch.bool))
    assert states_equal(before, state)
    assert torch.equal(frame, CLIP[:, :, 0])


def save_and_load(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize(
    "carry",
    [
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda s: pickle.loads(pickle.dumps(s)), id="pickle"),
        pytest.param(save_and_load, id="torch.save, weights_only"),
        pytest.param(lambda s: co.unflatten_state(s, dict(co.flatten_state(s))), id="by name"),
        pytest.param(
            lambda s: co.unflatten_state(s, [t for _, t in co.flatten_state(s)]), id="by order"
        ),
        pytest.param(lambda s: co.join_rows([co.take_rows(s, [i]) for i in range(3)]), id="rows"),
    ],
)
def test_a_carried_state_resumes_bit_for_bit(carry):
    whole, _, end = run(NET.init_state(CLIP[:, :, 0]))
    _, _, middle = run(NET.init_state(CLIP[:, :, 0]), CLIP[:, :, :7])
    rest, _, resumed = run(carry(middle), CLIP[:, :, 7:])
    assert torch.equal(rest, whole[:, :, 7:])
    assert states_equal(resumed, end)


def test_a_copied_module_steps_the_same():
    cold = NET.init_state(CLIP[:, :, 0])
    for twin in (copy.deepcopy(NET), pickle.loads(pickle.dumps(NET))):
        assert torch.equal(twin.forward_steps(CLIP, cold)[0], NET.forward_steps(CLIP, cold)[0])


def test_two_interleaved_streams_are_two_streams():
    first, second = CLIP[:1], CLIP[1:2]
    alone = [NET.forward_steps(c, NET.init_state(c[:, :, 0]))[0] for c in (first, second)]
    states = [NET.init_state(first[:, :, 0])] * 2
    outputs = [[], []]
    for t in range(20):
        for i, clip in enumerate((first, second)):
            y, _, states[i] = NET.forward_step(clip[:, :, t], states[i])
            outputs[i].append(y)
    for ys, expected in zip(outputs, alone, strict=True):
        assert torch.equal(torch.stack(ys, 2), expected)


def test_detach_cuts_the_graph():
    _, _, state = NET.forward_steps(CLIP[:, :, :5], NET.init_state(CLIP[:, :, 0]))
    assert any(leaf.requires_grad for _, leaf in co.flatten_state(state))
    assert not any(leaf.requires_grad for _, leaf in co.flatten_state(co.detach(state)))


def test_state_made_in_inference_mode_refuses_autograd():
    with torch.inference_mode():
        state = NET.init_state(CLIP[:, :, 0])
        _, _, state = NET.forward_step(CLIP[:, :, 0], state)
    with pytest.raises(StreamError, match="made in inference mode and cannot take part in autog"):
        NET.forward_step(CLIP[:, :, 1], state)
    with torch.no_grad():
        NET.forward_step(CLIP[:, :, 1], state)


def test_an_empty_chunk_changes_nothing():
    state = NET.init_state(CLIP[:, :, 0])
    ys, valid, after = NET.forward_steps(CLIP[:, :, :0], state)
    assert ys.shape == (3, 2, 0)
    assert valid.shape == (3, 0)
    assert states_equal(state, after)


def test_a_stream_that_never_began_flushes_nothing():
    cold = NET.init_state(CLIP[:, :, 0])
    rows = torch.tensor([True, False, True])
    _, valid, _ = NET.forward_steps(CLIP, cold, pad_end=True, update=rows)
    assert valid.sum(1).tolist() == [20, 0, 20]
    wide = co.Conv1d(4, 2, 3, padding=2)  # its padding alone would make two outputs
    cold = wide.init_state(CLIP[:, :, 0])
    _, valid, _ = wide.forward_steps(CLIP, cold, pad_end=True, update=rows)
    assert valid.sum(1).tolist() == [22, 0, 22]


def test_flush_of_rows_of_unlike_age_gives_each_its_own_end():
    cold = NET.init_state(CLIP[:, :, 0])
    update = torch.arange(20) < torch.tensor([[20], [11], [1]])
    ys, valid, _ = NET.forward_steps(CLIP, cold, pad_end=True, update=update)
    for row, frames in enumerate((20, 11, 1)):
        expected = NET(CLIP[row : row + 1, :, :frames])[0]
        assert torch.allclose(ys[row][:, valid[row]], expected, atol=1e-6)


def test_wrong_rows_and_tensors_are_refused():
    state = NET.init_state(CLIP[:, :, 0])
    named = dict(co.flatten_state(state))
    with pytest.raises(ShapeError, match=r"reset\(rows\): expected a \(3,\) bool mask"):
        co.reset(state, torch.zeros(3))
    with pytest.raises(StreamError, match=r"missing \['frames'\], extra \['old'\]"):
        co.unflatten_state(state, {"old" if k == "frames" else k: v for k, v in named.items()})
    with pytest.raises(StreamError, match="expected 4 tensors"):
        co.unflatten_state(state, list(named.values())[1:])
    with pytest.raises(ShapeError, match=r"'layers\.0': expected \(rows, 4, 2\) torch\.float32"):
        co.unflatten_state(state, {**named, "layers.0": torch.zeros(3, 4, 5)})
    with pytest.raises(ShapeError, match=r"'frames': expected .* torch\.int64"):
        co.unflatten_state(state, {**named, "frames": torch.zeros(3)})
    other = co.Conv1d(4, 4, 3).init_state(CLIP[:, :, 0])
    with pytest.raises(
        StreamError, match=r"got \(receptive field, delay\) \[\(3, 2\), \(9, 2\)\]"
    ):
        co.join_rows([state, other])
    with pytest.raises(ShapeError, match=r"expected \(3,\) or \(3, 20\) bool, got \(3, 19\)"):
        NET.forward_steps(CLIP, state, update=torch.ones(3, 19, dtype=torch.bool))


def test_nothing_of_a_paused_rows_frame_reaches_the_weights():
    net = make_network()
    frame = CLIP[:, :, 0].clone()
    frame[1] = torch.nan
    update = torch.tensor([True, False, True])
    state = net.init_state(frame)
    total = torch.zeros(())
    for _ in range(net.delay + 1):
        y, valid, state = net.forward_step(frame, state, update)
        total = total + y.sum()
    assert valid.tolist() == [True, False, True]
    total.backward()
    assert all(p.grad.isfinite().all() for p in net.parameters() if p.grad is not None)
    assert net.get_submodule("0").weight.grad.abs().max() > 0


def make_rows(count):
    """Return a state of streams that are all at other moments, with a clip to go on with."""
    clip = torch.randn(count, 4, 12, generator=torch.Generator().manual_seed(2))
    update = torch.arange(12) < 2 * torch.arange(1, count + 1).unsqueeze(1)
    return run(NET.init_state(clip[:, :, 0]), clip, update)[2], clip


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([0, 2, 5], id="list"),
        pytest.param([5, 0, 2], id="new order"),
        pytest.param(torch.tensor([True, False, True, False, False, True]), id="mask"),
        pytest.param([], id="nobody"),
    ],
)
def test_compact_moves_the_rows_in_use_together(rows):
    state, clip = make_rows(6)
    kept = torch.as_tensor(rows)
    kept = kept.nonzero().flatten() if kept.dtype == torch.bool else kept.long()
    packed = co.compact(state, rows)
    assert states_equal(packed, co.take_rows(state, kept))
    whole, _, _ = run(state, clip)
    if len(kept):
        assert torch.allclose(run(packed, clip[kept])[0], whole[kept], atol=1e-6)


def test_compact_keeps_the_shapes_with_cold_rows():
    state, _ = make_rows(6)
    packed = co.compact(state, [4, 1], size=4)
    cold = NET.init_state(torch.zeros(2, 4))
    assert states_equal(packed, co.join_rows([co.take_rows(state, [4, 1]), cold]))
    assert packed.span.shape == (4, 0, 9, 2)


def test_compact_shares_no_memory_and_holds_no_more_than_its_rows():
    state, _ = make_rows(6)
    everybody = co.compact(state, torch.ones(6, dtype=torch.bool))
    some = co.compact(state, [3])
    for (_, old), (_, whole), (name, new) in zip(*map(co.flatten_state, (state, everybody, some))):
        assert whole.data_ptr() != old.data_ptr(), name
        assert new.untyped_storage().nbytes() == new.numel() * new.element_size(), name
        assert new.is_contiguous(), name


def test_compact_refuses_rows_that_are_not_there():
    state, _ = make_rows(3)
    with pytest.raises(StreamError, match=r"rows of 0\.\.2, each at most once, got \[1, 1\]"):
        co.compact(state, [1, 1])
    with pytest.raises(StreamError, match=r"rows of 0\.\.2, .* got \[-1\]"):
        co.compact(state, [-1])
    with pytest.raises(ShapeError, match=r"compact\(rows\): expected a \(3,\) bool mask"):
        co.compact(state, torch.tensor([True, False]))
    with pytest.raises(StreamError, match="3 rows are in use and do not fit in size=2"):
        co.compact(state, [0, 1, 2], size=2)
