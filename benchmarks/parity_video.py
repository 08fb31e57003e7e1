# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Compare the networks for video at full size with pytorchvideo's, clip and step.

Usage: python benchmarks/parity_video.py [NAME ...] [--output docs/parity/video.md]

Same weights, random but with every layer in use; frames of noise; fp32 on the CPU. Prints one line
per network and ends with 1 where a difference is above 1e-5. Rows of the output file whose network
is not run again stay. Needs 6 GB of memory, and minutes per network.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import time
from pathlib import Path
from typing import NamedTuple

import torch
from pages import store_row
from peers.video import make_pytorchvideo, randomise, see_single_frames
from torch import Tensor, nn

from co_perception.continual.testing import TOLERANCE, relative_difference
from co_perception.models import ContinualModel, create_model

NAMES = ("cox3d_xs", "cox3d_s", "cox3d_m", "cox3d_l", "coslow_r50", "coi3d_r50")
COLUMNS = ("network", "frame", "clip", "clips differ by", "steps", "steps differ by", "date")
PREAMBLE = """\
# Parity at full size

Differences are max|ours - theirs| / max|theirs| of the logits, theirs being pytorchvideo's, in
fp32; 1e-5 is the limit. *Clip*: the plain network on a clip of the published length. *Steps*: the
continual network from a cold start over twice its receptive field, every step that is due, against
pytorchvideo's clip forward of all these frames with a head that slides (for CoX3D with
squeeze-excitation over single frames, as published). Both have the same weights: random ones, with
batch-norm statistics and gates that matter. Accuracy is not measured here.

```
python benchmarks/parity_video.py --output docs/parity/video.md
```

"""


class Row(NamedTuple):
    """What came of one network; the differences are relative."""

    name: str
    side: int
    clip_frames: int
    clip_difference: float
    step_frames: int
    step_difference: float

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        return (
            self.name,
            f"{self.side} x {self.side}",
            str(self.clip_frames),
            f"{self.clip_difference:.1e}",
            str(self.step_frames),
            f"{self.step_difference:.1e}",
            f"{datetime.date.today()}",
        )


def main() -> int:
    """Parse the arguments, compare, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--output", type=Path, help="file of the table")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(NAMES))
    if unknown:
        parser.error(f"unknown networks {unknown}; known: {', '.join(NAMES)}")
    worst = 0.0
    for name in options.names or NAMES:
        start = time.monotonic()
        row = compare(name)
        print("  ".join(row.cells()), f"({time.monotonic() - start:.0f} s)", flush=True)
        worst = max(worst, row.clip_difference, row.step_difference)
        if options.output:
            store_row(
                options.output,
                row.cells(),
                columns=COLUMNS,
                names=NAMES,
                above=PREAMBLE,
                below=describe_machine(),
            )
    return 0 if worst <= TOLERANCE else 1


@torch.inference_mode()
def compare(name: str) -> Row:
    """Compare the plain and the continual network of one name at full size."""
    plain = create_model(name.removeprefix("co")).eval()
    randomise(plain)
    peer = make_pytorchvideo(plain)
    side, clip_frames = plain.spec.step_shape[-1], plain.arguments["window"]
    clip = torch.randn(1, 3, clip_frames, side, side)
    clip_difference = relative_difference(plain.forward_dense(clip), run_peer(peer, clip))
    model = create_model(name).eval()
    model.load_state_dict(plain.state_dict())
    frames = 2 * model.spec.receptive_field
    stream = torch.randn(1, 3, frames, side, side)
    expected = run_peer(see_single_frames(peer), stream)
    step_difference = relative_difference(
        run_steps(model, stream), expected[:, :, : count_due(model, frames)]
    )
    return Row(name, side, clip_frames, clip_difference, frames, step_difference)


def run_peer(peer: nn.Module, clip: Tensor) -> Tensor:
    """Return logits (B, K, T')."""
    logits: Tensor = peer(clip)
    return logits.squeeze(-1).squeeze(-1)


def run_steps(model: ContinualModel, stream: Tensor) -> Tensor:
    """Return the logits of the valid steps, (1, K, n)."""
    state, outputs = model.init_state(), []
    for frame in stream.unbind(2):
        y, valid, state = model.forward_step(frame, state)
        outputs += [y] if valid else []
    return torch.stack(outputs, 2)


def count_due(model: ContinualModel, frames: int) -> int:
    """Return how many steps of a stream are due."""
    return (frames - 1 - model.spec.delay) // model.spec.time_stride + 1


def describe_machine() -> str:
    """Say what the figures were taken on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return (
        f"Last run: {cpu}, {os.cpu_count()} cores; Python {platform.python_version()}, "
        f"torch {torch.__version__}, pytorchvideo 0.1.5."
    )


if __name__ == "__main__":
    sys.exit(main())
