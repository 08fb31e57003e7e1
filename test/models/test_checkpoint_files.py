# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Files that are no weights, or want more than to be read: each is refused, and nothing runs."""

import os
import pickle
import struct
import sys
import types
import zipfile

import numpy as np
import pytest
import torch

from co_perception.errors import WeightsError
from co_perception.models.weight_files import read_weight_file

WEIGHTS = {"layer.weight": torch.arange(6.0).reshape(2, 3)}


class Reduced:
    """Would call a function when unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"  <!DOCTYPE html><html>", "got a web page: the download failed", id="html"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull", id="lfs"),
        pytest.param(b"accuracy: 71.03\nmodel: M\n", "got text", id="text"),
        pytest.param(bytes(range(140, 250)), "damaged or cut off", id="noise"),
        pytest.param(b"PK\x03\x04" + bytes(100), "damaged or cut off", id="broken-zip"),
        pytest.param(struct.pack("<Q", 2**60) + b"{}", "damaged or cut off", id="huge-header"),
    ],
)
def test_what_is_no_file_of_weights_is_named(tmp_path, content, message):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"weights\.pth: .*{message}"):
        read_weight_file(path)


def test_a_header_as_long_as_a_pickle_begins_is_no_pickle(tmp_path):
    save_file = pytest.importorskip("safetensors.torch").save_file
    path = tmp_path / "weights.safetensors"
    for length in range(256):  # the file's first byte is the last one of its header's length
        save_file(WEIGHTS, path, metadata={"note": "x" * length})
        if path.read_bytes()[0] == 0x80:
            break
    assert path.read_bytes()[0] == 0x80
    assert read_weight_file(path).tensors.keys() == WEIGHTS.keys()


def test_a_folder_is_told_from_a_file(tmp_path):
    with pytest.raises(
        WeightsError, match=r"got a folder; .* name the weights\.safetensors in it"
    ):
        read_weight_file(tmp_path)


def test_caffe2_pickles_are_refused_unread(tmp_path):
    path, marker = tmp_path / "I3D_8x8_R50.pkl", tmp_path / "ran"
    blobs = {"blobs": {"conv1_w": np.zeros(3)}, "hook": Reduced(os.system, f"touch {marker}")}
    path.write_bytes(pickle.dumps(blobs, protocol=2))
    with pytest.raises(WeightsError, match=r"plain pickle \(Caffe2 .* Take the \.pyth or \.pt"):
        read_weight_file(path)
    assert not marker.exists()


@pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("function", [os.system, eval, exec], ids=lambda f: f.__name__)
def test_code_does_not_run_wherever_it_hides(tmp_path, function, as_zip):
    path, marker = tmp_path / "weights.pth", tmp_path / "ran"
    call = f"touch {marker}" if function is os.system else f"open({str(marker)!r}, 'w')"
    content = {"model_state": WEIGHTS, "optimizer_state": {"hook": [Reduced(function, call)]}}
    torch.save(content, path, _use_new_zipfile_serialization=as_zip)
    with pytest.raises(WeightsError, match=r"never run: it asks for (\w+\.)*(system|eval|exec)\."):
        read_weight_file(path)
    assert not marker.exists()


def test_leftovers_of_training_are_passed_over_and_do_not_run(tmp_path, monkeypatch):
    """Lightning names its callbacks, scores are numpy's: stood in for, never imported or run."""
    path, marker = tmp_path / "last.ckpt", tmp_path / "ran.npy"
    callbacks = types.ModuleType("pytorch_lightning.callbacks")
    callbacks.Checkpoint = type("Checkpoint", (), {"__module__": callbacks.__name__})
    monkeypatch.setitem(sys.modules, "pytorch_lightning", types.ModuleType("pytorch_lightning"))
    monkeypatch.setitem(sys.modules, callbacks.__name__, callbacks)
    content = {
        "state_dict": {f"module.model.{k}": v for k, v in WEIGHTS.items()},
        "callbacks": {callbacks.Checkpoint: {"best": callbacks.Checkpoint()}},
        "accuracy": np.float64(71.03),
        "saved": Reduced(np.save, str(marker), 1.0),
    }
    torch.save(content, path)
    monkeypatch.undo()
    file = read_weight_file(path)
    assert torch.equal(file.tensors["layer.weight"], WEIGHTS["layer.weight"])
    assert (file.wrapper, file.prefix) == ("state_dict", "module.model.")
    assert file.beside == ("accuracy", "callbacks", "saved")
    assert not marker.exists()
    assert "pytorch_lightning" not in sys.modules


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(WEIGHTS, path)
    with zipfile.ZipFile(path) as whole:
        entries = {entry: whole.read(entry) for entry in whole.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        for entry, content in entries.items():
            bomb.writestr(entry, content + bytes(5_000_000) if "/data/" in entry else content)
    with pytest.raises(
        WeightsError, match=r"got one of \d+ bytes that claims to unpack to 5\d{6}"
    ):
        read_weight_file(path)


def test_tensors_that_unfold_to_far_more_are_refused(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({"layer.weight": torch.zeros(1).expand(2**20, 2**20)}, path)
    with pytest.raises(WeightsError, match=r"got tensors that unfold to 4398046511104; refused"):
        read_weight_file(path)


def test_compressed_tensors_are_refused(tmp_path):
    path = tmp_path / "weights.pth"
    place, value = torch.zeros(2, 1, dtype=torch.int64), torch.ones(1)
    sparse = torch.sparse_coo_tensor(place, value, (2, 3), check_invariants=True)
    torch.save({"layer.weight": sparse, "layer.bias": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match=r"got sparse or quantised ones: layer\.weight"):
        read_weight_file(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "legacy"])
def test_files_cut_off_anywhere_are_named(tmp_path, share, as_zip):
    path = tmp_path / "weights.pth"
    torch.save({"a": torch.zeros(50, 50), "b": torch.ones(9)}, path,
               _use_new_zipfile_serialization=as_zip)  # fmt: skip
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(WeightsError, match=r"weights\.pth: .*damaged or cut off"):
        read_weight_file(path)


@pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "legacy"])
def test_scrambled_files_load_or_are_told_and_nothing_else(tmp_path, as_zip):
    path = tmp_path / "weights.pth"
    torch.save({"model_state": WEIGHTS}, path, _use_new_zipfile_serialization=as_zip)
    whole = path.read_bytes()
    outcomes = set()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        try:
            read_weight_file(path)
            outcomes.add("loads")
        except WeightsError:
            outcomes.add("told")
    assert outcomes == {"loads", "told"}
