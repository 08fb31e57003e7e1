# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The whole chain on a held-out script: rendered camera, MediaPipe, shipped network. Synthetic."""

import pytest

from co_perception.errors import WeightsError
from co_perception.pose.asset import find_pose_asset

pytest.importorskip("mediapipe")

RIGHT = 0.6
WRONG = 0.3
SECONDS = 45.0
LEAST_ACTIVITIES = 5


def test_a_held_out_script_is_recognised_through_camera_and_pose() -> None:
    from co_perception.cli.demo_report import run_demo_report

    try:
        find_pose_asset()
    except WeightsError as error:
        pytest.skip(str(error))
    # Seed 100: no script of the card's report.
    result = run_demo_report("starter", 1, 100, rate=15.0, seconds=SECONDS)
    assert len(result["answers"]) >= LEAST_ACTIVITIES
    assert result["balanced"] >= RIGHT, result
    assert result["wrong"] <= WRONG, result
