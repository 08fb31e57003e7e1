# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs made ready for a machine, and what is wrong with files of them."""

# ruff: noqa: E402  the imports below need torch
from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="building step graphs needs torch")
onnx = pytest.importorskip("onnx", reason="building step graphs needs onnx")

from co_perception.engine import ModelFolder, cache, open_backend
from co_perception.engine.backends.step_graph import StepGraphBackend
from co_perception.engine.fast import ort_prepare
from co_perception.engine.fast.build import build_step_graphs
from co_perception.engine.fast.plan import METADATA_KEY, StepPlan
from co_perception.engine.model_folder import compute_sha256
from co_perception.errors import WeightsError
from co_perception.models import create_model


@pytest.fixture(scope="module")
def video() -> bytes:
    torch.manual_seed(0)
    model = create_model("cox3d_xs", num_classes=3, width=0.25, image_size=32, window=2).eval()
    return bytes(build_step_graphs(model)[0].SerializeToString(deterministic=True))


def prepare(content: bytes):
    sha = hashlib.sha256(content).hexdigest()
    return ort_prepare.prepare_executors([content], [sha], threads=1, where="cox3d/step.onnx")


def cached_files() -> list[Path]:
    root = Path(os.environ["XDG_CACHE_HOME"]) / "co_perception" / "steps"
    return sorted(root.iterdir()) if root.is_dir() else []


def is_blocked(executors) -> bool:
    return any(ring.block > 1 for ring in executors[0].plan.rings)


needs_blocks = pytest.mark.skipif(
    not ort_prepare.measure_block(), reason="onnxruntime blocks no channels on this machine"
)


@needs_blocks
def test_a_video_step_is_blocked_once_and_then_read_from_the_cache(video, monkeypatch):
    assert is_blocked(prepare(video))
    assert len(cached_files()) == 1
    monkeypatch.setattr(ort_prepare, "_block", lambda *_: pytest.fail("made again"))
    assert is_blocked(prepare(video))


@needs_blocks
def test_a_damaged_cache_is_made_again(video, caplog):
    prepare(video)
    (file,) = cached_files()
    good = file.read_bytes()
    file.write_bytes(b"not a graph")
    assert is_blocked(prepare(video))
    assert "are made again" in caplog.text
    assert file.read_bytes() == good


@needs_blocks
def test_a_cache_of_another_processor_is_not_read(monkeypatch):
    """Blocks of another length may load, and give wrong numbers."""
    ours = cache.cache_path("steps", "key")
    monkeypatch.setattr(cache, "read_processor", lambda: "another")
    assert cache.cache_path("steps", "key") != ours


def test_a_processor_is_its_name_and_its_instructions(tmp_path):
    (tmp_path / "proc").mkdir()
    core = "processor\t: {}\nmodel name\t: A\ncpu MHz\t\t: 3{}00.1\nflags\t\t: avx2 fma\n"
    (tmp_path / "proc/cpuinfo").write_text(core.format(0, 1) + core.format(1, 2))
    told = cache.read_processor(tmp_path).splitlines()[1:]
    assert told == ["model name\t: A", "flags\t\t: avx2 fma"]
    assert cache.read_processor(tmp_path / "nowhere")


def test_a_blocked_step_that_differs_is_not_used_and_not_kept(video, caplog, monkeypatch):
    def spoil(graphs, where):
        model = onnx.load_from_string(original(graphs, where)[0])
        weights = onnx.numpy_helper.to_array(model.graph.initializer[0]) * 1.01
        model.graph.initializer[0].CopyFrom(
            onnx.numpy_helper.from_array(weights, model.graph.initializer[0].name)
        )
        return [model.SerializeToString()]

    original = ort_prepare._block
    monkeypatch.setattr(ort_prepare, "_block", spoil)
    assert not is_blocked(prepare(video))
    assert "cannot serve on this machine (a difference of" in caplog.text
    assert not cached_files()


def test_without_onnx_the_plain_step_serves_and_says_so(video, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with caplog.at_level(logging.WARNING):
        backend = StepGraphBackend("onnxruntime", prepare(video), 1)
    assert "slower layout; pip install onnx" in caplog.text
    logits, _ = backend.step(np.zeros((1, 3, 32, 32), np.float32), np.ones(1, bool))
    assert logits.shape == (1, 3)


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    path = cache.cache_path("steps", "a", "b")
    cache.write_cached(path, b"content")
    assert cache.read_cached(path) is None
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the standard tells to ignore
    assert cache.cache_path("steps", "a").is_relative_to(Path.home() / ".cache")


def test_images_have_a_state_of_their_own_per_row(video):
    backend = StepGraphBackend("onnxruntime", prepare(video), 3)
    assert [lane.rows for lane in backend.groups.lanes] == [1, 1, 1]
    frames = np.random.default_rng(0).standard_normal((3, 3, 32, 32)).astype(np.float32)
    before = backend.save_state()
    backend.step(frames, np.array([True, False, True]))
    after = backend.save_state()
    assert after["frames"].tolist() == [1, 0, 1]
    for name, tensor in after.items():
        np.testing.assert_array_equal(tensor[1], before[name][1])
    backend.reset([0])
    assert not any(tensor[0].any() for tensor in backend.save_state().values())


def plan_of(content: bytes) -> StepPlan:
    props = {p.key: p.value for p in onnx.load_from_string(content).metadata_props}
    return StepPlan.from_json(props[METADATA_KEY], "test")


def test_a_plan_survives_being_written(video):
    plan = plan_of(video)
    assert StepPlan.from_json(plan.to_json(), "test") == plan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda d: d.update(version=2), "plan of version 1, got 2", id="version"),
        pytest.param(lambda d: d.pop("rings"), "metadata is damaged.*rings", id="missing"),
        pytest.param(lambda d: d["rings"][0].update(size=1), "damaged.*size", id="unknown"),
        pytest.param(lambda d: d.clear(), "version 1, got None", id="empty"),
    ],
)
def test_a_plan_that_is_wrong_is_refused(video, change, message):
    data = json.loads(plan_of(video).to_json())
    change(data)
    with pytest.raises(WeightsError, match=f"step.onnx: .*{message}"):
        StepPlan.from_json(json.dumps(data), "step.onnx")
    with pytest.raises(WeightsError, match="damaged"):
        StepPlan.from_json("{", "step.onnx")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"step_shape": (5, 17)}, r"frames: expected \(5, 13\)", id="layout"),
        pytest.param({"classes": 4}, "classes: expected 5.*labels; got 4", id="labels"),
        pytest.param({"delay": 3}, "delay: expected 0.*got 3", id="delay"),
        pytest.param({"receptive_field": 3}, "receptive field: expected 16", id="span"),
    ],
)
def test_a_step_graph_of_another_model_is_refused(folder, edit_yaml, change, message):
    model = onnx.load(folder / "step.onnx")
    plan = dataclasses.replace(plan_of((folder / "step.onnx").read_bytes()), **change)
    onnx.helper.set_model_props(model, {METADATA_KEY: plan.to_json()})
    (folder / "step.onnx").write_bytes(model.SerializeToString())
    sha256 = compute_sha256(folder / "step.onnx")
    edited = ModelFolder.load(edit_yaml(lambda c: c["files"].update({"step.onnx": sha256})))
    with pytest.raises(WeightsError, match=rf"step\.onnx: its {message}"):
        open_backend(edited, 1, backend="onnxruntime")


def test_a_strided_model_needs_a_graph_per_phase(edit_yaml):
    edited = ModelFolder.load(edit_yaml(lambda content: content.update(time_stride=2)))
    with pytest.raises(WeightsError, match=r"one step graph per phase.*missing step_1\.onnx"):
        open_backend(edited, 1, backend="onnxruntime")
