# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E402  the imports below need torch
from __future__ import annotations

import copy

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="exporting needs torch")

from co_perception import continual as co
from co_perception.engine import ModelFolder, export
from co_perception.engine.export import PARITY_TOLERANCE, export_step
from co_perception.engine.save import save_model_folder
from co_perception.errors import ConfigError, WeightsError
from co_perception.models import ContinualModel, create_model

SMALL_BYTES = 100_000
"""The test network has 13 k parameters of 4 bytes; the graph adds some 20 kB."""


def test_export_equals_torch_is_small_and_gives_the_same_bytes_again(
    network, saved_folder, tmp_path
):
    path = tmp_path / "step.onnx"
    exported = export_step(network, path)
    assert exported.difference <= PARITY_TOLERANCE
    assert exported.form == "graph" and exported.files == (path,)
    assert path.stat().st_size < SMALL_BYTES
    assert path.read_bytes() == (saved_folder / "step.onnx").read_bytes()


def test_export_tells_nothing_of_the_machine(saved_folder):
    content = (saved_folder / "step.onnx").read_bytes()
    for trace in (b".py", b"site-packages", b"/home", str(saved_folder.parent).encode()):
        assert trace not in content


def test_a_masked_step_has_the_promised_names_and_an_open_batch(network, tmp_path):
    onnx = pytest.importorskip("onnx")

    exported = export_step(network, tmp_path / "step.onnx", form="masked")
    assert exported.form == "masked" and exported.difference <= PARITY_TOLERANCE
    graph = onnx.load(tmp_path / "step.onnx").graph
    names = [name for name, _ in co.flatten_state(network.init_state(1))]
    assert [i.name for i in graph.input] == ["frame", "update", *(f"state_{n}" for n in names)]
    assert [o.name for o in graph.output] == ["logits", "valid", *(f"next_{n}" for n in names)]
    for value in (*graph.input, *graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param


class Doubled(co.FrameLocal):
    """An operator that no step graph knows."""

    def forward(self, x):
        return 2 * x


def test_what_has_no_step_graph_gets_a_masked_step_or_is_refused(tmp_path):
    layers = co.Sequential(co.Conv1d(3, 4, 3, padding=1), Doubled())
    model = ContinualModel(
        layers,
        architecture="doubled",
        arguments={},
        input_kind="features",
        step_shape=(3,),
        expected_rate=10.0,
    )
    with pytest.raises(ConfigError, match="'1': Doubled has no form in a step graph"):
        export_step(model, tmp_path / "step.onnx", form="graph")
    with pytest.raises(ConfigError, match="expected one of auto, graph, masked; got 'fast'"):
        export_step(model, tmp_path / "step.onnx", form="fast")
    assert not list(tmp_path.iterdir())
    assert export_step(model, tmp_path / "step.onnx").form == "masked"


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("factor", [1.001, float("nan")])
def test_export_refuses_a_step_that_differs_from_the_network(
    network, saved_folder, tmp_path, monkeypatch, factor, quick
):
    """The export of one network, taken for that of another whose weights differ by 0.1 %."""
    other = copy.deepcopy(network)
    with torch.no_grad():
        next(other.parameters()).mul_(factor)
    content = (saved_folder / "step.onnx").read_bytes()
    monkeypatch.setattr(export, "_build", lambda model, form: ("graph", [content]))
    with pytest.raises(WeightsError, match="nothing was saved"):
        export_step(other, tmp_path / "step.onnx", quick=quick)
    assert not list(tmp_path.iterdir())


def save_arguments(**changes):
    arguments = {
        "name": "other",
        "labels": ["a", "b"],
        "joint_layout": "common13",
        "features": "root_scaled",
        "min_evidence": 0.5,
        "thresholds": {"enter": 0.5, "exit": 0.35, "min_hold_sec": 0.2},
        "temperature": 1.0,
        "license": "Apache-2.0",
        "training_data": [],
        "card": "# other\n",
    }
    return {**arguments, **changes}


@pytest.fixture(scope="module")
def two_classes():
    return create_model("co_st_gcn_small", num_classes=2, widths=(8,), dilations=(1,))


def test_save_replaces_a_model_folder_as_a_whole(two_classes, folder):
    (folder / "leftover").write_text("old")
    saved = save_model_folder(folder, two_classes, **save_arguments())
    assert saved.name == "other" == ModelFolder.load(folder).name
    assert sorted(p.name for p in folder.iterdir()) == [
        "MODEL_CARD.md",
        "model.yaml",
        "step.onnx",
        "weights.safetensors",
    ]
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"labels": ["a", "b", "c"]}, id="labels"),
        pytest.param({"joint_layout": "coco17"}, id="layout"),
        pytest.param({"thresholds": {"enter": 0.5}}, id="thresholds"),
        pytest.param({"temperature": np.float64(1.0)}, id="numpy"),
        pytest.param({"temperature": 0.0}, id="temperature"),
        pytest.param({"expected_rate": 30.0}, id="rate"),
    ],
)
def test_save_refuses_what_the_loader_refuses_and_leaves_the_old_folder(
    two_classes, folder, changes
):
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(ConfigError):
        save_model_folder(folder, two_classes, **save_arguments(**changes))
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_save_never_replaces_what_is_no_model_folder(two_classes, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(WeightsError, match="no model folder"):
        save_model_folder(tmp_path, two_classes, **save_arguments())
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_save_writes_plain_yaml(saved_folder):
    content = yaml.safe_load((saved_folder / "model.yaml").read_text())
    assert content["files"].keys() == {"weights.safetensors", "step.onnx", "MODEL_CARD.md"}
