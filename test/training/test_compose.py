# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Streams composed of recordings, and the examples made of them."""

import numpy as np
import pytest

from co_perception.motion import LABELS
from co_perception.training.batches import Mixture, Part
from co_perception.training.classes import CLASSES, IGNORE, OTHER
from co_perception.training.compose import (
    MotionPool,
    compose_stream,
    frame_weights,
    hold_first,
    join,
)
from co_perception.training.gestures import generate_standing
from co_perception.training.motions import Motion
from co_perception.training.self_made import generate_scripts, script_motion

FRAMES = 48
CONTINUITY = 1e-5
STILL_MPS = 0.15


@pytest.fixture(scope="module")
def scripts() -> list[Motion]:
    return generate_scripts(2 * len(LABELS), seed=3)


def test_every_class_can_be_drawn(scripts: list[Motion]) -> None:
    pool = MotionPool(scripts)
    assert pool.classes == sorted(CLASSES.index(name) for name in LABELS)
    rng = np.random.default_rng(0)
    for label in pool.classes:
        stream = compose_stream(pool, label, FRAMES, rng)
        assert len(stream) == FRAMES
        assert label in stream.labels


def test_a_held_pose_teaches_nothing(scripts: list[Motion]) -> None:
    held = hold_first(scripts[0], 7)
    assert (held.labels[:7] == IGNORE).all()
    np.testing.assert_array_equal(held.points[3], scripts[0].points[0])


def test_joined_motions_meet(scripts: list[Motion]) -> None:
    first, second = scripts[0].cut(0, 30), scripts[1].cut(10, 40)
    joined = join(first, second)
    hips = joined.points[:, 7:9].mean(axis=1)
    blend = slice(30, len(joined) - 30)
    assert (joined.labels[blend] == IGNORE).all()
    # The root does not jump where the second recording begins.
    np.testing.assert_allclose(hips[blend.stop], hips[29], atol=CONTINUITY)


def test_weights_rise_with_the_age_of_an_activity() -> None:
    labels = np.array([[IGNORE] * 3 + [1] * 15 + [2] * 15], np.int16)
    weights = frame_weights(labels, rate=15.0)[0]
    assert (weights[:3] == 0.0).all()
    assert weights[3] < 0.05 and weights[17] == 1.0 and weights[18] < 0.05
    assert (np.diff(weights[3:18]) >= 0.0).all()


def test_examples_follow_the_generator(scripts: list[Motion]) -> None:
    mixture = Mixture([Part(MotionPool(scripts))], frames=FRAMES)
    first, again, other = (mixture.draw(20, np.random.default_rng(seed)) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.features, again.features)
    assert not np.array_equal(first.features, other.features)
    assert first.features.shape == (20, 5, FRAMES, 13)
    assert np.isfinite(first.features).all()


def test_the_two_splits_perform_differently() -> None:
    train, judge = (script_motion(["wave"], seed=1, split=s) for s in ("train", "judge"))
    n = min(len(train), len(judge))
    assert np.abs(train.points[:n] - judge.points[:n]).max() > 0.05


def test_people_who_stand_hold_their_arms_still_or_are_of_no_class() -> None:
    motions = generate_standing(6, seed=2)
    for motion in motions:
        hands = motion.points[:, 5:7] - motion.points[:, 1:3]
        speed = np.linalg.norm(np.diff(hands, axis=0), axis=-1).max() * motion.rate
        still = motion.labels[0] == CLASSES.index("stand")
        assert still or (motion.labels == OTHER).all()
        assert (speed < STILL_MPS) if still else (speed > 2 * STILL_MPS)
