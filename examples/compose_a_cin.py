# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Compose a continual network, prove it, and watch a stream go through it frame by frame.

    python examples/compose_a_cin.py

Needs torch only.
"""

from __future__ import annotations

import torch

from co_perception import continual as co
from co_perception.continual import testing


def make_network() -> co.Sequential:
    """Return a small classifier of skeletons: frames (B, 3, 13), four classes."""
    block = co.Sequential(
        co.Conv2d(16, 16, (5, 1), padding=("causal", 0)), co.BatchNorm(16), co.ReLU()
    )
    return co.Sequential(
        co.Conv2d(3, 16, (3, 1), padding=("causal", 0)),
        co.ReLU(),
        co.Residual(block),
        co.AvgPool2d((8, None), padding=("causal", 0), count_include_pad=False),
        co.Flatten(),
        co.Linear(16, 4),
    )


@torch.inference_mode()
def main() -> None:
    """Prove that steps are exact, print what they cost, and step."""
    torch.manual_seed(0)
    network = make_network().eval()
    testing.check_clip(network, torch.randn(2, 3, 30, 13))  # steps == chunks == clip, to 1e-5
    testing.check_rows(network, torch.randn(3, 3, 30, 13))  # late starts, pauses, resets
    print("steps, chunks and clips agree; rows are streams of their own\n")
    print(co.summary(network, (3, 13)), "\n")

    clip = torch.randn(1, 3, 20, 13)
    dense = network(clip)  # (1, 4, 20): what the clip network says at every frame
    state = network.init_state(clip[:, :, 0])
    for t in range(20):
        scores, valid, state = network.forward_step(clip[:, :, t], state)
        error = float((scores - dense[:, :, t]).abs().max())
        if t % 4 == 3:
            warm = float(co.warm_share(state))
            print(f"frame {t:2}  valid {bool(valid)}  warm {warm:4.0%}  error {error:.0e}")


if __name__ == "__main__":
    main()
