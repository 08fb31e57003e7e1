# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Shape operators act on frames and leave time alone; sums with a number."""

import pytest
import torch

from co_perception import continual as co
from co_perception.continual import testing
from co_perception.errors import ConfigError, ShapeError

CLIP = torch.randn(3, 4, 7, 3, 2, generator=torch.Generator().manual_seed(0))
CASES = [
    (co.Reshape(8, 3), lambda f: f.reshape(3, 8, 3)),
    (co.Reshape(-1), lambda f: f.reshape(3, -1)),
    (co.Reshape(6, -1, 2), lambda f: f.reshape(3, 6, 2, 2)),
    (co.Flatten(), lambda f: f.flatten(1)),
    (co.Flatten(2), lambda f: f.flatten(2)),
    (co.Flatten(1, 2), lambda f: f.flatten(1, 2)),
    (co.Flatten(-2, -1), lambda f: f.flatten(2)),
    (co.Unflatten(1, (2, 2)), lambda f: f.unflatten(1, (2, 2))),
    (co.Unflatten(-1, (1, -1)), lambda f: f.unflatten(-1, (1, 2))),
    (co.Permute(3, 1, 2), lambda f: f.permute(0, 3, 1, 2)),
    (co.Add(2.5), lambda f: f + 2.5),
    (co.Multiply(-3.0), lambda f: f * -3.0),
    (co.Constant(0.5), lambda f: torch.full_like(f, 0.5)),
]


@pytest.mark.parametrize(("module", "expected"), CASES, ids=[str(module) for module, _ in CASES])
def test_frames_change_and_time_stays(module, expected):
    for t, frame in enumerate(CLIP.unbind(2)):
        assert torch.equal(module(CLIP)[:, :, t], expected(frame))
        assert torch.equal(module.forward_frame(frame), expected(frame))
    assert module.frame_shape((4, 3, 2)) == tuple(expected(CLIP[:, :, 0]).shape[1:])
    testing.check_clip(module, CLIP)
    testing.check_rows(module, CLIP)
    if not isinstance(module, co.Constant):
        testing.check_gradients(module, CLIP)


def test_shapes_between_layers_with_a_memory():
    net = co.Sequential(
        co.Conv3d(4, 2, 3, padding=1),
        co.Flatten(),
        co.Conv1d(12, 6, 3, padding=1),
        co.Reshape(3, 2),
    )
    testing.check_clip(net, CLIP)
    testing.check_rows(net, CLIP)


def test_what_would_touch_rows_or_time_is_refused():
    with pytest.raises(ConfigError, match="start_dim 0 would merge rows"):
        co.Flatten(0)
    with pytest.raises(ConfigError, match="axis 0 holds the rows"):
        co.Unflatten(0, (1, -1))
    with pytest.raises(ConfigError, match=r"axes 1\.\.3 in some order \(0 holds the rows, time"):
        co.Permute(0, 2, 1)
    with pytest.raises(ConfigError, match=r"Reshape: expected sizes of at least 1, .* \(-1, -1"):
        co.Reshape(-1, -1)
    with pytest.raises(ConfigError, match=r"Unflatten: expected sizes of at least 1, .* got \(0"):
        co.Unflatten(1, (0, 2))


@pytest.mark.parametrize(
    ("module", "match"),
    [
        (
            co.Reshape(5, -1),
            r"Reshape: 24 numbers, of \(4, 3, 2\), do not make \(5, -1\); the",
        ),
        (co.Reshape(24, 2), r"do not make \(24, 2\)"),
        (co.Unflatten(1, (3, -1)), r"Unflatten: 4 numbers, of \(4,\), do not make \(3, -1\)"),
        (co.Flatten(4), r"Flatten: expected an axis of 1\.\.3 for frames \(B, 4, 3, 2\), got 4"),
        (co.Flatten(3, 1), "Flatten: expected start_dim before end_dim, got 3 and 1"),
        (co.Permute(2, 1), r"Permute: expected frames with 2 axes after the row, got \(B, 4, 3"),
    ],
    ids=lambda c: str(c).split("(")[0],
)
def test_frames_that_do_not_fit_are_named(module, match):
    with pytest.raises(ShapeError, match=match):
        module.init_state(CLIP[:, :, 0])
