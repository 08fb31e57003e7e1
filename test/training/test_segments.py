# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Where a recording's action begins and ends."""

import numpy as np

from co_perception.training.classes import CLASSES, IGNORE
from co_perception.training.segments import label_recording

RATE = 30.0
WAVE = CLASSES.index("wave")


def _standing() -> np.ndarray:
    """One person with the arms down, (13, 3) metres, y down."""
    pose = np.zeros((13, 3), np.float32)
    pose[0] = (0.0, -0.7, 0.0)
    for side, x in ((0, 0.2), (1, -0.2)):
        pose[1 + side] = (x, -0.5, 0.0)
        pose[3 + side] = (x * 1.1, -0.2, 0.0)
        pose[5 + side] = (x * 1.2, 0.05, 0.0)
        pose[7 + side] = (x / 2, 0.0, 0.0)
        pose[9 + side] = (x / 2, 0.42, 0.0)
        pose[11 + side] = (x / 2, 0.84, 0.0)
    return pose


def _recording() -> np.ndarray:
    """1 s T-pose, 1 s rest, 2 s with the right hand up, 1 s rest; (150, 13, 3)."""
    frames = np.repeat(_standing()[None], 150, axis=0)
    frames[:30, 5], frames[:30, 6] = (0.75, -0.5, 0.0), (-0.75, -0.5, 0.0)
    frames[60:120, 6] = (-0.4, -0.8, 0.0)
    return frames


def test_action_rest_and_t_pose_are_told_apart() -> None:
    labels, first = label_recording(_recording(), RATE, WAVE)
    assert first == 30
    assert (labels[:30] == IGNORE).all()
    assert (labels[60:120] == WAVE).all()
    assert (labels[40:50] == CLASSES.index("stand")).all()
    assert (labels[135:] == CLASSES.index("stand")).all()


def test_a_recording_without_motion_is_standing() -> None:
    labels, first = label_recording(np.repeat(_standing()[None], 60, axis=0), RATE, WAVE)
    assert first == 0
    assert (labels == CLASSES.index("stand")).all()
