# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys

import numpy as np
import pytest

from co_perception.engine import ModelFolder, Recogniser, open_backend
from co_perception.engine.backends import auto, choose_backend, open_chosen
from co_perception.engine.backends.target import Target
from co_perception.errors import WeightsError

TOLERANCE = 1e-5
"""max|difference| / max|reference| between backends, fp32."""


@pytest.fixture(scope="module")
def model(saved_folder) -> ModelFolder:
    return ModelFolder.load(saved_folder)


@pytest.fixture
def both(monkeypatch):
    """As if onnxruntime and openvino were installed; counts the measurements."""
    measured = []

    def measure(folder, targets, threads):
        measured.append(tuple(target.backend for target in targets))
        return {"onnxruntime": 0.004, "openvino": 0.003}

    monkeypatch.setattr(auto, "_installed", lambda module: True)
    monkeypatch.setattr(auto, "_measure", measure)
    return measured


def test_the_faster_backend_is_chosen_and_remembered(model, both):
    why = "onnxruntime 4.00 ms, openvino 3.00 ms per step"
    assert choose_backend(model) == ("openvino", f"auto: measured {why}")
    assert choose_backend(model) == ("openvino", f"auto: remembered {why}")
    assert both == [("onnxruntime", "openvino")]
    choose_backend(model, threads=2)
    assert len(both) == 2  # another number of threads may have another winner


def test_a_damaged_memory_is_measured_again(model, both, monkeypatch):
    monkeypatch.setattr(auto, "read_cached", lambda path: b"[1, 2")
    choose_backend(model)
    assert choose_backend(model)[0] == "openvino"
    assert len(both) == 2


def test_a_chosen_backend_that_cannot_run_gives_way_with_a_warning(
    model, both, caplog, monkeypatch
):
    monkeypatch.setitem(sys.modules, "openvino", None)
    opened, why = open_chosen(model, 2)
    assert opened.name == "onnxruntime"
    assert "openvino on cpu in fp32 cannot run" in why and "pip install openvino" in why
    assert "onnxruntime on cpu in fp32 instead" in caplog.text
    opened.close()


def test_a_backend_that_was_asked_for_does_not_give_way(edit_yaml):
    folder = ModelFolder.load(edit_yaml(lambda content: content["files"].pop("step.onnx")))
    with pytest.raises(WeightsError, match=r"onnxruntime backend needs step\.onnx"):
        open_chosen(folder, 1, backend="onnxruntime")
    with pytest.raises(WeightsError, match=r"openvino backend needs step\.onnx"):
        open_chosen(folder, 1, backend="openvino")


def test_measuring_leaves_out_what_cannot_run(model, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    targets = [Target("onnxruntime"), Target("openvino")]
    times = auto._measure(model, targets, 1)
    assert list(times) == ["onnxruntime"] and 0 < times["onnxruntime"] < 1
    assert "pip install openvino" in caplog.text


def test_openvino_equals_torch_and_goes_on_from_its_state(model):
    pytest.importorskip("openvino", reason="optional: pip install openvino")
    pytest.importorskip("torch")
    ours, reference = (open_backend(model, 3, backend=b) for b in ("openvino", "torch"))
    rng = np.random.default_rng(0)
    for t in range(2 * model.receptive_field):
        frame = rng.standard_normal((3, *model.input.step_shape)).astype(np.float32)
        update = rng.random(3) < 0.8
        (logits, valid), (expected, known) = (b.step(frame, update) for b in (ours, reference))
        np.testing.assert_array_equal(valid, known)
        assert np.abs(logits - expected).max() <= TOLERANCE * max(np.abs(expected).max(), 1.0)
        if t == model.receptive_field:
            reference.restore_state(ours.save_state())
            ours.reset([1])
            reference.reset([1])


def test_the_recogniser_says_on_what_it_runs(saved_folder):
    with Recogniser.from_folder(saved_folder, backend="torch") as recogniser:
        assert recogniser.backend.name == "torch" and recogniser.backend_reason == "asked for"
