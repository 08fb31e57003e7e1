# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What the comparisons at full size share: a row per network, the command line and the page."""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from pages import describe_run, store_row
from torch import Tensor

from co_perception.continual.testing import TOLERANCE
from co_perception.models import ContinualModel

__all__ = ["Parity", "run_comparisons", "run_steps"]

COLUMNS = ("network", "frame", "clip", "clips differ by", "steps", "steps differ by", "date")


class Parity(NamedTuple):
    """How far a network is from the other's: relative differences on a clip and on a stream.

    Attributes:
        name: Of the continual network.
        frame: Size of a frame, in words.
        clip_frames: Length of the clip.
        clip_difference: Of the clip forward.
        step_frames: Length of the stream.
        step_difference: Of all steps that are due.
    """

    name: str
    frame: str
    clip_frames: int
    clip_difference: float
    step_frames: int
    step_difference: float

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        return (
            self.name,
            self.frame,
            str(self.clip_frames),
            f"{self.clip_difference:.1e}",
            str(self.step_frames),
            f"{self.step_difference:.1e}",
            f"{datetime.date.today()}",
        )


def run_comparisons(
    compare: Callable[[str], Parity], names: Sequence[str], *, summary: str, preamble: str
) -> int:
    """Parse the command line, compare, print and store.

    Args:
        compare: Compares the network of a name.
        names: All there are, in the order of the page.
        summary: Of the command.
        preamble: Of the page.

    Returns:
        1 where a difference is above the tolerance.
    """
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--output", type=Path, help="page whose rows are renewed")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"unknown networks {unknown}; known: {', '.join(names)}")
    worst = 0.0
    for name in options.names or names:
        start = time.monotonic()
        torch.manual_seed(0)
        with torch.inference_mode():
            row = compare(name)
        print("  ".join(row.cells()), f"({time.monotonic() - start:.0f} s)", flush=True)
        worst = max(worst, row.clip_difference, row.step_difference)
        if options.output:
            store_row(
                options.output,
                row.cells(),
                columns=COLUMNS,
                names=names,
                above=preamble,
                below=f"Last run: {describe_run('torch', 'pytorchvideo')}.",
            )
    return int(worst > TOLERANCE)


def run_steps(model: ContinualModel, stream: Tensor) -> Tensor:
    """Return the logits of the steps that are due, (1, K, n).

    Raises:
        AssertionError: If one was not due and came, or the other way round.
    """
    state, outputs = model.init_state(), {}
    for t, frame in enumerate(stream.unbind(2)):
        y, valid, state = model.forward_step(frame, state)
        if valid:
            outputs[t] = y
    due = range(model.spec.delay, stream.shape[2], model.spec.time_stride)
    assert list(outputs) == list(due), f"{model.architecture}: steps came at {list(outputs)}"
    return torch.stack(list(outputs.values()), 2)


if __name__ == "__main__":
    sys.exit("parity.py is no command: run parity_video.py or parity_skeleton.py")
