# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Proofs of the contract, for our own operators and for networks that you compose.

    testing.check_clip(network.eval(), torch.randn(2, 5, 40, 13))

Each function raises AssertionError with the number that is out of bounds. Differences are
max|difference| / max|reference|, in fp32 at most 1e-5. For streams of 100,000 frames there is
`endurance.check_endurance`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from co_perception.continual.module import ContinualModule
from co_perception.continual.state import (
    StreamState,
    flatten_state,
    join_rows,
    reset,
    take_rows,
)

__all__ = [
    "TOLERANCE",
    "check_clip",
    "check_gradients",
    "check_phases",
    "check_rows",
    "measure_reach",
    "relative_difference",
]

TOLERANCE = 1e-5


@torch.no_grad()
def relative_difference(result: Tensor, reference: Tensor, of: Tensor | None = None) -> float:
    """Return max|result - reference| / max|of|; 0 for tensors without elements.

    Args:
        result: What came.
        reference: What was expected.
        of: What sets the scale; None: the reference.
    """
    if result.shape != reference.shape:
        raise AssertionError(f"shapes differ: {tuple(result.shape)}, {tuple(reference.shape)}")
    if reference.numel() == 0:
        return 0.0
    scale = (
        (reference if of is None else of).abs().max().clamp(min=torch.finfo(reference.dtype).tiny)
    )
    return float((result - reference).abs().max() / scale)


@torch.no_grad()
def check_clip(
    module: ContinualModule,
    clip: Tensor,
    chunks: Sequence[int] = (1, 3, 2),
    tolerance: float = TOLERANCE,
) -> None:
    """Check that steps, chunks and the flushed end give what the clip forward gives.

    Args:
        module: In eval mode.
        clip: (B, C, T, ...).
        chunks: Sizes to cut the clip into, repeated.
        tolerance: Relative.
    """
    reference = module(clip)
    blank = module.init_state(clip[:, :, 0])
    state, outputs, valids = blank, [], []
    for t, frame in enumerate(clip.unbind(2)):
        y, valid, state = module.forward_step(frame, state)
        index, phase = divmod(t - module.delay, module.time_stride)
        due = index >= 0 and phase == 0
        _expect(bool((valid == due).all()), f"valid at step {t} is {valid.tolist()}, due: {due}")
        wanted = reference[:, :, index] if due else torch.zeros_like(y)
        error = relative_difference(y, wanted, of=reference) if due else float(y.abs().max())
        _expect(error <= tolerance, f"step {t} differs from clip output {index} by {error:.1e}")
        outputs.append(y)
        valids.append(valid)
    stepped, marks = torch.stack(outputs, 2), torch.stack(valids, 1)
    pieces, end = _in_chunks(module, clip, blank, chunks)
    for (name, a), (_, b) in zip(flatten_state(end), flatten_state(state)):
        _expect(torch.equal(a, b), f"state '{name}' depends on the chunking")
    _expect(
        relative_difference(pieces, stepped, of=reference) <= tolerance,
        "outputs depend on the chunking",
    )
    flushed, valid, after = module.forward_steps(clip, blank, pad_end=True)
    _expect(flushed.shape[2] == clip.shape[2] + module.time_padding[1], "length of the flush")
    _expect(torch.equal(valid[:, : clip.shape[2]], marks), "valid changes with pad_end")
    error = relative_difference(flushed[:, :, valid[0]], reference)
    _expect(error <= tolerance, f"flushed outputs differ from the clip's by {error:.1e}")
    for (name, a), (_, b) in zip(flatten_state(after), flatten_state(state)):
        _expect(torch.equal(a, b), f"the flush changed state '{name}'")


def _in_chunks(
    module: ContinualModule, clip: Tensor, state: StreamState, chunks: Sequence[int]
) -> tuple[Tensor, StreamState]:
    pieces, start, turn = [], 0, 0
    while start < clip.shape[2]:
        size = chunks[turn % len(chunks)]
        ys, _, state = module.forward_steps(clip[:, :, start : start + size], state)
        pieces.append(ys)
        start, turn = start + size, turn + 1
    return torch.cat(pieces, 2), state


@torch.no_grad()
def check_rows(
    module: ContinualModule, clip: Tensor, seed: int = 0, tolerance: float = TOLERANCE
) -> None:
    """Check rows that start late, pause and reset at random against streams that run alone.

    Args:
        module: In eval mode.
        clip: (B, C, T, ...); what each row would see. Paused rows are shown NaN instead.
        seed: Of the schedule.
        tolerance: Absolute on outputs, which are taken to be of the order of 1; rows differ from
            streams alone only by the order in which a library sums a batch.
    """
    generator = torch.Generator().manual_seed(seed)
    rows, frames = clip.shape[0], clip.shape[2]
    state = module.init_state(clip[:, :, 0])
    alone = [take_rows(state, [row]) for row in range(rows)]
    for t in range(frames):
        restart = torch.rand(rows, generator=generator) < 2.0 / frames
        state = reset(state, restart)
        alone = [module.init_state(clip[:1, :, 0]) if r else s for r, s in zip(restart, alone)]
        update = torch.rand(rows, generator=generator) < 0.7
        frame = clip[:, :, t].clone()
        frame[~update] = torch.nan
        before = state
        y, valid, state = module.forward_step(frame, state, update)
        for (name, old), (_, new) in zip(flatten_state(before), flatten_state(state)):
            _expect(torch.equal(old[~update], new[~update]), f"paused rows changed '{name}'")
        _expect(not bool(valid[~update].any()), "paused rows are valid")
        _expect(not bool(y[~valid].any()), "outputs of rows not valid are not zero")
        for row in torch.nonzero(update).flatten().tolist():
            single, ok, alone[row] = module.forward_step(clip[row : row + 1, :, t], alone[row])
            _expect(bool(ok[0] == valid[row]), f"row {row} at {t}: valid differs from alone")
            error = relative_difference(y[row], single[0], of=single.new_ones(()))
            _expect(error <= tolerance or not ok[0], f"row {row} at {t} differs by {error:.1e}")
    for (name, ours), (_, theirs) in zip(flatten_state(state), flatten_state(join_rows(alone))):
        error = relative_difference(ours.double(), theirs.double())
        _expect(error <= tolerance, f"state '{name}' differs from streams alone by {error:.1e}")


@torch.no_grad()
def check_phases(module: ContinualModule, clip: Tensor, tolerance: float = TOLERANCE) -> None:
    """Check steps that compute one phase only against steps that compute all and mask.

    Args:
        module: In eval mode, with a temporal stride.
        clip: (B, C, T, ...).
        tolerance: Relative, on outputs and states.
    """
    state = theirs = module.init_state(clip[:, :, 0])
    scale = module(clip)
    for t, frame in enumerate(clip.unbind(2)):
        y, valid, state = module.forward_step(frame, state, phase=t % module.time_stride)
        wanted, marks, theirs = module.forward_step(frame, theirs)
        _expect(torch.equal(valid, marks), f"valid at step {t} depends on the phase being given")
        error = relative_difference(y, wanted, of=scale)
        _expect(error <= tolerance, f"step {t} of a phase differs by {error:.1e}")
    for (name, ours), (_, other) in zip(flatten_state(state), flatten_state(theirs)):
        error = relative_difference(ours.double(), other.double())
        _expect(error <= tolerance, f"state '{name}' of a phase differs by {error:.1e}")


def check_gradients(
    module: ContinualModule, clip: Tensor, tolerance: float = 10 * TOLERANCE
) -> None:
    """Check that gradients through steps equal the clip's, for the input and all parameters.

    Args:
        module: In eval mode.
        clip: (B, C, T, ...).
        tolerance: Relative; sums over time and batch round more than outputs do.
    """
    clip = clip.detach().requires_grad_()
    parameters = [p for p in module.parameters() if p.requires_grad]
    reference = module(clip)
    weights = torch.randn(reference.shape, generator=torch.Generator().manual_seed(0))
    expected = torch.autograd.grad((reference * weights).sum(), [clip, *parameters])
    ys, valid, _ = module.forward_steps(clip, module.init_state(clip[:, :, 0]), pad_end=True)
    found = torch.autograd.grad((ys[:, :, valid[0]] * weights).sum(), [clip, *parameters])
    # A bias before a normalisation may have a gradient of rounding errors only: one scale for all
    scale = max(float(g.abs().max()) for g in expected)
    for ours, theirs in zip(found, expected):
        error = float((ours - theirs).abs().max()) / scale
        _expect(error <= tolerance, f"a gradient {tuple(theirs.shape)} differs by {error:.1e}")


@torch.no_grad()
def measure_reach(module: ContinualModule, clip: Tensor) -> tuple[int, int, int]:
    """Measure what a module claims: perturb each frame of a stream and see which outputs change.

    Args:
        module: In eval mode.
        clip: (B, C, T, ...), with T of at least twice the receptive field.

    Returns:
        Receptive field: the most frames from a perturbed frame to the last output that it
        changes, both counted; delay: steps before the first valid output; the earliest change,
        in steps after the perturbed frame: never negative in a module that looks at no future.
    """
    places = clip.shape[2] - module.receptive_field
    plain = clip.repeat(places, *(1,) * (clip.dim() - 1))  # one block of rows per perturbed frame
    other = plain.clone()
    blocks = other.unflatten(0, (places, clip.shape[0]))
    for j in range(places):
        blocks[j, :, :, j] += 1.0 + torch.rand_like(clip[:, :, j])
    blank = module.init_state(plain[:, :, 0])
    outputs, valid, _ = module.forward_steps(plain, blank)
    changed, _, _ = module.forward_steps(other, blank)
    moved = (changed != outputs).transpose(1, 2).flatten(2).any(2)  # (places B, T)
    moved = moved.reshape(places, clip.shape[0], -1).any(1)
    frame, step = moved.nonzero().unbind(1)
    reach = step - frame
    return int(reach.max()) + 1, int(valid[0].int().argmax()), int(reach.min())


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
