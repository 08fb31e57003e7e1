# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Clips of single activities: shape, determinism, anatomy and contact with the floor."""

import numpy as np
import pytest

from co_perception.motion import (
    COMMON13,
    JOINTS,
    LABELS,
    create_rng,
    generate_activity,
    generate_clip,
)
from co_perception.motion.clips import perform
from co_perception.motion.styles import STYLES

RATE = 60.0
LENGTH_TOLERANCE_M = 1e-6
FLOOR_TOLERANCE_M = 0.03
# Fast throws of adults reach 10 to 15 m/s at the wrist; more would be a tear in the motion.
MAX_SPEED_M_S = 20.0
LIMBS = [
    (f"{side}_{a}", f"{side}_{b}")
    for side in ("left", "right")
    for a, b in [
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("wrist", "hand"),
        ("hip", "knee"),
        ("knee", "ankle"),
        ("heel", "toe"),
        ("ankle", "toe"),
    ]
] + [("left_hip", "right_hip"), ("mid_hip", "belly"), ("chest", "neck"), ("skull", "nose")]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("split", ["train", "judge"])
def test_clip_has_the_asked_shape_and_is_repeatable(label: str, split: str) -> None:
    clip = generate_clip(label, 3.2, 15.0, seed=3, split=split)
    assert clip.shape == (48, len(COMMON13), 3)
    assert np.isfinite(clip).all()
    assert np.array_equal(clip, generate_clip(label, 3.2, 15.0, seed=3, split=split))
    assert not np.allclose(clip, generate_clip(label, 3.2, 15.0, seed=4, split=split))


def test_rate_only_changes_the_sampling() -> None:
    slow, fast = (generate_clip("throw", 2.0, rate, seed=1, split="train") for rate in (10, 30))
    np.testing.assert_allclose(slow, fast[::3], atol=1e-9)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("seed", range(4))
def test_limbs_keep_their_lengths(label: str, seed: int) -> None:
    split = ("train", "judge")[seed % 2]
    pose, body = generate_activity(label, 4.0, RATE, create_rng(split, seed, "t"), split)
    for a, b in LIMBS:
        length = np.linalg.norm(pose[a] - pose[b], axis=1)
        assert np.ptp(length) < LENGTH_TOLERANCE_M, (a, b)
    thigh = np.linalg.norm(pose["left_hip"] - pose["left_knee"], axis=1)
    np.testing.assert_allclose(thigh, body.thigh, atol=LENGTH_TOLERANCE_M)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("seed", range(4))
def test_nobody_sinks_into_the_floor_or_tears(label: str, seed: int) -> None:
    split = ("train", "judge")[seed % 2]
    pose, _ = generate_activity(label, 4.0, RATE, create_rng(split, seed, "t"), split)
    assert pose.joints[..., 1].min() > -FLOOR_TOLERANCE_M
    speed = np.linalg.norm(np.diff(pose.joints, axis=0), axis=-1) * RATE
    assert speed.max() < MAX_SPEED_M_S, JOINTS[int(speed.max(axis=0).argmax())]


@pytest.mark.parametrize("style", STYLES, ids=lambda s: f"{s.label}-{s.name}")
def test_styles_show_what_their_label_says(style: object) -> None:
    """Each activity has a measure that tells it from standing still."""
    label, split = style.label, style.split  # type: ignore[attr-defined]
    pose, body = generate_activity(label, 4.0, RATE, _rng_of(style), split)
    hip = pose["mid_hip"][:, 1] / body.hip_height
    lean = (pose["neck"] - pose["mid_hip"])[:, 1] / np.linalg.norm(
        pose["neck"] - pose["mid_hip"], axis=1
    )
    feet = np.stack([pose["left_toe"], pose["right_toe"]], 1)[..., 1] / body.scale
    wrists = np.stack([pose["left_wrist"], pose["right_wrist"]], 1)
    still = np.linalg.norm(np.ptp(wrists, axis=0), axis=-1).max() / body.scale
    checks = {
        "stand": hip.min() > 0.97 and lean.min() > 0.9 and feet.max() < 0.01,
        "walk": feet.max() > 0.02 and not (feet.min(axis=1) > 0.02).any(),
        "run": (feet.min(axis=1) > 0.03).any(),
        "jump": (feet.min(axis=1) > 0.02).any() and np.ptp(hip) > 0.05,
        "squat": hip.min() < 0.75 and feet.max() < 0.01,
        "bend": lean.min() < 0.75 and feet.max() < 0.01,
        "wave": hip.min() > 0.95 and still > 0.10,
        "clap": np.linalg.norm(wrists[:, 0] - wrists[:, 1], axis=-1).min() < 0.1,
        "throw": still > 0.5,
        "push": still > 0.25,
        "kick": feet.max() > 0.10,
        "sit_down": hip[0] > 0.9 and hip[-1] < 0.7,
        "stand_up": hip[0] < 0.7 and hip[-1] > 0.9,
    }
    assert checks[label]


def _rng_of(style: object) -> np.random.Generator:
    """Find a generator that draws this style."""
    label, name, split = style.label, style.name, style.split  # type: ignore[attr-defined]
    for seed in range(200):
        body_first = create_rng(split, seed, "style")
        if _style_drawn(label, split, body_first) == name:
            return create_rng(split, seed, "style")
    raise AssertionError(f"no seed draws {label}/{name}")


def _style_drawn(label: str, split: str, rng: np.random.Generator) -> str:
    from co_perception.motion import sample_body

    body = sample_body(rng, split)
    return perform(label, 4.0, rng, split, tempo=body.tempo).style
