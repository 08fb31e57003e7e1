# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Compare the networks for video at full size with pytorchvideo's, clip and step.

Usage: python benchmarks/parity_video.py [NAME ...] [--output docs/parity/video.md]

Same weights, random but with every layer in use; frames of noise; fp32 on the CPU. Prints one line
per network and ends with 1 where a difference is above 1e-5. Rows of the output file whose network
is not run again stay. Needs 6 GB of memory, and minutes per network.
"""

from __future__ import annotations

import sys

import torch
from parity import Parity, run_comparisons, run_steps
from peers.video import make_pytorchvideo, randomise, see_single_frames
from torch import Tensor, nn

from co_perception.continual.testing import relative_difference
from co_perception.models import create_model

NAMES = ("cox3d_xs", "cox3d_s", "cox3d_m", "cox3d_l", "coslow_r50", "coi3d_r50")
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


def compare(name: str) -> Parity:
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
    steps = run_steps(model, stream)
    step_difference = relative_difference(steps, expected[:, :, : steps.shape[2]])
    frame = f"{side} x {side}"
    return Parity(name, frame, clip_frames, clip_difference, frames, step_difference)


def run_peer(peer: nn.Module, clip: Tensor) -> Tensor:
    """Return logits (B, K, T')."""
    logits: Tensor = peer(clip)
    return logits.squeeze(-1).squeeze(-1)


if __name__ == "__main__":
    sys.exit(run_comparisons(compare, NAMES, summary=__doc__.splitlines()[0], preamble=PREAMBLE))
