# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The recorded sources (skipped where the data is absent) and the class maps."""

from pathlib import Path

import numpy as np
import pytest

from co_perception.errors import ShapeError, SourceError
from co_perception.motion import LABELS
from co_perception.skeleton.layouts import get_layout
from co_perception.training.classes import (
    CLASSES,
    IGNORE,
    JHMDB_ACTIONS,
    JHMDB_WHOLE_BODY,
    KINDER_GATOR_ACTIONS,
    OTHER,
    SHARED_CLASSES,
    class_id,
)
from co_perception.training.datasets import jhmdb_split, load_jhmdb, load_kinder_gator
from co_perception.training.motions import Motion, resample
from co_perception.training.recipe import load_sources

JOINT = {name: i for i, name in enumerate(get_layout("common13").joints)}


def test_every_class_has_a_source() -> None:
    made = {*JHMDB_ACTIONS.values(), *KINDER_GATOR_ACTIONS.values(), *LABELS}
    assert set(CLASSES) == made - {None}
    assert set(LABELS) <= set(CLASSES)
    assert len(JHMDB_WHOLE_BODY) == 10
    assert set(SHARED_CLASSES) == set(JHMDB_ACTIONS.values()) & set(KINDER_GATOR_ACTIONS.values())
    assert class_id(None) == OTHER


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="jhmdb_2d.npz"):
        load_jhmdb(tmp_path)


def test_a_motion_of_another_layout_is_refused() -> None:
    with pytest.raises(ShapeError, match="common13"):
        Motion(np.zeros((4, 15, 2), np.float32), np.zeros(4, np.int16), 30.0, "x", "x", "x")


def test_resampling_follows_rate_and_speed() -> None:
    ramp = np.arange(61, dtype=np.float32)[:, None, None] * np.ones((1, 13, 2), np.float32)
    motion = Motion(ramp, np.zeros(61, np.int16), 30.0, "x", "x", "x")
    np.testing.assert_allclose(resample(motion, 15.0).points[:, 0, 0], np.arange(0, 61, 2))
    assert len(resample(motion, 15.0, speed=2.0)) == 16


def test_jhmdb_is_read_whole_and_upright(skeletons_dir: Path) -> None:
    motions = load_jhmdb(skeletons_dir)
    assert len(motions) == 609
    walks = [m for m in motions if m.action == "walk"]
    nose, ankle = (
        np.mean([m.points[:, JOINT[j], 1].mean() for m in walks]) for j in ("nose", "left_ankle")
    )
    assert nose < ankle  # y down
    for split in (1, 2, 3):
        train, test = jhmdb_split(skeletons_dir, split)
        assert not {m.group for m in train} & {m.group for m in test}
        assert len(train) + len(test) == 609


def test_kinder_gator_faces_the_camera_upright(skeletons_dir: Path) -> None:
    motions = load_kinder_gator(skeletons_dir)
    assert len({m.group for m in motions}) == 20
    jumps = np.concatenate([m.points for m in motions if m.action == "Jump"])
    assert jumps[:, JOINT["nose"], 1].mean() < jumps[:, JOINT["left_ankle"], 1].mean()
    # Facing the viewer, a person's left is on the image's right.
    left, right = (jumps[:, JOINT[f"{side}_shoulder"], 0].mean() for side in ("left", "right"))
    assert left > right
    labels = np.concatenate([m.labels for m in motions])
    assert {CLASSES.index("stand"), CLASSES.index("kick"), OTHER, IGNORE} <= set(labels.tolist())


def test_held_out_sides_share_nobody(skeletons_dir: Path) -> None:
    sources = load_sources(skeletons_dir)
    train = {m.group for m in sources.kinder_gator}
    held = {m.group for m in sources.kinder_gator_held}
    assert len(train) == 15 and len(held) == 5 and not train & held
