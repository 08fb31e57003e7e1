# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The model card of the starter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from co_perception.motion import LABELS
from co_perception.training.classes import CLASSES, JHMDB_ACTIONS, KINDER_GATOR_ACTIONS

__all__ = ["class_sources", "result_table", "write_card"]

_CARD = """# starter

A small continual skeleton network ({parameters:,} parameters) that says what a person in view is
doing, frame by frame, from 2-D joints at 15 Hz. It is a **starter**: it shows that the whole chain
works and is right more often than not; it is no product.

Trained by `co-perception train starter --data DIR --output models/starter`.

## Classes and where each is from

| class | J-HMDB (real clips, 2-D) | Kinder-Gator (Kinect, 3-D) | self-made motion |
|---|---|---|---|
{classes}

Activities of other kinds in the two recorded sets (drawing letters in the air, swimming, golf,
pouring, pull-ups, ...) were trained towards "no class is sure". "unknown" is said when no
probability reaches the enter threshold of model.yaml; temperature and threshold were fitted on
held-out streams.

## Data and licences

* **J-HMDB** joints, as distributed with fandulu/DD-Net (repository MIT; the source clips, HMDB51,
  CC BY 4.0). H. Jhuang, J. Gall, S. Zuffi, C. Schmid, M. J. Black, "Towards understanding action
  recognition", ICCV 2013.
* **Kinder-Gator** (A. Aloba et al., "Kinder-Gator: The UF Kinect Database of Child and Adult
  Motion", Eurographics 2018), from its first author's repository. No licence file; its README
  says: "This is an anonymized dataset for use in animation and whole-body recognition and
  interaction."
* **Self-made motion**: the generator in `co_perception.motion`, split "train"; Apache-2.0.

Only weights ship; no recording does. Weights: Apache-2.0, as far as we hold rights to them.

## Figures

All on data that did not train. The seven shared classes are walk, run, jump, wave, throw, bend,
push. Self-made motion is synthetic, and so are figures on it. Figures on split 1 of J-HMDB (across
data sets too) and on the held-out Kinder-Gator subjects were in view while the recipe was made and
may be a little kind; those on splits 2 and 3 and on the demo scripts below were not.

{figures}

## What it cannot do

* Tell apart what looks alike in 2-D joints: waving and the wind-up of a throw, bending and the
  beginning of a squat, pushing and punching.
* See objects, hands or faces: pouring, drinking and typing are "unknown" at best, and an arm that
  moves in front of the body may be called wave, throw or clap.
* Be sure of much outside its sources: real people who merely stand, seen from behind or with their
  hands before them, are "unknown" more often than "stand"; people who walk into view are mostly
  "unknown". Single throws are often over before it is sure. Whole real scenes were hardly tested.
* Judge somebody of whom only the upper body is in view: possible for waving and clapping, a guess
  for the rest.
* Squats come from self-made motion only; sitting down, standing up and clapping have few real
  examples. Old people, wheelchairs, crowds and unusual camera angles were not looked at.
* Its probabilities are calibrated on held-out data of the same sources, not on your camera.
"""


def class_sources() -> dict[str, tuple[str, str, str]]:
    """For each class, what J-HMDB, Kinder-Gator and the motion generator call it."""
    rows = {}
    for name in CLASSES:
        jhmdb = ", ".join(action for action, label in JHMDB_ACTIONS.items() if label == name)
        kinect = [action for action, label in KINDER_GATOR_ACTIONS.items() if label == name]
        recorded = ", ".join(action.strip("-") for action in kinect)
        if name == "stand":
            recorded = "before and after the actions"
        rows[name] = (jhmdb, recorded, name if name in LABELS else "")
    return rows


def write_card(results: dict[str, Any]) -> str:
    """Write MODEL_CARD.md.

    Args:
        results: "facts" (parameters, steps, seed), "held_out" (`train.score_held_out`), and where
            they were made "protocol" (`protocol.run_protocol`) and "demo" (the report of the
            demo camera).
    """
    classes = "\n".join(
        f"| {name} | {' | '.join(cell or '-' for cell in row)} |"
        for name, row in class_sources().items()
    )
    figures = "\n\n".join(
        result_table(name, results[name]) for name in _SECTIONS if name in results
    )
    facts = results.get("facts", {})
    return _CARD.format(classes=classes, figures=figures, parameters=facts.get("parameters", 0))


def result_table(name: str, result: Any) -> str:
    """Return one result as Markdown: a sentence and a table."""
    return _SECTIONS[name](result)


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f} %"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _protocol_table(result: dict[str, Any]) -> str:
    rows = [
        (row["trained_on"], row["tested_on"], _percent(row["without"]), _percent(row["with"]))
        for row in result["rows"]
    ]
    head = ("trained on", "tested on", "without self-made motion", "with")
    return (
        "The protocol, trainings of its own that are not shipped "
        "(`co-perception evaluate protocol --data DIR`; per class in evaluation.json):\n\n"
        + _table(head, rows)
    )


def _held_out_table(result: dict[str, Any]) -> str:
    rows = [
        (title, str(score["samples"]), _percent(score["accuracy"]), _percent(score["balanced"]))
        for name, title in _HELD_OUT.items()
        if (score := result.get(name)) is not None
    ]
    return (
        "The shipped weights, on what was held out from them (the same held-out data set their "
        "temperature and threshold, which do not move these figures):\n\n"
        + _table(("held out", "samples", "right", "balanced over classes"), rows)
    )


def _demo_table(result: dict[str, Any]) -> str:
    settings = result["settings"]
    rows = []
    for truth, given in result["answers"].items():
        total = sum(given.values())
        ranked = sorted(given.items(), key=lambda item: -item[1])
        others = [f"{a} {_percent(n / total)}" for a, n in ranked if a != truth][:3]
        rows.append((truth, _percent(given.get(truth, 0) / total), ", ".join(others) or "-"))
    return (
        f"Synthetic: {settings['scripts']} scripts of the demo person that no training used "
        f'(split "judge": other styles, bodies, views; seeds from {settings["first_seed"]} on), '
        "through rendered camera, MediaPipe and network, "
        f"from {settings['settle_sec']:.2f} s after each activity began "
        f"(`co-perception evaluate demo`). Balanced over the activities: right "
        f"**{_percent(result['balanced'])}**, unknown or no answer "
        f"{_percent(result['unknown'])}, wrong {_percent(result['wrong'])}.\n\n"
        + _table(("activity", "right", "most frequent other answers"), rows)
    )


def _clips_table(result: dict[str, Any]) -> str:
    rows = []
    for name, seen in result.items():
        ranked = sorted(seen["answers"].items(), key=lambda item: -item[1])
        answers = ", ".join(f"{label} {count}" for label, count in ranked)
        rows.append((name, str(seen["images"]), answers or "-", str(seen["without_answer"])))
    return (
        "Real videos that nobody labelled frame by frame, none of them trained on, to be read "
        "rather than scored (`co-perception evaluate clips --clips DIR`). tfjs_pose_squats: a "
        "woman doing squats, 5 images per second; tfjs_pose_1: a rendered person moving the arms; "
        "intel_one_by_one_person: people walk into a lobby and stand with their backs to the "
        "camera; intel_asl_walk: a signer, upper body.\n\n"
        + _table(("video", "images", "answers, in images", "no answer yet"), rows)
    )


_HELD_OUT = {
    "jhmdb_split1_test_10": "J-HMDB, test clips of split 1, 10 classes",
    "jhmdb_split1_test_7": "J-HMDB, test clips of split 1, 7 shared classes",
    "kinder_gator_held_subjects": "Kinder-Gator, 5 subjects, streams, frames, 13 classes",
    "self_made_judge": 'self-made motion, split "judge", streams, frames, 13 classes',
}
_SECTIONS = {
    "protocol": _protocol_table,
    "held_out": _held_out_table,
    "demo": _demo_table,
    "clips": _clips_table,
}
