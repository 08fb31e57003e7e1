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

import sys

import torch
from parity import Parity, run_comparisons, run_steps
from peers.skeleton import make_reference, randomise
from torch import Tensor

from co_perception.continual.testing import relative_difference
from co_perception.models import ContinualModel, create_model

NAMES = ("co_st_gcn", "co_st_gcn_mod", "co_agcn", "co_agcn_mod", "co_s_tr", "co_s_tr_mod")
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


def compare(name: str) -> Parity:
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
    joints, persons = model.spec.step_shape[1:]
    frame = f"{persons} x {joints} joints"
    return Parity(name, frame, clip.shape[2], clip_difference, stream.shape[2], step_difference)


def draw_frames(model: ContinualModel, frames: int) -> Tensor:
    """Return one scene of noise, (1, C, T, V, 2)."""
    channels, *joints = model.spec.step_shape
    return torch.randn(1, channels, frames, *joints)


if __name__ == "__main__":
    sys.exit(run_comparisons(compare, NAMES, summary=__doc__.splitlines()[0], preamble=PREAMBLE))
