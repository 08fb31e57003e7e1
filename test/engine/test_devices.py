# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Devices that are not there, files that are cut short, steps that fail: one clear error each."""

import logging

import numpy as np
import pytest
import torch

from co_perception.engine import ModelFolder, open_backend
from co_perception.engine.backends import open_chosen
from co_perception.engine.model_folder import step_file
from co_perception.errors import (
    ConfigError,
    CoPerceptionError,
    DependencyError,
    StepError,
    StreamError,
    WeightsError,
)

ROWS = 3


@pytest.fixture(scope="module")
def model(saved_folder) -> ModelFolder:
    return ModelFolder.load(saved_folder)


@pytest.fixture(params=["onnxruntime", "openvino", "torch"])
def backend(request, model):
    """The model on every backend that is here."""
    try:
        opened = open_backend(model, ROWS, backend=request.param)
    except DependencyError as error:
        pytest.skip(str(error))
    yield opened
    opened.close()


def frames(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((ROWS, 5, 13)).astype(np.float32)


@pytest.mark.parametrize("device", ["cuda", "tensorrt", "cuda:1"])
def test_a_provider_that_onnxruntime_lacks_is_named(model, device):
    import onnxruntime

    name = "CUDA" if device.startswith("cuda") else "Tensorrt"
    if f"{name}ExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has it")
    with pytest.raises(DependencyError, match=f"{name}Exec.*pip install onnxruntime-gpu"):
        open_backend(model, 1, backend="onnxruntime", device=device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_torch_without_a_gpu_says_so(model):
    with pytest.raises(DependencyError, match="nvidia-smi; or use device='cpu'"):
        open_backend(model, 1, backend="torch", device="cuda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_auto_gives_way_to_the_cpu_with_a_warning(model, caplog):
    with caplog.at_level(logging.WARNING):
        opened, why = open_chosen(model, 1, device="cuda")
    assert opened.device == "cpu" and opened.precision == "fp32"
    assert "cannot run" in why and "cuda" in caplog.text


def test_a_precision_that_a_backend_has_not_names_those_that_have(model):
    with pytest.raises(ConfigError, match="computed by: native, openvino, torch"):
        open_backend(model, 1, backend="onnxruntime", precision="bf16")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
def test_a_captured_step_equals_the_network(model, precision):
    gpu = open_backend(model, ROWS, backend="torch", device="cuda", precision=precision)
    cpu = open_backend(model, ROWS, backend="torch")
    update = np.ones(ROWS, np.bool_)
    for t in range(40):
        update[1] = t % 3 > 0
        theirs, valid = cpu.step(frames(t), update)
        ours, our_valid = gpu.step(frames(t), update)
        np.testing.assert_array_equal(our_valid, valid)
        limit = 1e-4 if precision == "fp32" else 2e-2
        assert np.abs(ours - theirs).max() <= limit * max(np.ptp(theirs), 1e-6)


def test_a_step_that_is_cut_short_is_named(folder):
    file = folder / step_file(0)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(CoPerceptionError, match=r"step\.onnx"):
        open_backend(ModelFolder.load(folder), 1, backend="onnxruntime")


def test_weights_that_are_cut_short_are_named(folder):
    file = folder / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(WeightsError, match=r"weights\.safetensors"):
        open_backend(ModelFolder.load(folder), 1, backend="torch")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_frames_that_are_not_finite_step_nobody(backend, value):
    update = np.ones(ROWS, np.bool_)
    backend.step(frames(0), update)
    before, bad = backend.save_state(), frames(1)
    bad[1, 2, 3] = value
    with pytest.raises(StreamError, match="rows 1; no row was stepped"):
        backend.step(bad, update)
    for name, array in backend.save_state().items():
        np.testing.assert_array_equal(array, before[name])
    update[1] = False  # of a row that stands still nobody reads the frame
    logits, _ = backend.step(bad, update)
    assert np.isfinite(logits).all()


def test_rows_of_a_step_that_fails_begin_anew_and_the_others_keep_their_bits(
    backend, model, monkeypatch
):
    """As when a device is out of memory; afterwards all goes on as if these rows were new."""
    twin = open_backend(model, ROWS, backend=backend.name)
    everybody, two = np.ones(ROWS, np.bool_), np.array([True, True, False])
    for t in range(5):
        backend.step(frames(t), everybody)
        twin.step(frames(t), everybody)

    def fail(*arguments):
        raise MemoryError("out of memory\nand a long story")

    with monkeypatch.context() as patch:
        owner, method = {
            "onnxruntime": ("co_perception.engine.fast.ort_executor.OrtExecutor", "run"),
            "openvino": ("co_perception.engine.fast.openvino_executor.OpenVinoExecutor", "run"),
            "torch": ("co_perception.models.base.ContinualModel", "forward_step"),
        }[backend.name]
        patch.setattr(f"{owner}.{method}", fail)
        with pytest.raises(StepError, match="2 of 3 rows failed .MemoryError: out of memory"):
            backend.step(frames(5), two)
    twin.reset([0, 1])
    for t in range(6, 12):
        ours, theirs = backend.step(frames(t), everybody), twin.step(frames(t), everybody)
        np.testing.assert_array_equal(ours[1], theirs[1])
        np.testing.assert_allclose(ours[0], theirs[0], rtol=0, atol=1e-6)
    twin.close()
