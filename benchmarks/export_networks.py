# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Export every network's step to ONNX and compare onnxruntime with torch from the first frame on.

    python benchmarks/export_networks.py                   # narrow networks of the published depth
    python benchmarks/export_networks.py "co_s_tr*" --shallow --phases
    python benchmarks/export_networks.py --store docs/export.md

One masked graph per network, rows that pause at random; with --phases also one graph per phase
of networks with a temporal stride, rows in lockstep. Streams are twice the receptive field long.
"""

from __future__ import annotations

import argparse
import datetime
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from pages import describe_run

from co_perception import continual as co
from co_perception.models import ContinualModel, gallery, list_models

ROWS = (1, 8)
HEADER = ("network", "graphs", "KiB", "difference, 1 row", "8 rows", "s")
TITLE = "ONNX steps of the networks"
NOTE = (
    "Largest difference of the scores between onnxruntime and torch, relative to the largest "
    "score, over twice the receptive field from a cold start. Networks of the published depth, an "
    "eighth of its width. A network with a temporal stride has a second line: one graph per phase."
)
COMMAND = "    python benchmarks/export_networks.py --phases --store docs/export.md"


def export_step(model: ContinualModel, phase: int | None = None) -> bytes:
    """Return a model's step as ONNX: of one phase, or of all phases, masked."""
    frame = torch.zeros(1, *model.spec.step_shape)
    return co.to_onnx(model, frame, model.init_state(), phase=phase)


def compare(model: ContinualModel, contents: Sequence[bytes], rows: int, seed: int = 0) -> float:
    """Return the largest relative difference of the scores over twice the receptive field.

    Args:
        model: In eval mode.
        contents: One graph, or one per phase.
        rows: Streams side by side.
        seed: Of frames and pauses; with one graph per phase no row pauses.

    Raises:
        AssertionError: If onnxruntime calls other rows valid than torch.
    """
    sessions = [open_session(content) for content in contents]
    names = [entry.name for entry in sessions[0].get_inputs()]
    state = model.init_state(rows)
    theirs = [leaf.numpy() for _, leaf in co.flatten_state(state)]
    rng = np.random.default_rng(seed)
    largest = difference = 0.0
    for t in range(2 * model.spec.receptive_field):
        frame = rng.standard_normal((rows, *model.spec.step_shape), dtype=np.float32)
        update = (rng.random(rows) < 0.8) | (len(sessions) > 1)
        with torch.inference_mode():
            y, valid, state = model.forward_step(
                torch.from_numpy(frame), state, torch.from_numpy(update)
            )
        feed = dict(zip(names, (frame, update, *theirs), strict=True))
        z, also, *theirs = sessions[t % len(sessions)].run(None, feed)
        assert also.tolist() == valid.tolist(), f"{model.architecture}: valid differs at {t}"
        difference = max(difference, float(np.abs(z - y.numpy()).max()))
        largest = max(largest, float(y.abs().max()))
    return difference / largest


def open_session(content: bytes) -> onnxruntime.InferenceSession:
    """Return a session on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def measure(model: ContinualModel, by_phase: bool) -> Iterator[tuple[str, ...]]:
    """Yield a line of the table for each way to export a network."""
    strided = by_phase and model.spec.time_stride > 1
    for phases in ([None], range(model.spec.time_stride)) if strided else ([None],):
        start = time.perf_counter()
        contents = [export_step(model, phase) for phase in phases]
        seconds = time.perf_counter() - start
        differences = (f"{compare(model, contents, rows):.1e}" for rows in ROWS)
        size = sum(map(len, contents)) >> 10
        yield (model.architecture, str(len(contents)), str(size), *differences, f"{seconds:.0f}")


def main() -> None:
    """Print the table, and store it where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pattern", nargs="?", default="co*", help="names of networks")
    parser.add_argument("--shallow", action="store_true", help="every kind of block once")
    parser.add_argument("--phases", action="store_true", help="also one graph per phase")
    parser.add_argument("--store", type=Path, metavar="FILE", help="page for the table")
    options = parser.parse_args()
    torch.set_num_threads(1)
    create = gallery.create_shallow if options.shallow else gallery.create_narrow
    lines = [HEADER, ("---",) * len(HEADER)]
    for name in list_models(options.pattern):
        for line in measure(create(name), options.phases):
            lines.append(line)
            print("  ".join(cell.ljust(18) for cell in line), flush=True)
    if options.store:
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        origin = f"Last run: {datetime.date.today()}, {describe_run('torch', 'onnxruntime')}."
        parts = (f"# {TITLE}", NOTE, COMMAND, table, origin)
        options.store.write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
