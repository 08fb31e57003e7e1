# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Train a transformer on clips of features, then let it follow a stream vector by vector.

    python examples/detect_actions_in_features.py

The features are made up: two kinds of event in noise. What is to be told at every moment is which
of them happened in the last 16 frames. Needs torch only.
"""

from __future__ import annotations

import argparse

import torch
from torch import Tensor
from torch.nn import functional

from co_perception.models import ContinualModel, create_model

CLASSES = ("nothing", "open", "close", "both")
CHANNELS, WINDOW = 16, 16


def make_streams(rows: int, frames: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return features (B, 16, T) and the class at every frame (B, T)."""
    event = torch.randint(30, (rows, frames), generator=generator)  # 1 opens, 2 closes
    features = 0.5 * torch.randn(rows, CHANNELS, frames, generator=generator)
    features[:, 0] += 4.0 * (event == 1)
    features[:, 1] += 4.0 * (event == 2)
    seen = [
        functional.max_pool1d(
            functional.pad((event == kind).float(), (WINDOW - 1, 0)), WINDOW, stride=1
        )
        for kind in (1, 2)
    ]
    return features, (seen[0] + 2 * seen[1]).long()


def train(model: ContinualModel, iterations: int, generator: torch.Generator) -> None:
    """Train on clips that begin anywhere in a stream."""
    optimiser = torch.optim.AdamW(model.parameters(), 5e-3)
    for i in range(iterations):
        clip, labels = make_streams(16, 24, generator)
        start = torch.randint(model.arguments["num_embeds"], (16,), generator=generator)
        loss = functional.cross_entropy(model.forward_dense(clip, start_index=start), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if i % 40 == 39:
            print(f"iteration {i + 1:3}  loss {loss.item():.2f}")


@torch.inference_mode()
def follow(model: ContinualModel, frames: int, generator: torch.Generator) -> float:
    """Step through a stream and return how often the answer was right."""
    stream, labels = make_streams(1, frames, generator)
    state, hits, said = model.init_state(), 0, ""
    for t, frame in enumerate(stream.unbind(2)):
        scores, _, state = model.forward_step(frame, state)
        answer = int(scores.argmax())
        hits += answer == int(labels[0, t])
        if CLASSES[answer] != said and t < 60:
            said = CLASSES[answer]
            print(f"frame {t:2}  {said:8}  (true: {CLASSES[int(labels[0, t])]})")
    return hits / frames


def main() -> None:
    """Train, and follow a stream."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=120)
    options = parser.parse_args()
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    model = create_model(
        "co_oadtr_b1",
        num_classes=len(CLASSES),
        input_dim=CHANNELS,
        window=WINDOW,
        width=1 / 32,
        padding="causal",
    )
    train(model.train(), options.iterations, generator)
    accuracy = follow(model.eval(), 500, generator)
    print(f"right in {accuracy:.0%} of 500 frames")
    print(f"{model.summary().macs:,.0f} multiply-adds a step")


if __name__ == "__main__":
    main()
