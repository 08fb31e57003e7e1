# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The recorded data sets: J-HMDB (2-D, real views) and Kinder-Gator (3-D, Kinect)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import SourceError
from co_perception.skeleton.convert import to_layout
from co_perception.training.classes import (
    IGNORE,
    JHMDB_ACTIONS,
    KINDER_GATOR_ACTIONS,
    class_id,
)
from co_perception.training.motions import Motion
from co_perception.training.segments import label_recording

__all__ = ["JHMDB", "KINDER_GATOR", "jhmdb_split", "load_jhmdb", "load_kinder_gator"]

JHMDB = "jhmdb"
KINDER_GATOR = "kinder_gator"

_JHMDB_FILE = "jhmdb_2d.npz"
_KINDER_GATOR_FILE = "kinder_gator_3d.npz"
# The Kinect SDK has x to the sensor's left and y up: half a turn about z, no mirror image.
_KINECT_TO_CAMERA = np.array([-1.0, -1.0, 1.0], np.float32)


def _open(folder: Path, name: str) -> dict[str, NDArray[np.generic]]:
    path = folder / name
    if not path.is_file():
        raise SourceError(
            f"Training data: expected '{name}' in '{folder}'; give the folder that holds the "
            f"skeleton files (docs/training.md tells their form)."
        )
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def _bounds(lengths: NDArray[np.generic]) -> list[tuple[int, int]]:
    ends = np.cumsum(np.asarray(lengths, np.int64))
    return [(int(end - n), int(end)) for end, n in zip(ends, lengths.tolist(), strict=True)]


def load_jhmdb(folder: Path) -> list[Motion]:
    """Read the J-HMDB joints; `group` is the clip's number, for `jhmdb_split`.

    Args:
        folder: Folder that holds "jhmdb_2d.npz".

    Raises:
        SourceError: If the file is not there.
    """
    data = _open(folder, _JHMDB_FILE)
    points = to_layout(np.asarray(data["xy"], np.float32), "jhmdb15", "common13")
    motions = []
    for index, (start, stop) in enumerate(_bounds(data["length"])):
        action = str(data["action"][index])
        label = class_id(JHMDB_ACTIONS[action])
        labels = np.full(stop - start, label, np.int16)
        rate = float(data["fps"])
        motions.append(Motion(points[start:stop], labels, rate, JHMDB, action, str(index)))
    return motions


def jhmdb_split(folder: Path, split: int) -> tuple[list[Motion], list[Motion]]:
    """Return the training and the test clips of one of the official splits 1 to 3.

    Raises:
        SourceError: If the file is not there.
    """
    part = _open(folder, _JHMDB_FILE)["split"][:, split - 1]
    motions = load_jhmdb(folder)
    train = [motion for motion in motions if part[int(motion.group)] == "train"]
    test = [motion for motion in motions if part[int(motion.group)] == "test"]
    return train, test


def load_kinder_gator(folder: Path) -> list[Motion]:
    """Read the Kinder-Gator recordings, labelled frame by frame; `group` is the subject.

    The T-pose that most recordings start with is cut away, the still standing before and after
    the action is labelled "stand" (see `segments.label_recording`).

    Args:
        folder: Folder that holds "kinder_gator_3d.npz".

    Raises:
        SourceError: If the file is not there.
    """
    data = _open(folder, _KINDER_GATOR_FILE)
    metres = np.asarray(data["xyz"], np.float32) * _KINECT_TO_CAMERA
    points = to_layout(metres, "kinect20", "common13")
    rate = float(data["fps"])
    motions = []
    for index, (start, stop) in enumerate(_bounds(data["length"])):
        action = str(data["action"][index])
        label = class_id(KINDER_GATOR_ACTIONS.get(action))
        labels, first = label_recording(points[start:stop], rate, label)
        motion = Motion(
            points[start:stop], labels, rate, KINDER_GATOR, action, str(data["subject"][index])
        ).cut(first, stop - start)
        if np.any(motion.labels != IGNORE):
            motions.append(motion)
    return motions
