# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Compare CoOadTR at full size with torch.nn.TransformerEncoder on every window of a stream.

Usage: python benchmarks/parity_transformer.py [--depths 1 2 3 6] [--output FILE]

Same weights, random, with sharp attention; features of noise; fp32 on the CPU. Prints one line
per depth and ends with 1 where a difference is above 1e-5. Needs 2 GB of memory and a minute per
depth.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from pages import describe_run
from torch import Tensor, nn
from torch.nn import functional

from co_perception.continual.testing import TOLERANCE, relative_difference
from co_perception.models import ContinualModel, create_model

COLUMNS = ("blocks", "tokens", "steps", "multiply-adds of a step", "answers differ by")
SHARPNESS = 3.0  # of queries and keys: as they are made, all tokens weigh nearly the same
PREAMBLE = """\
# Parity of CoOadTR at full size

Every answer of the steps, from a cold start over twice the window, against torch.nn's encoder on
the window that it rests on: max|ours - torch's| / max|torch's| of the logits, fp32. 1e-5 is the
limit. Weights are random; accuracy is not measured here.

```
python benchmarks/parity_transformer.py --output docs/parity/transformer.md
```

"""


class Row(NamedTuple):
    """What came of one depth."""

    depth: int
    window: int
    steps: int
    macs: int
    difference: float

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        numbers = (self.depth, self.window, self.steps)
        return (*map(str, numbers), f"{self.macs / 1e6:.1f} M", f"{self.difference:.1e}")


def main() -> int:
    """Parse the arguments, compare, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depths", nargs="+", type=int, default=[1, 2, 3, 6], metavar="L")
    parser.add_argument("--output", type=Path, help="file of the table")
    options = parser.parse_args()
    rows = []
    for depth in options.depths:
        rows.append(compare(depth))
        print("  ".join(rows[-1].cells()), flush=True)
    if options.output:
        options.output.write_text(PREAMBLE + describe(rows))
    return 0 if max(row.difference for row in rows) <= TOLERANCE else 1


@torch.inference_mode()
def compare(depth: int) -> Row:
    """Step a network of so many blocks through a stream, and hold every answer to torch.nn's."""
    torch.manual_seed(depth)
    model = create_model("co_oadtr_b1", depth=depth).eval()
    sharpen(model)
    window = model.spec.receptive_field
    stream = torch.randn(1, *model.spec.step_shape, 2 * window)
    steps, valid, _ = model.forward_steps(stream, model.init_state())
    expected = compute_by_torch(model, stream, window)
    difference = relative_difference(steps[0, :, valid[0]].T, expected)
    return Row(depth, window, stream.shape[2], model.summary().macs, difference)


def sharpen(model: nn.Module) -> None:
    """Make the weights of queries and keys larger."""
    for name, weight in model.named_parameters():
        if name.endswith("in_proj_weight"):
            weight[: 2 * weight.shape[1]] *= SHARPNESS


def compute_by_torch(model: ContinualModel, stream: Tensor, window: int) -> Tensor:
    """Return the logits of each window of a stream (1, D_in, T), (T - n + 1, K)."""
    network: Any = model.network
    tokens = functional.linear(stream[0].T, network.embed.weight, network.embed.bias)
    numbers = torch.arange(len(tokens)) % model.arguments["num_embeds"]
    windows = (tokens + network.position.weight[numbers]).unfold(0, window, 1).mT
    seen = make_torch_encoder(network.encoder, model.arguments["depth"])(windows)[:, -1]
    norm, head = network.norm, network.classifier
    seen = functional.layer_norm(seen, seen.shape[-1:], norm.weight, norm.bias)
    return functional.linear(seen, head.weight, head.bias)


def make_torch_encoder(encoder: nn.Module, depth: int) -> nn.Module:
    """Return torch's encoder with the weights of ours; CoOadTR's attention has no biases."""
    weights = encoder.state_dict()
    hidden, channels = weights["layers.0.linear1.weight"].shape
    layer = nn.TransformerEncoderLayer(channels, 8, hidden, activation="gelu", batch_first=True)
    twin = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
    blank = {
        name: torch.zeros_like(bias)
        for name, bias in twin.state_dict().items()
        if name not in weights
    }
    twin.load_state_dict({**weights, **blank})
    return twin.eval()


def describe(rows: Sequence[Row]) -> str:
    """Return the table, and what it was made on."""
    rule = tuple("---" for _ in COLUMNS)
    cells = [COLUMNS, rule, *(row.cells() for row in rows)]
    lines = [f"| {' | '.join(line)} |" for line in cells]
    return "\n".join(lines) + f"\n\nLast run: {datetime.date.today()}, {describe_run('torch')}.\n"


if __name__ == "__main__":
    sys.exit(main())
