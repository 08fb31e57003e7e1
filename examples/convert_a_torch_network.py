# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Turn a video network of torch.nn, residual blocks and all, into one that answers every frame.

    python examples/convert_a_torch_network.py

Needs torch only. The weights are random: what counts is that both networks say the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from co_perception import continual as co
from co_perception.errors import ConfigError

WINDOW = 8  # frames of a clip


class Block(nn.Module):
    """A residual block as it is written everywhere."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Add what two convolutions make of a clip to it."""
        y = self.relu(self.conv1(x))
        return self.relu(self.conv2(y) + x)


def make_original() -> nn.Sequential:
    """Return a classifier of clips (B, 3, T, H, W)."""
    return nn.Sequential(
        nn.Conv3d(3, 8, (1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
        Block(8),
        nn.AdaptiveAvgPool3d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    )


@torch.inference_mode()
def main() -> None:
    """Convert, compare on a clip, step through a stream, and show a refusal."""
    torch.manual_seed(0)
    original = make_original().eval()
    network = co.from_torch(original, window=WINDOW)
    clip = torch.randn(1, 3, WINDOW, 32, 32)
    error = float((network(clip)[:, :, 0] - original(clip)).abs().max())
    print(f"on a clip of {WINDOW} frames the two differ by {error:.0e}")
    print(f"receptive field {network.receptive_field} frames, delay {network.delay}\n")

    stream = torch.randn(1, 3, 16, 32, 32)
    dense = network(stream)  # one answer per window position, the padding at both ends included
    state = network.init_state(stream[:, :, 0])
    for t in range(16):
        scores, valid, state = network.forward_step(stream[:, :, t], state)
        if valid and t % 2:
            off = float((scores - dense[:, :, t - network.delay]).abs().max())
            print(f"frame {t:2}  class {int(scores.argmax())}  off the clip's by {off:.0e}")

    try:
        co.from_torch(nn.Sequential(nn.Conv3d(3, 8, 3), nn.GroupNorm(2, 8), nn.Upsample(32)))
    except ConfigError as refusal:
        print(f"\n{refusal}")


if __name__ == "__main__":
    main()
