# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a stream may go on for ever: no drift of the answers, no growth of state or memory.

    check_endurance(network.eval(), (40, 13), steps=100_000)

A step's answer rests on the last frames only, so at any moment the clip forward of these frames is
the oracle, however long the stream has run.
"""

from __future__ import annotations

import dataclasses
import math
import os
import resource
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from co_perception.continual.module import ContinualModule
from co_perception.continual.state import StreamState, flatten_state
from co_perception.continual.testing import TOLERANCE, relative_difference

__all__ = ["Endurance", "check_endurance"]

_BLOCK = 256
_STATM = Path("/proc/self/statm")


@dataclasses.dataclass(frozen=True)
class Endurance:
    """What a long run showed.

    Attributes:
        steps: Frames that each stream was fed.
        checks: Moments at which the newest answer met its oracle.
        drift: Worst of their differences, max|difference| / max|oracle|.
        state_bytes: That the state of one stream holds, the same at all checks.
        growth_bytes: That the process grew by over the last three quarters of the run; may be
            negative.
        step_usec: Mean time of a step of the batch, microseconds.
    """

    steps: int
    checks: int
    drift: float
    state_bytes: int
    growth_bytes: int
    step_usec: float


@torch.inference_mode()
def check_endurance(
    module: ContinualModule,
    frame_shape: tuple[int, ...],
    *,
    steps: int,
    checks: int = 20,
    rows: int = 2,
    memory: int | None = None,
    period: int = 1,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    growth_limit: int = 16 << 20,
) -> Endurance:
    """Feed random frames for many steps and compare with the clip forward of the newest frames.

    Args:
        module: In eval mode.
        frame_shape: Shape of a frame without the row axis.
        steps: How many.
        checks: How often to compare, spread evenly; the last time is at the end.
        rows: Streams side by side.
        memory: Frames that an answer rests on; None: the receptive field. Recurrent layers need
            the number after which they forgot.
        period: What the clip's first frame must be a multiple of, as for recycling encodings.
        seed: Of the frames.
        tolerance: Relative, of the answers.
        growth_limit: Of the process, bytes.

    Raises:
        AssertionError: If an answer drifted, if the state's storage grew, or if the process did.
    """
    aligned = math.lcm(period, module.time_stride)
    span = (memory or module.receptive_field) + aligned
    moments = _pick_moments(module, steps, checks, span)
    frames = _make_frames(rows, frame_shape, seed)
    recent: deque[Tensor] = deque(maxlen=span)
    state = module.init_state(torch.zeros(rows, *frame_shape))
    drift, sizes, process = 0.0, set(), [_count_process_bytes()]
    start = time.perf_counter()
    for t in range(steps):
        recent.append(next(frames))
        y, valid, state = module.forward_step(recent[-1], state)
        if t not in moments:
            continue
        skipped = -(t + 1 - len(recent)) % aligned
        clip = torch.stack(list(recent)[skipped:], dim=2)
        drift = max(drift, _compare(module, clip, y, valid, t))
        sizes.add(_count_storage(state))
        process.append(_count_process_bytes())
        if drift > tolerance or len(sizes) > 1:
            raise AssertionError(f"after {t + 1} steps: drift {drift:.1e}, state bytes {sizes}")
    seconds = time.perf_counter() - start
    growth = process[-1] - process[len(process) // 4]
    if growth > growth_limit:
        raise AssertionError(f"the process grew by {growth} bytes in {steps} steps")
    return Endurance(
        steps, len(moments), drift, sizes.pop() // rows, growth, 1e6 * seconds / steps
    )


def _pick_moments(module: ContinualModule, steps: int, checks: int, span: int) -> set[int]:
    """Return steps at which an output is due and the oracle's frames are there."""
    stride, first = module.time_stride, span + module.delay
    due = [steps - 1 - back for back in range(stride)]
    last = next((t for t in due if t >= first and (t - module.delay) % stride == 0), None)
    if last is None:
        raise ValueError(f"expected at least {first + stride} steps for a check, got {steps}")
    gap = max(1, (last - first) // checks // stride) * stride
    return set(range(last, first - 1, -gap))


def _make_frames(rows: int, shape: tuple[int, ...], seed: int) -> Iterator[Tensor]:
    """Yield random frames for ever; drawn in blocks, one by one costs as much as a small layer."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield from torch.randn(_BLOCK, rows, *shape, generator=generator).unbind(0)


def _compare(module: ContinualModule, clip: Tensor, y: Tensor, valid: Tensor, t: int) -> float:
    """Return how far an answer is from that of a clip which ends with the same frame."""
    if not bool(valid.all()):
        raise AssertionError(f"step {t}: expected valid rows, got {valid.tolist()}")
    index = (clip.shape[2] - 1 - module.delay) // module.time_stride
    dense = module(clip)
    return relative_difference(y, dense[:, :, index], of=dense)


def _count_storage(state: StreamState) -> int:
    """Return the bytes that a state keeps in memory, whatever its tensors are views of."""
    leaves = (leaf for _, leaf in flatten_state(state))
    storages = {leaf.data_ptr(): leaf.untyped_storage().nbytes() for leaf in leaves}
    return sum(storages.values())


def _count_process_bytes() -> int:
    """Return what the process holds in memory; where that is not told, the most it ever held."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
