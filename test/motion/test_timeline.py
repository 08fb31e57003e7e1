# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Scripts: labels, transitions, loops, and feet that stand where they stand."""

import numpy as np
import pytest

from co_perception.errors import ConfigError
from co_perception.motion import LABELS, make_timeline
from co_perception.motion.pose import CHANNELS

RATE = 100.0
# A planted foot may creep for a frame or two where a swing ends between two frames.
SLIDE_LIMIT_M_S = 0.03
SLIDE_SHARE = 0.01
JUMP_LIMIT_M = 0.25


@pytest.mark.parametrize("split", ["train", "judge"])
def test_script_is_repeatable_and_complete(split: str) -> None:
    script, again = (make_timeline(None, seed=2, split=split) for _ in range(2))
    points, labels, transition = script.sample(20.0)
    np.testing.assert_array_equal(points, again.sample(20.0)[0])
    assert len(points) == len(labels) == len(transition) == round(script.duration * 20.0)
    assert set(labels) == set(LABELS)
    assert {s.played.style for s in script.segments}.isdisjoint(
        s.played.style
        for s in make_timeline(
            None, seed=2, split={"train": "judge", "judge": "train"}[split]
        ).segments
        if s.label not in ("walk", "run")
    )


def test_labels_follow_the_segments_and_blends_surround_their_borders() -> None:
    script = make_timeline(["stand", "wave", "squat"], seed=1)
    for segment in script.segments:
        edge = np.array([segment.start - 1e-6, segment.start + 1e-6])
        assert script.labels_at(edge)[1] == segment.label
        assert script.is_transition(edge).all()
        middle = np.array([0.5 * (segment.start + segment.end)])
        assert not script.is_transition(middle).any()
        assert script.starts_at(middle)[0] == pytest.approx(segment.start)
        later = middle + script.duration
        assert script.labels_at(later) == [segment.label]
        assert script.starts_at(later)[0] == pytest.approx(segment.start + script.duration)


@pytest.mark.parametrize("seed", range(6))
def test_motion_is_continuous_through_transitions_and_loop(seed: int) -> None:
    script = make_timeline(None, seed=seed, split=("train", "judge")[seed % 2])
    t = np.arange(0.0, script.duration + 1.0, 1.0 / RATE)
    joints = script.solve_at(t).joints
    step = np.linalg.norm(np.diff(joints, axis=0), axis=-1).max(axis=1)
    assert step.max() < JUMP_LIMIT_M, (t[step.argmax()], script.labels_at(t)[step.argmax()])


@pytest.mark.parametrize("seed", range(6))
def test_planted_feet_do_not_slide(seed: int) -> None:
    script = make_timeline(None, seed=seed, split="judge")
    t = np.arange(0.0, script.duration, 1.0 / RATE)
    pose, channels = script.solve_at(t), script.poses_at(t)
    for side, name in enumerate(("left", "right")):
        up = channels[:, CHANNELS[f"foot_{name[0]}"]][:, 1]
        pitch = channels[:, CHANNELS["foot_pitch"]][:, side]
        planted = (up < 1e-3) & (pitch >= 0.0)
        planted = planted[1:] & planted[:-1]
        speed = np.hypot(*np.diff(pose[f"{name}_toe"][:, [0, 2]], axis=0).T) * RATE
        assert planted.mean() > 0.5
        assert (speed[planted] > SLIDE_LIMIT_M_S).mean() < SLIDE_SHARE


@pytest.mark.parametrize("seed", range(4))
def test_one_foot_stands_while_the_other_takes_its_new_place(seed: int) -> None:
    script = make_timeline(["stand", "squat", "stand", "push"], seed=seed, split="train")
    t = np.arange(0.0, script.duration, 1.0 / RATE)
    channels = script.poses_at(t)
    lifts = np.stack([channels[:, CHANNELS[name]][:, 1] for name in ("foot_l", "foot_r")])
    assert lifts.max() > 0.005
    assert lifts.min(axis=0).max() < 1e-3


@pytest.mark.parametrize("seed", range(6))
def test_nobody_spins_back_after_walking_round(seed: int) -> None:
    script = make_timeline(["walk", "stand"], seed=seed, split="judge", seconds=(6.0, 9.0))
    t = np.arange(0.0, script.duration, 1.0 / RATE)
    yaw = script.poses_at(t)[:, CHANNELS["pelvis"]][:, 0]
    blends = np.split(yaw, np.flatnonzero(np.diff(script.is_transition(t))) + 1)
    for blend in blends[int(not script.is_transition(t[:1])[0]) :: 2]:
        assert np.ptp(blend) < 1.25 * np.pi


def test_sitting_down_and_standing_up_come_in_pairs() -> None:
    script = make_timeline(["sit_down", "wave", "stand_up"], seed=0)
    assert [s.label for s in script.segments] == [
        "sit_down", "stand_up", "wave", "sit_down", "stand_up",
    ]  # fmt: skip


def test_person_stays_on_the_stage() -> None:
    for seed in range(4):
        script = make_timeline(None, seed=seed, split="judge")
        points, _, _ = script.sample(10.0)
        assert np.abs(points[:, 7:9, [0, 2]]).max() < 1.3 * max(1.0, script.body.scale)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ConfigError, match="dance"):
        make_timeline(["dance"])
    with pytest.raises(ConfigError, match="none"):
        make_timeline([])
    with pytest.raises(ConfigError, match="shortest"):
        make_timeline(None, seconds=(5.0, 4.0))
