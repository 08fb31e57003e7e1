# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Compare the skeleton networks at full size with the same written out in torch.nn, clip and step.

Usage: python benchmarks/parity_skeleton.py [NAME ...] [--output docs/parity/skeleton.md]

Same weights, random but with every layer in use; scenes of two persons with 25 joints of noise;
fp32 on the CPU. Prints one line per network and ends with 1 where a difference is above 1e-5. Rows
of the output file whose network is not run again stay. Needs 2 GB of memory and a minute per
network.
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
from peers.skeleton import make_reference, randomise
from torch import Tensor

from co_perception.continual.testing import TOLERANCE, relative_difference
from co_perception.models import ContinualModel, create_model

NAMES = ("co_st_gcn", "co_st_gcn_mod", "co_agcn", "co_agcn_mod", "co_s_tr", "co_s_tr_mod")
COLUMNS = ("network", "clip", "clips differ by", "steps", "steps differ by", "date")
PREAMBLE = """\
# Parity of the skeleton networks at full size

Differences are max|ours - theirs| / max|theirs| of the logits, theirs being those of the same
networks written out in plain torch.nn (`benchmarks/peers/skeleton.py`), in fp32; 1e-5 is the
limit. *Clip*: the clip network on 300 frames. *Steps*: the continual network from a cold start
over twice its receptive field, every step that is due, against the other's clip forward of all
these frames with a head that slides. Two persons of 25 joints, 60 classes, random weights with
batch-norm statistics that matter. Accuracy is not measured here.

```
python benchmarks/parity_skeleton.py --output docs/parity/skeleton.md
```

"""


class Row(NamedTuple):
    """What came of one network; the differences are relative."""

    name: str
    clip_frames: int
    clip_difference: float
    step_frames: int
    step_difference: float

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        return (
            self.name,
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
    torch.manual_seed(0)
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
    """Compare the clip network and the continual network of one name at full size."""
    plain = randomise(create_model(name.removeprefix("co_"), persons=2))
    clip = draw_frames(plain, plain.arguments["window"])
    clip_difference = relative_difference(plain(clip), make_reference(plain)(clip))
    model = create_model(name, persons=2).eval()
    model.load_state_dict(plain.state_dict())
    stream = draw_frames(model, 2 * model.spec.receptive_field)
    pool = dict(model.network.children_by_name())["time_pool"]
    expected = make_reference(model).dense(stream, pool.receptive_field, pool.time_padding[0])
    steps = run_steps(model, stream)
    step_difference = relative_difference(steps, expected[:, :, : steps.shape[2]])
    return Row(name, clip.shape[2], clip_difference, stream.shape[2], step_difference)


def draw_frames(model: ContinualModel, frames: int) -> Tensor:
    """Return one scene of noise, (1, C, T, V, 2)."""
    channels, *joints = model.spec.step_shape
    return torch.randn(1, channels, frames, *joints)


def run_steps(model: ContinualModel, stream: Tensor) -> Tensor:
    """Return the logits of the valid steps, (1, K, n), after a look at when they came."""
    state, outputs, due = model.init_state(), [], []
    for t, frame in enumerate(stream.unbind(2)):
        y, valid, state = model.forward_step(frame, state)
        if valid:
            outputs.append(y)
            due.append(t)
    assert due == list(range(model.spec.delay, stream.shape[2], model.spec.time_stride))
    return torch.stack(outputs, 2)


def describe_machine() -> str:
    """Say what the figures were taken on."""
    return (
        f"Last run: {platform.machine()}, {os.cpu_count()} cores; "
        f"Python {platform.python_version()}, torch {torch.__version__}."
    )


if __name__ == "__main__":
    sys.exit(main())
