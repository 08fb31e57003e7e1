# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Follow people with a skeleton network: each has a row of the state, and a clock of its own.

    python examples/follow_people.py                    # CoST-GCN*
    python examples/follow_people.py --model co_s_tr --window 48

Ann is in view from the first frame on. Bob comes later, is hidden for a while and leaves; then Cat
takes his row. At the end every answer is compared with the clip network on all that was seen of
that person. Skeletons and weights are random: what shows is whose answer it is, not what they do.
Needs torch only.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

import torch
from torch import Tensor

from co_perception import continual as co
from co_perception.models import ContinualModel, create_model, list_models


@dataclass
class Person:
    """Somebody in view: which row is theirs, and what was seen and answered."""

    name: str
    row: int
    comes: int
    goes: int
    hidden: range = range(0)
    seen: list[Tensor] = field(default_factory=list)
    answers: list[Tensor] = field(default_factory=list)

    def in_view_at(self, t: int) -> bool:
        """Whether there is a skeleton of theirs at frame t."""
        return self.comes <= t < self.goes and t not in self.hidden


def compare_with_clips(model: ContinualModel, person: Person) -> str:
    """Say how far a person's answers are from the clip network's."""
    if not person.answers:
        return "never seen for long enough"
    dense = model.forward_dense(torch.stack(person.seen, 1)[None])[0].T
    steps = torch.stack(person.answers)
    difference = float((steps - dense[: len(steps)]).abs().max() / dense.abs().max())
    return f"{len(steps)} answers, {difference:.0e} from the clip network's"


@torch.inference_mode()
def main() -> None:
    """Step two rows through the comings and goings of three people."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    models = [name for name in list_models("co_*") if "oadtr" not in name]
    parser.add_argument("--model", default="co_st_gcn_mod", choices=models)
    parser.add_argument("--window", type=int, default=84, help="frames of a clip")
    options = parser.parse_args()
    torch.manual_seed(0)
    model = create_model(options.model, num_classes=60, window=options.window).eval()
    span = model.spec.receptive_field
    print(f"{options.model}: receptive field {span} frames, delay {model.spec.delay} frames")
    people = [
        Person("Ann", 0, 0, 3 * span),
        Person("Bob", 1, 10, span + 40, hidden=range(30, 45)),
        Person("Cat", 1, span + 50, 3 * span),
    ]
    state = model.init_state(batch_size=2)
    for t in range(3 * span):
        frames, update = torch.zeros(2, *model.spec.step_shape), torch.zeros(2, dtype=torch.bool)
        for person in people:
            if t == person.comes:  # whoever had the row before is forgotten
                state = co.reset(state, torch.arange(2) == person.row)
            if person.in_view_at(t):
                frames[person.row] = torch.randn(model.spec.step_shape)
                update[person.row] = True
                person.seen.append(frames[person.row])
        logits, valid, state = model.forward_step(frames, state, update)
        for person in people:
            if person.in_view_at(t) and valid[person.row]:
                person.answers.append(logits[person.row])
        if t % 50 == 49:
            rows = zip(co.progress(state).frames_seen.tolist(), valid.tolist())
            print(f"frame {t:3}", *(f"row {r}: {n:3} seen, {v}" for r, (n, v) in enumerate(rows)))
    for person in people:
        print(f"{person.name}: {compare_with_clips(model, person)}")


if __name__ == "__main__":
    main()
