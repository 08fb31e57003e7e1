# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The note inside the TensorFlow Lite file, read back by MediaPipe's own schema."""

import zipfile

import pytest

from co_perception.errors import WeightsError
from co_perception.pose.asset import BUILD_COMMAND, default_asset_path
from co_perception.pose.tflite_metadata import add_normalization

LANDMARKS_SIZE = 6_440_512


@pytest.fixture(scope="module")
def noted() -> bytes:
    path = default_asset_path()
    if not path.is_file():
        pytest.skip(f"there is no pose asset; make it with `{BUILD_COMMAND}`")
    with zipfile.ZipFile(path) as bundle:
        return bundle.read("pose_landmarks_detector.tflite")


def test_note_leaves_the_network_as_it_was(noted: bytes) -> None:
    model_schema = pytest.importorskip("mediapipe.tasks.metadata.schema_py_generated")
    old = model_schema.ModelT.InitFromObj(
        model_schema.Model.GetRootAsModel(noted[-LANDMARKS_SIZE:], 0)
    )
    new = model_schema.ModelT.InitFromObj(model_schema.Model.GetRootAsModel(noted, 0))
    assert (new.version, new.description) == (old.version, old.description)
    assert len(new.subgraphs[0].tensors) == len(old.subgraphs[0].tensors) > 100
    assert len(new.operatorCodes) == len(old.operatorCodes)
    for before, after in zip(old.buffers, new.buffers, strict=False):
        assert (before.data is None) == (after.data is None)
        assert before.data is None or bytes(before.data) == bytes(after.data)


def test_note_says_mean_and_std(noted: bytes) -> None:
    model_schema = pytest.importorskip("mediapipe.tasks.metadata.schema_py_generated")
    note_schema = pytest.importorskip("mediapipe.tasks.metadata.metadata_schema_py_generated")
    model = model_schema.ModelT.InitFromObj(model_schema.Model.GetRootAsModel(noted, 0))
    (index,) = [m.buffer for m in model.metadata if m.name == b"TFLITE_METADATA"]
    data = bytes(model.buffers[index].data)
    assert data[4:8] == b"M001"
    note = note_schema.ModelMetadataT.InitFromObj(
        note_schema.ModelMetadata.GetRootAsModelMetadata(data, 0)
    )
    (unit,) = note.subgraphMetadata[0].inputTensorMetadata[0].processUnits
    assert (list(unit.options.mean), list(unit.options.std)) == ([0.0], [255.0])
    assert note.minParserVersion == b"1.0.0"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"a text that is long enough", id="other"),
        pytest.param(b"\x10\x00\x00\x00TFL3\x00\x00", id="cut short"),
    ],
)
def test_note_refuses_what_is_no_network(content: bytes) -> None:
    with pytest.raises(WeightsError, match="TensorFlow Lite file"):
        add_normalization(content, 0.0, 255.0)
