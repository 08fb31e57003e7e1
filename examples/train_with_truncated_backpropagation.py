# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Train on streams that never end: back-propagate through a chunk, keep the state, cut the graph.

    python examples/train_with_truncated_backpropagation.py

The task: which of two events came last, however long ago. Frames go in one by one, as on a robot;
after each chunk the weights move, and `co.detach` hands the state on without its past, so memory
stays what one chunk needs. Needs torch only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from co_perception import continual as co

ROWS, CHANNELS, CHUNK = 16, 4, 12


def make_network() -> co.Sequential:
    """Return a detector of events and a memory; frames (B, 4), two classes.

    No batch norm: in training it would need the statistics of a whole clip.
    """
    return co.Sequential(
        co.Conv1d(CHANNELS, 16, 3, padding="causal"),
        co.ReLU(),
        co.GRU(16, 16),
        co.Linear(16, 2),
    )


def watch_streams(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield chunks (B, 4, t) of endless streams with the last event at every frame, (B, t)."""
    last = torch.zeros(ROWS, dtype=torch.int64)
    while True:
        event = torch.randint(24, (ROWS, CHUNK), generator=generator)  # 0 and 1 are events
        frames = 0.3 * torch.randn(ROWS, CHANNELS, CHUNK, generator=generator)
        frames[:, 0] += 2.0 * (event == 0)
        frames[:, 1] += 2.0 * (event == 1)
        labels = []
        for now in event.unbind(1):
            last = torch.where(now < 2, now, last)
            labels.append(last)
        yield frames, torch.stack(labels, 1)


def main() -> None:
    """Train and print how loss and accuracy change."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chunks", type=int, default=100, help="chunks to train on")
    chunks = parser.parse_args().chunks
    torch.manual_seed(0)
    network = make_network()
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    state = network.init_state(torch.zeros(ROWS, CHANNELS))
    for i, (frames, labels) in zip(range(chunks), watch_streams(torch.Generator().manual_seed(0))):
        scores, _, state = network.forward_steps(frames, state)  # (B, 2, t)
        loss = functional.cross_entropy(scores, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        state = co.detach(state)  # the stream goes on, its graph ends here
        if i % 20 == 19 or not i:
            right = float((scores.argmax(1) == labels).float().mean())
            seen = int(co.progress(state).frames_seen[0])
            print(f"chunk {i + 1:3}  frame {seen:4}  loss {loss.item():.2f}  right {right:4.0%}")


if __name__ == "__main__":
    main()
