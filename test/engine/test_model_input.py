# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The section `input` of model.yaml: what kinds there are, and what each asks for."""

import pytest

from co_perception.engine.config import RecogniserConfig, check_fits
from co_perception.engine.model_folder import ModelFolder, Thresholds
from co_perception.engine.model_input import AS_TRAINED, ModelInput, parse_input
from co_perception.engine.model_yaml import Section
from co_perception.errors import ConfigError

RGB = {"mean": (0.45,) * 3, "std": (0.225,) * 3}
VIDEO = ModelInput("video", 3, height=160, width=120, short_side=182, **RGB)
SKELETON = ModelInput("skeleton", 3, joint_layout="ntu25", features=AS_TRAINED)
FEATURES = ModelInput("features", 3072)


def parse(content):
    return parse_input(Section(content, "model.yaml", "input."))


@pytest.mark.parametrize(
    ("given", "shape"),
    [(VIDEO, (3, 160, 120)), (SKELETON, (3, 25)), (FEATURES, (3072,))],
    ids=["video", "skeleton", "features"],
)
def test_inputs_come_back_as_they_were_written(given, shape):
    assert parse(given.to_yaml()) == given
    assert given.step_shape == shape


@pytest.mark.parametrize(
    ("given", "key", "value", "message"),
    [
        (VIDEO, "height", 0, "key 'input.height': expected a whole number in 1"),
        (VIDEO, "short_side", 159, "expected 0 .the whole image., or at least 160"),
        (VIDEO, "mean", [0.45], "key 'input.mean': expected a list of 3 numbers"),
        (VIDEO, "std", [0.2, 0.2, 0.0], "key 'input.std': expected a number in 1e-06"),
        (VIDEO, "joint_layout", "ntu25", "unknown key 'input.joint_layout'"),
        (SKELETON, "features", "raw", "expected one of as_trained, root_scaled"),
        (SKELETON, "features", "root_scaled", "key 'input.channels': expected 5"),
        (FEATURES, "channels", 0, "key 'input.channels': expected a whole number"),
        (FEATURES, "kind", "audio", "expected one of features, skeleton, video"),
    ],
)
def test_wrong_values_are_named(given, key, value, message):
    with pytest.raises(ConfigError, match=message):
        parse({**given.to_yaml(), key: value})


@pytest.mark.parametrize("given", [SKELETON, FEATURES], ids=lambda given: given.kind)
def test_the_recogniser_refuses_input_that_it_does_not_make(tmp_path, given):
    folder = ModelFolder(
        path=tmp_path, name="x", architecture="x", arguments={}, labels=("a", "b"), input=given,
        expected_rate=5.0, receptive_field=9, delay=4, time_stride=1, min_evidence=0.7,
        thresholds=Thresholds(0.5, 0.4, 0.3), temperature=1.0, license="x", training_data=(),
        files={},
    )  # fmt: skip
    with pytest.raises(ConfigError, match="expected a model that takes images, or skeletons as"):
        check_fits(RecogniserConfig(), folder)
