# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from co_perception.engine import ModelFolder, Recogniser, find_model, list_models
from co_perception.engine.model_folder import compute_sha256
from co_perception.errors import ConfigError, CoPerceptionError, WeightsError


def test_folder_loads_with_what_it_says(saved_folder):
    model = ModelFolder.load(saved_folder)
    assert model.name == "tiny" and model.architecture == "co_st_gcn_small"
    assert model.labels[1] == "walk" and len(model.layout) == 13
    assert (model.expected_rate, model.receptive_field, model.delay) == (15.0, 16, 0)
    assert model.weights_sha256 == compute_sha256(model.weights_path)
    assert model.model_id == f"tiny:{model.weights_sha256[:8]}"
    assert model.step_path == saved_folder / "step.onnx"


KEYS = [
    "format_version",
    "name",
    "architecture",
    "arguments",
    "labels",
    "input",
    "expected_rate",
    "receptive_field",
    "delay",
    "time_stride",
    "min_evidence",
    "thresholds",
    "calibration",
    "license",
    "training_data",
    "files",
    "input.kind",
    "input.joint_layout",
    "input.features",
    "input.channels",
    "thresholds.enter",
    "thresholds.exit",
    "thresholds.min_hold_sec",
    "calibration.temperature",
    "files.weights.safetensors",
]


def parent_of(content: dict, key: str) -> tuple[dict, str]:
    section, _, name = key.partition(".")
    if not name:
        return content, key
    return content[section], name


@pytest.mark.parametrize("key", KEYS)
def test_folder_refuses_a_missing_key_and_names_it(edit_yaml, key):
    def change(content: dict) -> None:
        section, name = parent_of(content, key)
        del section[name]

    with pytest.raises(ConfigError, match=r"model\.yaml.*" + key.removeprefix("files.")):
        ModelFolder.load(edit_yaml(change))


@pytest.mark.parametrize("section", ["", "input", "thresholds", "calibration"])
def test_folder_refuses_an_unknown_key_and_names_it(edit_yaml, section):
    def change(content: dict) -> None:
        (content[section] if section else content)["colour"] = "green"

    name = f"{section}.colour".removeprefix(".")
    with pytest.raises(ConfigError, match=rf"model\.yaml: unknown key '{name}'"):
        ModelFolder.load(edit_yaml(change))


WRONG = [
    ("format_version", 2),
    ("format_version", True),
    ("name", "../evil"),
    ("name", 7),
    ("architecture", ["x"]),
    ("arguments", [1, 2]),
    ("arguments", {"a": {"b": 1}}),
    ("labels", []),
    ("labels", ["a", "a"]),
    ("labels", ["a", ""]),
    ("labels", ["a", "unknown"]),
    ("labels", "walk"),
    ("input", 3),
    ("input.kind", "audio"),
    ("input.joint_layout", "coco18"),
    ("input.joint_layout", "coco17"),
    ("input.features", "pixels"),
    ("input.channels", 3),
    ("expected_rate", 0),
    ("expected_rate", "15"),
    ("expected_rate", float("nan")),
    ("receptive_field", 0),
    ("receptive_field", 2.5),
    ("delay", 16),
    ("time_stride", 0),
    ("min_evidence", 1.5),
    ("thresholds.enter", True),
    ("thresholds.exit", 0.9),
    ("thresholds.min_hold_sec", -1),
    ("calibration.temperature", 0),
    ("license", " "),
    ("training_data", "all"),
    ("files", []),
    ("arguments.num_classes", 4),
    ("arguments.layout", "coco17"),
    ("arguments.in_channels", 3),
    ("arguments.expected_rate", 30.0),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_folder_refuses_a_wrong_value_and_names_key_and_file(edit_yaml, key, value):
    def change(content: dict) -> None:
        section, name = parent_of(content, key)
        section[name] = value

    with pytest.raises(ConfigError) as caught:
        ModelFolder.load(edit_yaml(change))
    assert str(caught.value).count("model.yaml") >= 1
    assert f"'{key}'" in str(caught.value) or key.split(".")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: [", "expected YAML", id="broken"),
        pytest.param("- a\n- b\n", "expected a mapping", id="list"),
        pytest.param("", "expected a mapping", id="empty"),
        pytest.param("name: a\nname: b\n", "given twice: name", id="twice"),
        pytest.param("x: {y: 1, y: 2}\n", "given twice: y", id="twice-inside"),
        pytest.param("!!python/object/apply:os.system ['true']\n", "expected YAML", id="code"),
        pytest.param("a: &a [*a]\n", "'format_version' is missing", id="endless"),
        pytest.param("\0\1", "expected YAML", id="binary"),
        pytest.param("x: " + "y" * 2_000_000, "at most", id="huge"),
    ],
)
def test_folder_refuses_what_is_no_model_yaml(folder, text, message):
    (folder / "model.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        ModelFolder.load(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "step.onnx", "MODEL_CARD.md"])
def test_folder_refuses_a_file_that_was_changed_cut_or_lost(folder, name):
    file = folder / name
    content = file.read_bytes()
    for spoiled in (content[:-1], bytes([content[0] ^ 1]) + content[1:], content + b"\n"):
        file.write_bytes(spoiled)
        with pytest.raises(WeightsError, match=rf"files\.{name}.*sha256"):
            ModelFolder.load(folder)
    file.unlink()
    with pytest.raises(WeightsError, match=rf"files\.{name}.*cannot be read"):
        ModelFolder.load(folder)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/hostname", "sub/file", "..", "a\\b", "model.yaml", ".hidden"]
)
def test_folder_refuses_paths_that_lead_elsewhere(edit_yaml, name):
    path = edit_yaml(lambda content: content["files"].update({name: "0" * 64}))
    with pytest.raises(WeightsError, match="paths that lead elsewhere"):
        ModelFolder.load(path)


def test_folder_refuses_a_link_out_of_the_folder(folder, tmp_path):
    outside = tmp_path / "weights"
    shutil.move(folder / "weights.safetensors", outside)
    os.symlink(outside, folder / "weights.safetensors")
    with pytest.raises(WeightsError, match="link out of the model folder"):
        ModelFolder.load(folder)


@pytest.mark.parametrize("value", ["abc", "0" * 63, "G" * 64, 5])
def test_folder_refuses_what_is_no_sha256(edit_yaml, value):
    path = edit_yaml(lambda content: content["files"].update({"step.onnx": value}))
    with pytest.raises(ConfigError, match=r"files\.step\.onnx.*64 hexadecimal"):
        ModelFolder.load(path)


def test_folder_must_be_there(tmp_path):
    with pytest.raises(WeightsError, match="expected a folder"):
        ModelFolder.load(tmp_path / "nothing")
    with pytest.raises(WeightsError, match=r"model\.yaml"):
        ModelFolder.load(tmp_path)


def test_find_model_takes_a_path_or_a_name_of_an_install_prefix(folder, tmp_path, monkeypatch):
    models = tmp_path / "prefix" / "share" / "co_perception" / "models"
    shutil.copytree(folder, models / "borrowed")
    monkeypatch.setenv("AMENT_PREFIX_PATH", os.pathsep.join(["", str(tmp_path / "prefix")]))
    assert find_model(folder) == folder
    assert find_model("borrowed") == models / "borrowed"
    assert list_models()["borrowed"] == models / "borrowed"


@pytest.mark.parametrize("name", ["nobody", "../borrowed", "some/borrowed"])
def test_find_model_says_where_it_looked(name, tmp_path, monkeypatch):
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError) as caught:
        find_model(name)
    assert str(Path(tmp_path) / "share" / "co_perception" / "models") in str(caught.value)
    assert isinstance(caught.value, CoPerceptionError)


def test_the_default_model_is_found_whole_and_answers():
    model = ModelFolder.load(find_model())
    assert model.name == "starter" and model.path.name == "starter"
    with Recogniser.from_folder(model.path, backend="onnxruntime") as recogniser:
        assert recogniser.info.model_id == model.model_id
