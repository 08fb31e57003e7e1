# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Beside the continual-inference library: the same steps where it is right, and where it is not.

Its defects are shown on it, so that nobody takes it for an oracle there.
"""

import pytest
import torch
from torch import nn

from co_perception import continual as co
from co_perception.continual import testing

peer = pytest.importorskip("continual", reason="requirements/peers.txt is not installed")


KINDS = ("parameters", "buffers")


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def share_weights(ours, theirs):
    """Copy parameters and statistics in order; both networks have the same layers."""
    for mine, other in ((list_numbers(net, kind) for net in (ours, theirs)) for kind in KINDS):
        assert [v.shape for v in mine] == [v.shape for v in other]
        with torch.no_grad():
            for source, target in zip(mine, other):
                target.copy_(source)


def list_numbers(net, kind):
    """List parameters or statistics; the peer keeps empty states among its buffers."""
    return [v for v in getattr(net, kind)() if v.is_floating_point() and v.numel()]


def randomise(net):
    for module in net.modules():
        if isinstance(module, co.BatchNorm):
            module.running_mean.normal_(0.0, 0.5)
            module.running_var.uniform_(0.5, 1.5)
    return net.eval()


@torch.no_grad()
def check_steps(ours, theirs, clip, first):
    """Check that both step alike from frame `first` on: answers, pauses between them, numbers."""
    share_weights(ours, theirs)
    state, answers = ours.init_state(clip[:, :, 0]), 0
    scale = ours(clip)
    for t, frame in enumerate(clip.unbind(2)):
        y, valid, state = ours.forward_step(frame, state)
        expected = theirs.forward_step(frame)
        if t >= first:
            assert bool(valid[0]) == isinstance(expected, torch.Tensor)
            if valid[0]:
                answers += 1
                assert testing.relative_difference(y, expected, of=scale) <= testing.TOLERANCE
    assert answers > 2


CONVOLUTIONS = [
    pytest.param(1, {"kernel_size": 3}, id="1-D"),
    pytest.param(1, {"kernel_size": 5, "padding": 2, "groups": 2}, id="groups"),
    pytest.param(1, {"kernel_size": 3, "padding": 1, "stride": 2}, id="time stride"),
    pytest.param(2, {"kernel_size": (9, 1), "padding": (4, 0), "bias": False}, id="2-D"),
    pytest.param(3, {"kernel_size": 3, "padding": 1, "stride": (1, 2, 2)}, id="space stride"),
    pytest.param(3, {"kernel_size": (3, 1, 1), "dilation": (1, 2, 2)}, id="3-D"),
]


@pytest.mark.parametrize(("rank", "options"), CONVOLUTIONS)
def test_convolutions_step_alike(rank, options):
    ours = getattr(co, f"Conv{rank}d")(4, 6, **options)
    theirs = getattr(peer, f"Conv{rank}d")(4, 6, **options)
    clip = torch.randn(2, 4, 20, *(5, 6)[: rank - 1])
    check_steps(ours, theirs, clip, first=ours.receptive_field - 1)


@pytest.mark.parametrize("kind", ["AvgPool3d", "MaxPool3d"])
def test_pools_step_alike(kind):
    ours = getattr(co, kind)((3, 2, 2))
    theirs = getattr(peer, kind)((3, 2, 2), stride=(1, 2, 2))
    check_steps(ours, theirs, torch.randn(2, 4, 12, 4, 6), first=2)


def test_residual_networks_step_alike_once_warm():
    ours = co.Sequential(
        co.Conv3d(3, 4, (5, 3, 3), padding=(2, 1, 1)),
        co.BatchNorm(4),
        co.ReLU(),
        co.Residual(
            co.Sequential(
                co.Conv3d(4, 4, (3, 1, 1), padding=(1, 0, 0)),
                co.BatchNorm(4),
                co.ReLU(),
                co.Conv3d(4, 4, 3, padding=1),
            )
        ),
        co.AvgPool3d((4, 6, 6)),
    )
    theirs = peer.Sequential(
        peer.Conv3d(3, 4, (5, 3, 3), padding=(2, 1, 1)),
        nn.BatchNorm3d(4),
        nn.ReLU(),
        peer.Residual(
            peer.Sequential(
                peer.Conv3d(4, 4, (3, 1, 1), padding=(1, 0, 0)),
                nn.BatchNorm3d(4),
                nn.ReLU(),
                peer.Conv3d(4, 4, 3, padding=1),
            )
        ),
        peer.AvgPool3d((4, 6, 6), stride=(1, 6, 6)),
    ).eval()
    ours = randomise(ours)
    assert (ours.receptive_field, ours.delay) == (theirs.receptive_field, theirs.delay)
    check_steps(ours, theirs, torch.randn(2, 3, 30, 6, 6), first=ours.receptive_field - 1)


def test_residuals_that_shrink_step_alike():
    for shrink, name in (("centred", "centered"), ("lagging", "lagging")):
        ours = co.Residual(co.Conv1d(4, 4, 5), shrink=shrink)
        theirs = peer.Residual(peer.Conv1d(4, 4, 5), residual_shrink=name)
        check_steps(ours, theirs, torch.randn(2, 4, 16), first=4)


def test_defect_5_dilated_pools_forget_their_dilation():
    ramp = torch.arange(12.0).reshape(1, 1, 12)
    expected = ramp.unfold(2, 5, 1)[..., ::2].mean(-1)  # 2, 3, 4, ...
    ours = co.AvgPool1d(3, dilation=2)
    testing.check_clip(ours, ramp)
    assert torch.equal(ours(ramp), expected)
    theirs = peer.AvgPool1d(3, stride=1, dilation=2)
    assert ours.receptive_field == 5
    assert theirs.receptive_field == 6
    stepped = torch.stack([theirs.forward_step(x) for x in ramp.unbind(2)][-3:], 2)
    assert not torch.allclose(stepped, expected[:, :, -3:])


def test_defect_10_conditional_chunks_drop_their_options():
    clip = torch.randn(1, 2, 8)
    ours = co.Conditional(True, co.Conv1d(2, 2, 3, padding=1)).eval()
    testing.check_clip(ours, clip)
    theirs = peer.Conditional(lambda module, x: True, peer.Conv1d(2, 2, 3, padding=1))
    assert theirs.forward(clip).shape[2] == 8
    assert theirs.forward_steps(clip, pad_end=True).shape[2] == 7  # the padded end is not there


def test_defect_12_time_has_no_dilation():
    testing.check_clip(co.Conv1d(2, 2, 3, dilation=2, padding=2), torch.randn(1, 2, 12))
    with pytest.raises(AssertionError, match="Temporal dilation > 1 is not supported"):
        peer.Conv1d(2, 2, 3, dilation=2)


def test_defect_12_one_clock_for_a_whole_batch():
    ours, clip = co.Conv1d(2, 2, 3, padding=1), torch.randn(2, 2, 6)
    testing.check_rows(ours, clip)
    state = ours.init_state(clip[:1, :, 0])
    _, _, state = ours.forward_step(clip[:1, :, 0], state)
    late = ours.init_state(clip[:1, :, 0])
    _, valid, _ = ours.forward_step(clip[:, :, 1], co.join_rows([state, late]))
    assert valid.tolist() == [True, False]  # somebody joins a running batch
    theirs = peer.Conv1d(2, 2, 3, padding=1)
    theirs.forward_step(clip[:1, :, 0])
    with pytest.raises(RuntimeError, match="expanded size"):
        theirs.forward_step(clip[:, :, 1])


def test_defect_12_networks_with_flatten_are_not_converted():
    network = nn.Sequential(
        nn.Conv3d(2, 4, 3, padding=1), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 3)
    )
    clip = torch.randn(2, 2, 6, 4, 4)
    ours = co.from_torch(network, window=6)
    difference = testing.relative_difference(ours(clip).squeeze(2), network(clip))
    assert difference <= testing.TOLERANCE
    testing.check_clip(ours, torch.randn(2, 2, 12, 4, 4))
    with pytest.raises(AssertionError, match="conversion for Flatten"):
        peer.continual(nn.Sequential(nn.Conv3d(2, 4, 3), nn.Flatten()))
