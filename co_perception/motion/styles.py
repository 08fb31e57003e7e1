# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The table of activities and styles, and which split each style belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from co_perception.errors import ConfigError
from co_perception.motion import arms, legs
from co_perception.motion.cycles import Cycle, Draw
from co_perception.motion.gait import Gait
from co_perception.motion.splits import check_split

__all__ = ["LABELS", "STYLES", "TRANSITIONS", "Style", "list_styles"]


@dataclass(frozen=True)
class Style:
    """One way to perform an activity.

    Attributes:
        label: The activity.
        name: Name of the style, unique within the activity.
        split: "train" or "judge".
        make: Draws a performance for a given number of seconds.
    """

    label: str
    name: str
    split: str
    make: Callable[[Draw, float], Cycle]


def _walk(way: str) -> Callable[[Draw, float], Cycle]:
    def make(d: Draw, seconds: float) -> Cycle:
        gait = legs.walk_gait(d)
        return legs.travel(d, gait, d(0.95, 1.25) / gait.stride, way, seconds)

    return make


def _march(d: Draw, seconds: float) -> Cycle:
    gait = legs.walk_gait(d)
    return legs.travel(
        d, _changed(gait, lift=d(0.12, 0.24), carry=d(0.04, 0.12)), 0.0, _HERE, seconds
    )


def _shuffle(d: Draw, seconds: float) -> Cycle:
    gait = legs.walk_gait(d)
    return legs.travel(d, _changed(gait, lift=d(0.06, 0.12), carry=-0.04), 0.0, _HERE, seconds)


def _run(way: str) -> Callable[[Draw, float], Cycle]:
    def make(d: Draw, seconds: float) -> Cycle:
        speed = d(1.9, 2.9) if way == "treadmill" else d(1.7, 2.1)
        return legs.travel(d, legs.run_gait(d), speed, way, seconds)

    return make


def _high_knees(d: Draw, seconds: float) -> Cycle:
    gait = _changed(legs.run_gait(d), lift=d(0.34, 0.46), carry=d(0.10, 0.2), lean=0.0)
    return legs.travel(d, gait, 0.0, _HERE, seconds)


def _changed(gait: Gait, **changes: float) -> Gait:
    return Gait(**{**vars(gait), **changes})


_HERE = "in_place"
_TRAIN, _JUDGE = "train", "judge"
_TABLE: list[tuple[str, str, str, Callable[[Draw, float], Cycle]]] = [
    ("stand", "hanging", _TRAIN, lambda d, s: legs.stand(d, "hanging")),
    ("stand", "hips", _TRAIN, lambda d, s: legs.stand(d, "hips")),
    ("stand", "folded", _TRAIN, lambda d, s: legs.stand(d, "folded")),
    ("stand", "looking", _TRAIN, lambda d, s: legs.stand_restless(d, "look")),
    ("stand", "touching_head", _TRAIN, lambda d, s: legs.stand_restless(d, "touch")),
    ("stand", "shifting", _JUDGE, lambda d, s: legs.stand_restless(d, "shift")),
    ("stand", "clasped", _JUDGE, lambda d, s: legs.stand(d, "clasped")),
    ("stand", "behind", _JUDGE, lambda d, s: legs.stand(d, "behind")),
    ("walk", "to_and_fro", _TRAIN, _walk("to_and_fro")),
    ("walk", "treadmill", _TRAIN, _walk("treadmill")),
    ("walk", "in_place", _TRAIN, _shuffle),
    ("walk", "circle", _JUDGE, _walk("circle")),
    ("walk", "march", _JUDGE, _march),
    ("run", "in_place", _TRAIN, _run(_HERE)),
    ("run", "treadmill", _TRAIN, _run("treadmill")),
    ("run", "to_and_fro", _TRAIN, _run("to_and_fro")),
    ("run", "high_knees", _JUDGE, _high_knees),
    ("run", "circle", _JUDGE, _run("circle")),
    (
        "jump",
        "swing",
        _TRAIN,
        lambda d, s: legs.jump(d, height=d(0.12, 0.38), arms="swing", pause=d(0.0, 0.4)),
    ),
    (
        "jump",
        "hands_on_hips",
        _TRAIN,
        lambda d, s: legs.jump(d, height=d(0.08, 0.25), arms="hips", pause=d(0.0, 0.3)),
    ),
    ("jump", "jumping_jack", _TRAIN, lambda d, s: legs.jumping_jack(d)),
    (
        "jump",
        "reach_up",
        _JUDGE,
        lambda d, s: legs.jump(d, height=d(0.15, 0.35), arms="up", pause=d(0.0, 0.3)),
    ),
    ("squat", "arms_forward", _TRAIN, lambda d, s: _squat(d, "forward", d(0.12, 0.2))),
    ("squat", "arms_down", _TRAIN, lambda d, s: _squat(d, "down", d(0.12, 0.2))),
    ("squat", "sumo", _TRAIN, lambda d, s: _squat(d, "chest", d(0.25, 0.34))),
    ("squat", "hands_at_chest", _JUDGE, lambda d, s: _squat(d, "chest", d(0.14, 0.2))),
    ("squat", "arms_crossed", _JUDGE, lambda d, s: _squat(d, "crossed", d(0.14, 0.22))),
    ("bend", "pick_up", _TRAIN, lambda d, s: _pick(d, False, d(0.04, 0.16), 0.0)),
    ("bend", "touch_toes", _TRAIN, lambda d, s: arms.touch_toes(d)),
    ("bend", "bow", _TRAIN, lambda d, s: arms.bow(d, arms="sides")),
    ("bend", "bow_hands_behind", _TRAIN, lambda d, s: arms.bow(d, arms="behind")),
    ("bend", "pick_up_both", _JUDGE, lambda d, s: _pick(d, True, d(0.04, 0.14), 0.0)),
    ("bend", "pick_up_aside", _JUDGE, lambda d, s: _pick(d, False, d(0.02, 0.1), d(0.2, 0.4))),
    ("bend", "bow_hand_at_chest", _JUDGE, lambda d, s: arms.bow(d, arms="chest")),
    ("wave", "forearm", _TRAIN, lambda d, s: arms.wave(d, lifted=d(-0.1, 0.5), both=False)),
    ("wave", "whole_arm", _TRAIN, lambda d, s: arms.wave_whole_arm(d, both=False)),
    ("wave", "both_forearms", _TRAIN, lambda d, s: arms.wave(d, lifted=d(0.0, 0.4), both=True)),
    ("wave", "low", _JUDGE, lambda d, s: arms.wave(d, lifted=d(-0.6, -0.3), both=False)),
    ("wave", "both_arms", _JUDGE, lambda d, s: arms.wave_whole_arm(d, both=True)),
    ("clap", "chest", _TRAIN, lambda d, s: arms.clap(d, up=d(-0.1, 0.15), ahead=d(0.0, 0.3))),
    ("clap", "overhead", _TRAIN, lambda d, s: arms.clap(d, up=d(1.1, 1.7), ahead=d(0.0, 0.3))),
    ("clap", "face", _JUDGE, lambda d, s: arms.clap(d, up=d(0.3, 0.6), ahead=d(0.0, 0.3))),
    ("clap", "low", _JUDGE, lambda d, s: arms.clap(d, up=d(-0.45, -0.2), ahead=d(0.1, 0.4))),
    ("throw", "overarm", _TRAIN, lambda d, s: arms.throw_overarm(d, stagger=d(0.0, 0.12))),
    ("throw", "underarm", _TRAIN, lambda d, s: arms.throw_underarm(d, stagger=d(0.0, 0.35))),
    ("throw", "sideways", _TRAIN, lambda d, s: arms.throw_sideways(d, stagger=d(0.0, 0.3))),
    ("throw", "overarm_stride", _JUDGE, lambda d, s: arms.throw_overarm(d, stagger=d(0.2, 0.4))),
    ("throw", "two_handed", _JUDGE, lambda d, s: arms.throw_two_handed(d, stagger=d(0.0, 0.3))),
    ("push", "two_hands", _TRAIN, lambda d, s: arms.push(d, both=True, stagger=d(0.0, 0.2))),
    ("push", "punch", _TRAIN, lambda d, s: arms.punch(d, level=d(-0.1, 0.15))),
    ("push", "one_hand", _JUDGE, lambda d, s: arms.push(d, both=False, stagger=d(0.0, 0.25))),
    (
        "push",
        "two_hands_stride",
        _JUDGE,
        lambda d, s: arms.push(d, both=True, stagger=d(0.3, 0.5)),
    ),
    ("kick", "ball", _TRAIN, lambda d, s: legs.kick(d, reach=d(0.35, 0.5), high=d(0.12, 0.3))),
    ("kick", "high", _JUDGE, lambda d, s: legs.kick(d, reach=d(0.5, 0.6), high=d(0.45, 0.65))),
    ("sit_down", "plain", _TRAIN, lambda d, s: legs.sit(d, arms="none", rising=False)),
    ("sit_down", "knees", _TRAIN, lambda d, s: legs.sit(d, arms="knees", rising=False)),
    ("sit_down", "forward", _JUDGE, lambda d, s: legs.sit(d, arms="forward", rising=False)),
    ("sit_down", "sides", _JUDGE, lambda d, s: legs.sit(d, arms="sides", rising=False)),
    ("stand_up", "plain", _TRAIN, lambda d, s: legs.sit(d, arms="none", rising=True)),
    ("stand_up", "knees", _TRAIN, lambda d, s: legs.sit(d, arms="knees", rising=True)),
    ("stand_up", "forward", _JUDGE, lambda d, s: legs.sit(d, arms="forward", rising=True)),
    ("stand_up", "sides", _JUDGE, lambda d, s: legs.sit(d, arms="sides", rising=True)),
]


def _squat(d: Draw, held: str, wide: float) -> Cycle:
    return legs.squat(d, arms=held, wide=wide, turned=d(0.25, 0.5) + (0.3 if wide > 0.22 else 0.0))


def _pick(d: Draw, both: bool, knees: float, aside: float) -> Cycle:
    return arms.pick_up(d, both=both, knees=knees, aside=aside)


STYLES = tuple(Style(*row) for row in _TABLE)
LABELS = tuple(dict.fromkeys(style.label for style in STYLES))
"""Every activity that can be performed, in a fixed order."""

TRANSITIONS = ("sit_down", "stand_up")
"""Activities that end in another posture than they begin; they do not repeat."""


def list_styles(label: str, split: str) -> list[Style]:
    """Return the styles of an activity in one split.

    Raises:
        ConfigError: If the label or the split is not known.
    """
    check_split(split)
    if label not in LABELS:
        raise ConfigError(f"motion: expected a label of {sorted(LABELS)}, got {label!r}")
    return [style for style in STYLES if style.label == label and style.split == split]
