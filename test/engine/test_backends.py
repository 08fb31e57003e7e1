# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys

import numpy as np
import pytest

from co_perception.engine import ModelFolder, open_backend
from co_perception.engine.backends import auto, choose_backend
from co_perception.engine.model_folder import compute_sha256
from co_perception.errors import (
    ConfigError,
    DependencyError,
    ShapeError,
    StreamError,
    WeightsError,
)

TOLERANCE = 1e-5
"""max|difference| / max|reference| between backends and between batchings, fp32."""
BACKENDS = ["onnxruntime", "torch"]


@pytest.fixture(scope="module")
def model(saved_folder) -> ModelFolder:
    return ModelFolder.load(saved_folder)


@pytest.fixture
def make(model):
    opened = []

    def open_one(backend: str = "onnxruntime", rows: int = 4):
        opened.append(open_backend(model, rows, backend=backend))
        return opened[-1]

    yield open_one
    for backend in opened:
        backend.close()


def frames(count: int, rows: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, rows, 5, 13)).astype(np.float32)


def step_all(backend, clip, updates=None):
    """Step a clip (T, B, C, V); return copies of logits (T, B, K) and valid (T, B)."""
    if updates is None:
        updates = np.ones(clip.shape[:2], bool)
    outputs = [
        tuple(np.copy(part) for part in backend.step(frame, update))
        for frame, update in zip(clip, updates)
    ]
    return np.stack([o[0] for o in outputs]), np.stack([o[1] for o in outputs])


def assert_equal_enough(ours, reference):
    assert np.abs(ours - reference).max() <= TOLERANCE * np.abs(reference).max()


@pytest.mark.parametrize("rows", [1, 8])
def test_onnxruntime_equals_torch_from_the_first_frame_on(make, model, rows):
    """Over twice the receptive field, with rows that start late and pause on their own."""
    clip = frames(2 * model.receptive_field, rows)
    updates = np.random.default_rng(1).random(clip.shape[:2]) < 0.8
    updates[:5, rows // 2 :] = False
    ours, our_valid = step_all(make("onnxruntime", rows), clip, updates)
    reference, valid = step_all(make("torch", rows), clip, updates)
    np.testing.assert_array_equal(our_valid, valid)
    np.testing.assert_array_equal(our_valid, updates)  # delay 0: every step answers
    assert_equal_enough(ours, reference)


@pytest.mark.parametrize("backend", BACKENDS)
def test_steps_equal_the_clip_network(make, model, network, backend):
    torch = pytest.importorskip("torch")
    clip = frames(2 * model.receptive_field, 2)
    ours, _ = step_all(make(backend, 2), clip)
    with torch.inference_mode():
        dense = network.forward_dense(torch.from_numpy(clip.transpose(1, 2, 0, 3).copy()))
    assert_equal_enough(ours, dense.numpy().transpose(2, 0, 1))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_row_does_not_see_the_others(make, backend):
    """Rows that start one after the other equal a stream alone."""
    clip = frames(24, 4)
    updates = np.zeros(clip.shape[:2], bool)
    for row in range(4):
        updates[3 * row :, row] = True
    together, _ = step_all(make(backend), clip, updates)
    for row in range(4):
        alone, _ = step_all(make(backend, 1), clip[3 * row :, row : row + 1])
        assert_equal_enough(together[3 * row :, row], alone[:, 0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_rows_that_stand_still_keep_their_bits(make, backend):
    ours = make(backend)
    step_all(ours, frames(6, 4))
    before = ours.save_state()
    ours.step(frames(1, 4, seed=5)[0], np.array([True, False, True, False]))
    ours.step(frames(1, 1, seed=6)[0], np.array([True]))  # a shorter step leaves rows 1.. out
    after = ours.save_state()
    for name, tensor in after.items():
        np.testing.assert_array_equal(tensor[[1, 3]], before[name][[1, 3]])
        assert not np.array_equal(tensor[0], before[name][0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_shorter_steps_equal_full_ones(make, backend):
    """Stepping the first rows only, in turns with full steps, changes nothing for the others."""
    clip = frames(20, 4)
    lengths = np.random.default_rng(3).integers(1, 5, 20)
    updates = np.arange(4) < lengths[:, None]
    reference, _ = step_all(make(backend), clip, updates)
    ours = make(backend)
    for frame, length, expected in zip(clip, lengths, reference):
        logits, valid = ours.step(frame[:length], np.ones(length, bool))
        assert valid.all()
        assert_equal_enough(logits, expected[:length])


@pytest.mark.parametrize("steps", [10, 11])  # the two directions of the state's buffers
@pytest.mark.parametrize("backend", BACKENDS)
def test_reset_makes_rows_cold_and_leaves_the_others(make, backend, steps):
    ours, clip = make(backend), frames(steps, 4)
    step_all(ours, clip)
    before = ours.save_state()
    ours.reset([1])
    after = ours.save_state()
    for name, tensor in after.items():
        assert not tensor[1].any()
        np.testing.assert_array_equal(tensor[[0, 2, 3]], before[name][[0, 2, 3]])
    ours.step(clip[0, :1], np.ones(1, bool))  # a step without row 1 must not bring it back
    assert not any(tensor[1].any() for tensor in ours.save_state().values())
    cold, _ = step_all(make(backend), clip)
    again, _ = step_all(ours, clip)
    assert_equal_enough(again[:, 1], cold[:, 1])


@pytest.mark.parametrize("saver", BACKENDS)
@pytest.mark.parametrize("resumer", BACKENDS)
def test_a_saved_state_goes_on_in_either_backend(make, saver, resumer):
    clip = frames(30, 4)
    reference, _ = step_all(make(saver), clip)
    first, second = make(saver), make(resumer)
    step_all(first, clip[:13])
    second.restore_state(first.save_state())
    resumed, _ = step_all(second, clip[13:])
    assert_equal_enough(resumed, reference[13:])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_saved_state_is_a_copy(make, backend):
    ours, clip = make(backend), frames(10, 4)
    step_all(ours, clip[:5])
    saved = ours.save_state()
    first, _ = step_all(ours, clip[5:])
    ours.restore_state(saved)
    second, _ = step_all(ours, clip[5:])
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_same_calls_give_the_same_bits(make, backend):
    clip = frames(12, 4)
    np.testing.assert_array_equal(*(step_all(make(backend), clip)[0] for _ in range(2)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_wrong_input_is_refused(make, backend):
    ours, good, update = make(backend), frames(1, 4)[0], np.ones(4, bool)
    for bad in (good[:, :3], good[:, :, :12], good.astype(np.float64), frames(1, 5)[0], good[:0]):
        with pytest.raises(ShapeError, match=r"expected frames \(1..4, 5, 13\) float32"):
            ours.step(bad, np.ones(len(bad), bool))
    for bad_update in (update[:3], update.astype(int)):
        with pytest.raises(ShapeError, match="expected update"):
            ours.step(good, bad_update)
    state = ours.save_state()
    name = next(iter(state))
    with pytest.raises(StreamError, match=f"missing .*{name}"):
        ours.restore_state({key: value for key, value in state.items() if key != name})
    with pytest.raises(ShapeError, match=name):
        ours.restore_state({**state, name: state[name][:2]})


def test_auto_prefers_onnxruntime_and_says_why(model, monkeypatch):
    monkeypatch.setattr(auto, "_installed", lambda module: module != "openvino")
    assert choose_backend(model) == (
        "onnxruntime",
        "auto: onnxruntime is installed and the model folder has step.onnx",
    )
    assert choose_backend(model, "torch") == ("torch", "asked for")


def test_auto_takes_torch_where_there_is_no_exported_step(edit_yaml):
    path = edit_yaml(lambda content: content["files"].pop("step.onnx"))
    folder = ModelFolder.load(path)
    name, why = choose_backend(folder)
    assert name == "torch" and "no step.onnx" in why
    with pytest.raises(WeightsError, match=r"no.*step\.onnx|step\.onnx.*none"):
        open_backend(folder, 1, backend="onnxruntime")


def test_auto_takes_torch_where_onnxruntime_is_missing(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    name, why = choose_backend(model)
    assert name == "torch" and "onnxruntime is not installed" in why
    with pytest.raises(DependencyError, match="pip install onnxruntime"):
        open_backend(model, 1, backend="onnxruntime")


def test_without_any_backend_the_pip_lines_are_named(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(DependencyError, match="pip install onnxruntime, or: pip install torch"):
        choose_backend(model)


@pytest.mark.parametrize(
    ("key", "value"), [("backend", "tensorflow"), ("device", "cuda:first"), ("backend", None)]
)
def test_unknown_backends_and_devices_are_refused(model, key, value):
    with pytest.raises(ConfigError, match=f"'{key}': expected one of"):
        open_backend(model, 1, **{"backend": "onnxruntime", key: value})


def foreign_step(joints: int = 13, classes: int = 5, prefix: str = "state_") -> bytes:
    """A step of another model: logits of the newest frame only, with a state that it adds to."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    weights = np.zeros((5 * joints, classes), np.float32)

    def value(name, kind, *axes):
        return helper.make_tensor_value_info(name, kind, ["B", *axes])

    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["frame"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
            helper.make_node("Identity", ["update"], ["valid"]),
            helper.make_node("Add", [f"{prefix}sum", "logits"], ["next_sum"]),
        ],
        "step",
        [
            value("frame", TensorProto.FLOAT, 5, joints),
            value("update", TensorProto.BOOL),
            value(f"{prefix}sum", TensorProto.FLOAT, classes),
        ],
        [
            value("logits", TensorProto.FLOAT, classes),
            value("valid", TensorProto.BOOL),
            value("next_sum", TensorProto.FLOAT, classes),
        ],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture
def with_step(folder, edit_yaml):
    """Put another step.onnx into the copy of the model folder, with its right sha256."""

    def put(content: bytes) -> ModelFolder:
        (folder / "step.onnx").write_bytes(content)
        sha256 = compute_sha256(folder / "step.onnx")
        return ModelFolder.load(edit_yaml(lambda c: c["files"].update({"step.onnx": sha256})))

    return put


def test_onnxruntime_takes_any_step_with_the_promised_names(with_step):
    backend = open_backend(with_step(foreign_step()), 2, backend="onnxruntime")
    logits, valid = backend.step(frames(1, 2)[0], np.array([True, False]))
    assert logits.shape == (2, 5) and valid.tolist() == [True, False]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        pytest.param(
            {"joints": 17},
            r"step\.onnx: 'frame' has \(rows, \*\(5, 17\)\).*13 joints of 'common13'",
            id="layout",
        ),
        pytest.param({"classes": 4}, r"'logits' has \(rows, \*\(4,\)\).*5 classes", id="labels"),
        pytest.param({"prefix": "memory_"}, r"expected the inputs frame.*memory_sum", id="names"),
    ],
)
def test_onnxruntime_refuses_a_step_that_does_not_fit_model_yaml(with_step, step, message):
    with pytest.raises(WeightsError, match=message):
        open_backend(with_step(foreign_step(**step)), 1, backend="onnxruntime")


def test_onnxruntime_refuses_what_is_no_onnx_file(with_step):
    with pytest.raises(WeightsError, match=r"step\.onnx: onnxruntime cannot load it"):
        open_backend(with_step(b"not a graph"), 1, backend="onnxruntime")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"receptive_field": 17}, "'receptive_field': expected 16", id="span"),
        pytest.param({"architecture": "st_gun"}, "'architecture'.*st_gun", id="architecture"),
        pytest.param({"arguments": {"colour": 1}}, "arguments.*colour", id="argument"),
        pytest.param({"arguments": {"num_classes": 5}}, "mis-?shape|expected|fit", id="widths"),
    ],
)
def test_torch_refuses_weights_that_do_not_fit_model_yaml(edit_yaml, change, message):
    path = edit_yaml(lambda content: content.update(change))
    with pytest.raises(WeightsError, match=message):
        open_backend(ModelFolder.load(path), 1, backend="torch")
