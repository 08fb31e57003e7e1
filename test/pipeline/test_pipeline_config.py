# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""One key everywhere; what is unknown, of the wrong type or out of range is named."""

from dataclasses import fields

import pytest

from co_perception.errors import ConfigError
from co_perception.pipeline_config import (
    ActivityConfig,
    CameraConfig,
    PipelineConfig,
    PoseConfig,
)


def test_keys_are_unique_over_all_sections():
    names = [
        f.name for section in (CameraConfig, PoseConfig, ActivityConfig) for f in fields(section)
    ]
    assert len(names) == len(set(names))
    assert set(PipelineConfig.keys()) == set(names)


def test_flat_keys_reach_their_sections_and_come_back():
    config = PipelineConfig.from_flat({"camera": "0", "max_people": 3, "enter_threshold": 0.7})
    assert config.camera.camera == "0"
    assert config.pose.max_people == 3
    assert config.activity.enter_threshold == 0.7
    assert PipelineConfig.from_flat(config.to_flat()) == config


def test_yaml_is_read_and_overrides_win(tmp_path):
    path = tmp_path / "robot.yaml"
    path.write_text("camera: clip.mp4\nmax_people: 2\nsmooth: false\nmin_hold_sec: null\n")
    config = PipelineConfig.from_yaml(path, {"max_people": 4})
    assert config.camera.camera == "clip.mp4"
    assert config.pose.max_people == 4
    assert not config.pose.smooth
    assert config.activity.min_hold_sec is None
    path.write_text("")
    assert PipelineConfig.from_yaml(path) == PipelineConfig()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(
            {"max_peopel": 1}, "unknown key 'max_peopel'. Did you mean 'max_people'", id="typo"
        ),
        pytest.param({"max_people": 0}, "'max_people' .*expected 1 to 32, got 0", id="range"),
        pytest.param({"max_people": 1.5}, "'max_people': expected int, got 1.5", id="type"),
        pytest.param({"max_people": True}, "'max_people': expected int, got True", id="bool"),
        pytest.param({"smooth": 1}, "'smooth': expected bool, got 1", id="int-for-bool"),
        pytest.param({"rotate": 45}, "one of 0, 90, 180, 270; got 45", id="choice"),
        pytest.param({"rate": float("nan")}, "'rate' .*got nan", id="nan"),
        pytest.param({"camera": 0}, "'camera': expected str, got 0", id="camera-number"),
        pytest.param({"max_gap_sec": None}, "'max_gap_sec': expected float, got None", id="none"),
    ],
)
def test_wrong_keys_and_values_are_named(values, message):
    with pytest.raises(ConfigError, match=message):
        PipelineConfig.from_flat(values)


def test_whole_numbers_are_fine_for_floats():
    assert PipelineConfig.from_flat({"rate": 15}).camera.rate == 15


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("- a\n- b\n", "lines of 'key: value', got list", id="list"),
        pytest.param("a: [", "expected YAML", id="broken"),
        pytest.param("max_people: many\n", r"robot.yaml': 'max_people': expected int", id="value"),
    ],
)
def test_wrong_files_are_named(tmp_path, content, message):
    path = tmp_path / "robot.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message):
        PipelineConfig.from_yaml(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing.yaml': cannot be read: No such file"):
        PipelineConfig.from_yaml(tmp_path / "nothing.yaml")
