# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters as data: checks, and the files written from them."""

from pathlib import Path

import pytest
import yaml

from co_perception.errors import ConfigError
from co_perception.nodes.config import pipeline_config
from co_perception.nodes.parameter_files import config_name, render_config, render_tables
from co_perception.nodes.parameter_tables import NODE_PARAMETERS, parameters_of
from co_perception.nodes.parameters import ParameterSpec
from co_perception.pipeline_config import PipelineConfig

ROOT = Path(__file__).resolve().parents[2]
NODES = sorted(NODE_PARAMETERS)


@pytest.mark.parametrize("node", NODES)
def test_parameters_accept_their_own_defaults_and_are_described(node):
    for spec in NODE_PARAMETERS[node]:
        assert spec.check(spec.default) == spec.default
        assert len(spec.description) > 10
        assert not spec.description.endswith(".")


@pytest.mark.parametrize("node", NODES)
def test_parameters_have_no_name_twice(node):
    names = [spec.name for spec in NODE_PARAMETERS[node]]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("node", NODES)
def test_config_file_equals_the_declared_defaults(node):
    text = (ROOT / "config" / config_name(node)).read_text(encoding="utf-8")
    values = yaml.safe_load(text)[f"/**/{node}"]["ros__parameters"]
    assert values == {name: spec.default for name, spec in parameters_of(node).items()}
    assert text == render_config(node), (
        "run: python -m co_perception.nodes.parameter_files . (config/ and docs/ros.md)"
    )


def test_documented_tables_equal_the_declared_parameters():
    assert render_tables() in (ROOT / "docs" / "ros.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        pytest.param("width", 3, r"'width': expected 16 to 16384 pixels, got 3", id="below"),
        pytest.param("rate", float("nan"), r"'rate': expected 0\.1 to 1000 Hz, got nan", id="nan"),
        pytest.param("rotate", 45, r"one of 0, 180, 270, 90 degrees, got 45", id="choice"),
        pytest.param("seed", -1, r"'seed': expected 0 to .*, got -1", id="seed"),
        pytest.param("loop", "yes", r"a value of type bool, got 'yes'", id="type"),
        pytest.param("persons", 1.5, r"a value of type integer, got 1\.5", id="fraction"),
        pytest.param("persons", True, r"a value of type integer, got True", id="bool"),
    ],
)
def test_parameter_refuses_with_a_reason(name, value, message):
    with pytest.raises(ConfigError, match=message):
        parameters_of("perception_node")[name].check(value)


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        pytest.param("rate", 15, 15.0, id="whole-number-for-double"),
        pytest.param("camera", 0, "0", id="device-index-for-string"),
        pytest.param("rotate", 90, 90, id="choice"),
        pytest.param("width", 16, 16, id="edge"),
    ],
)
def test_parameter_takes_what_people_write(name, given, taken):
    value = parameters_of("perception_node")[name].check(given)
    assert value == taken
    assert type(value) is type(taken)


def test_text_choice_is_refused_with_the_choices():
    with pytest.raises(ConfigError, match="one of 'best_effort', 'reliable', got 'maybe'"):
        parameters_of("pose_node")["image_reliability"].check("maybe")


def test_defaults_make_the_pipelines_own_default_configuration():
    defaults = {name: spec.default for name, spec in parameters_of("perception_node").items()}
    assert pipeline_config(defaults) == PipelineConfig()


def test_every_key_of_the_pipeline_is_a_parameter():
    assert set(PipelineConfig.keys()) <= set(parameters_of("perception_node"))


def test_sentence_carries_unit_and_limits():
    spec = ParameterSpec("pause_sec", 1.0, "Pause", unit="s", minimum=0.0, maximum=2.0)
    assert spec.sentence == "Pause [s] (0 to 2)"
