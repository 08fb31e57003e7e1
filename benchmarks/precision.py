# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""How far the steps of every network are from its clip forward in double precision.

    python benchmarks/precision.py                    # narrow networks of the published depth
    python benchmarks/precision.py "cox3d*" --store docs/precision.md

Weights, frames and states all have the precision of a column; clocks are int64 in each.
"""

from __future__ import annotations

import argparse
import copy
import datetime
from pathlib import Path

import torch

from co_perception.models import ContinualModel, gallery, list_models

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
TITLE = "Precision of the networks' steps"
RULE = """\
Weights, frames and states of a stream have one floating-point type: `model.to(torch.bfloat16)`,
and `init_state()` follows. Clocks are int64 and masks bool whatever the type, so which outputs are
valid never depends on it. Nothing is accumulated over time: every sum is over a window, anew, in
the precision of torch's own kernel, so an error does not grow with the length of a stream."""
NOTE = """\
Largest difference between the scores of steps and those of the clip forward in float64, relative
to the largest score, from the first valid output on. Networks of the published depth, an eighth of
its width, random weights."""


@torch.inference_mode()
def measure(model: ContinualModel, dtype: torch.dtype, outputs: int = 8, seed: int = 0) -> float:
    """Return the largest relative difference of a network's steps from its clip in float64.

    Args:
        model: In eval mode, in float32; left as it is.
        dtype: Of weights, frames and states.
        outputs: Valid outputs to compare after the receptive field is full.
        seed: Of the frames.

    Raises:
        AssertionError: If other outputs are valid than should be, or a clock is no int64.
    """
    spec = model.spec
    generator = torch.Generator().manual_seed(seed)
    channels, *space = spec.step_shape
    frames = spec.receptive_field + outputs * spec.time_stride
    clip = torch.randn(1, channels, frames, *space, generator=generator, dtype=torch.float64)
    reference = copy.deepcopy(model).double().forward_dense(clip)
    model = copy.deepcopy(model).to(dtype)
    state, worst = model.init_state(), 0.0
    for t, frame in enumerate(clip.to(dtype).unbind(2)):
        y, valid, state = model.forward_step(frame, state)
        index, phase = divmod(t - spec.delay, spec.time_stride)
        due = index >= 0 and phase == 0
        assert valid.tolist() == [due], f"{model.architecture} in {dtype}: valid differs at {t}"
        if due:
            worst = max(worst, float((y.double() - reference[:, :, index]).abs().max()))
    assert y.dtype == dtype and state.frames.dtype == torch.int64
    return worst / float(reference.abs().max())


def main() -> None:
    """Print the table, and store it where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pattern", nargs="?", default="co*", help="names of networks")
    parser.add_argument("--store", type=Path, metavar="FILE", help="page for the table")
    options = parser.parse_args()
    torch.set_num_threads(1)
    header = ("network", *(str(dtype).removeprefix("torch.") for dtype in DTYPES))
    lines = [header, ("---",) * len(header)]
    for name in list_models(options.pattern):
        model = gallery.create_narrow(name)
        lines.append((name, *(f"{measure(model, dtype):.1e}" for dtype in DTYPES)))
        print("  ".join(cell.ljust(16) for cell in lines[-1]), flush=True)
    if options.store:
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        origin = f"`python benchmarks/precision.py`, {datetime.date.today()}, torch "
        parts = (f"# {TITLE}", RULE, NOTE, f"{origin}{torch.__version__}, CPU.", table)
        options.store.write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
