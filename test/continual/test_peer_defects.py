# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What continual-inference 1.2.4 gets wrong, each defect with a test that it would fail.

Defects of attention are in test_attention.py and its neighbours, those of compilation and export
in test_export.py and test_gallery.py.
"""

import copy
import io
import threading

import pytest
import torch

from co_perception import continual as co
from co_perception.errors import ShapeError


def make_network():
    torch.manual_seed(0)
    return co.Sequential(
        co.Conv1d(4, 6, 3, padding=1),
        co.BatchNorm(6),
        co.ReLU(),
        co.Residual(co.Conv1d(6, 6, 3, padding="causal")),
        co.AvgPool1d(3),
    ).eval()


CLIP = torch.randn(2, 4, 20, generator=torch.Generator().manual_seed(0))


def count_graph_nodes(tensors):
    """Return how many nodes of autograd's graph hang on tensors."""
    waiting, seen = [t.grad_fn for t in tensors if t.grad_fn is not None], set()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += [before for before, _ in node.next_functions if before is not None]
    return len(seen)


def test_defect_5_dilated_pools_average_what_they_should():
    """The peer's ring wraps at the kernel's size: zeros are averaged in, and its field is k d."""
    pool = co.AvgPool1d(3, dilation=2)
    ramp = torch.arange(1.0, 10.0).reshape(1, 1, 9)
    ys, valid, _ = pool.forward_steps(ramp, pool.init_state(ramp[:, :, 0]))
    assert pool.receptive_field == 5
    assert valid[0].tolist() == [False] * 4 + [True] * 5
    assert ys[0, 0, 4:].tolist() == [3.0, 4.0, 5.0, 6.0, 7.0]


def test_defect_6_a_snapshot_stays_as_it_was():
    """The peer's get_state returns the live buffer, which the next step changes."""
    network = make_network()
    with torch.no_grad():
        _, _, snapshot = network.forward_steps(CLIP, network.init_state(CLIP[:, :, 0]))
        before = copy.deepcopy(snapshot)
        first, _, _ = network.forward_steps(CLIP, snapshot)
        again, _, _ = network.forward_steps(CLIP, snapshot)
    assert torch.equal(first, again)
    pairs = zip(co.flatten_state(before), co.flatten_state(snapshot))
    assert all(torch.equal(old, now) for (_, old), (_, now) in pairs)


def test_defect_7_networks_can_be_copied_and_saved_whole():
    """The peer's wrapped modules hold a static method, which neither deepcopy nor pickle takes."""
    network = make_network()
    file = io.BytesIO()
    torch.save(network, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    for twin in (copy.deepcopy(network), loaded):
        assert torch.equal(twin(CLIP), network(CLIP))


def test_defect_8_detach_bounds_the_graph_that_steps_leave_behind():
    """The peer's buffers hang on the graph of every step before, with no way to cut them off."""
    network = make_network()
    frame, state, nodes = CLIP[:, :, 0], network.init_state(CLIP[:, :, 0]), []
    for _ in range(30):
        y, _, state = network.forward_step(frame, state)
        nodes.append(count_graph_nodes([y, *(leaf for _, leaf in co.flatten_state(state))]))
        state = co.detach(state)
    assert len(set(nodes[5:])) == 1 and nodes[-1] < 200


def test_defect_8_without_gradients_nothing_is_kept():
    network = make_network()
    with torch.no_grad():
        _, _, state = network.forward_steps(CLIP, network.init_state(CLIP[:, :, 0]))
    assert count_graph_nodes([leaf for _, leaf in co.flatten_state(state)]) == 0


def test_defect_9_a_step_that_fails_leaves_no_trace():
    """The peer's layers stay in step mode after an error, and the next clip goes wrong."""
    network = make_network()
    state = network.init_state(CLIP[:, :, 0])
    _, _, state = network.forward_steps(CLIP, state)
    expected = network.forward_step(CLIP[:, :, 0], state)[0]
    dense = network(CLIP)
    with pytest.raises(ShapeError, match="expected 2 rows as the state has"):
        network.forward_step(CLIP[:1, :, 0], state)
    with pytest.raises(ShapeError, match="with C = 4"):
        network.forward_step(CLIP[:, :3, 0], state)
    assert torch.equal(network.forward_step(CLIP[:, :, 0], state)[0], expected)
    assert torch.equal(network(CLIP), dense)


def test_defect_9_clips_and_steps_nest_and_run_in_threads():
    """The peer's mode is one global object: a nested call loses it, another thread changes it."""
    inner = make_network()
    outer = co.Sequential(co.Lambda(lambda x: x + inner(CLIP).mean()), inner)
    plain = outer(CLIP)
    results = {}

    def stream(name, network):
        with torch.no_grad():
            results[name] = network.forward_steps(CLIP, network.init_state(CLIP[:, :, 0]))[0]

    threads = [threading.Thread(target=stream, args=(i, outer)) for i in range(4)]
    for thread in threads:
        thread.start()
    with torch.no_grad():
        assert all(torch.equal(outer(CLIP), plain) for _ in range(5))
    for thread in threads:
        thread.join()
    stream("alone", outer)
    assert all(torch.equal(ys, results["alone"]) for ys in results.values())


def test_defect_12_streams_of_a_batch_have_clocks_of_their_own():
    """The peer's whole batch shares one clock, one warm-up and one reset."""
    network = make_network()
    state = network.init_state(CLIP[:, :, 0])
    _, _, state = network.forward_steps(CLIP, state)
    state = co.reset(state, torch.tensor([True, False]))
    _, valid, state = network.forward_step(CLIP[:, :, 0], state)
    assert valid.tolist() == [False, True]
    assert co.progress(state).frames_seen.tolist() == [1, 21]
