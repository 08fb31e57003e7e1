# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The landmark network without its mask: fewer operators, the same landmarks to the bit."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from co_perception.camera.demo.source import DemoSource
from co_perception.errors import WeightsError
from co_perception.pose import mediapipe_tasks
from co_perception.pose.asset import BUILD_COMMAND, default_asset_path
from co_perception.pose.bundle import LANDMARKS, read_without_mask
from co_perception.pose.rgb import RgbBuffer
from co_perception.pose.tflite_trim import drop_mask

IMAGES = 6


@pytest.fixture(scope="module")
def asset() -> Path:
    path = default_asset_path()
    if not path.is_file():
        pytest.skip(f"there is no pose asset; make it with `{BUILD_COMMAND}`")
    return path


@pytest.fixture(scope="module")
def whole(asset: Path) -> bytes:
    with zipfile.ZipFile(asset) as bundle:
        return bundle.read(LANDMARKS)


def test_only_the_mask_goes(whole: bytes) -> None:
    schema = pytest.importorskip("mediapipe.tasks.metadata.schema_py_generated")
    old, new = (
        schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0)).subgraphs[0]
        for data in (whole, drop_mask(whole))
    )
    assert [old.outputs[k] == new.outputs[k] for k in range(5)] == [True, True, False, True, True]
    assert list(old.tensors[old.outputs[2]].shape) == [1, 256, 256, 1]
    kept = {tuple(operator.outputs) for operator in new.operators}
    gone = [one for one in old.operators if tuple(one.outputs) not in kept]
    assert len(gone) == 46
    made = {number for one in gone for number in one.outputs}
    used = {number for one in new.operators for number in one.inputs} | set(new.outputs)
    assert not made & used


def test_landmarks_are_the_same_bits(asset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mediapipe", reason="mediapipe is not installed")
    source = DemoSource(seed=2, real_time=False)
    frames = [source.read() for _ in range(4 * IMAGES)][::4]
    images = [frame.image for frame in frames if frame is not None]
    trimmed = _estimate(asset, images)
    monkeypatch.setattr(mediapipe_tasks, "read_without_mask", Path.read_bytes)
    whole = _estimate(asset, images)
    assert len(trimmed) == len(whole) == 2 * IMAGES
    assert np.array_equal(np.array(trimmed), np.array(whole))


def _estimate(asset: Path, images: list[np.ndarray]) -> list[np.ndarray]:
    """Return all numbers of every figure, of both ways of asking."""
    detector = mediapipe_tasks.TasksDetector(asset, max_people=1, min_confidence=0.5)
    poses = [pose for image in images for pose in detector.follow(image) + detector.look(image)]
    detector.close()
    return [np.column_stack([p.points, p.visibility, p.presence, p.world]) for p in poses]


def test_network_without_a_mask_stays_as_it_is(asset: Path, whole: bytes) -> None:
    once = drop_mask(whole)
    assert drop_mask(once) == once
    with zipfile.ZipFile(asset) as bundle:
        detector = bundle.read("pose_detector.tflite")
    assert drop_mask(detector) == detector


@pytest.mark.parametrize("content", [b"", b"a text that is long enough"], ids=["empty", "other"])
def test_what_is_no_network_is_refused(content: bytes) -> None:
    with pytest.raises(WeightsError, match="drop_mask: expected a TensorFlow Lite file"):
        drop_mask(content)


def test_network_cut_short_is_refused(whole: bytes) -> None:
    with pytest.raises(WeightsError, match="cut short"):
        drop_mask(whole[:4000])


def test_bundle_that_is_none_is_left_to_mediapipe(tmp_path: Path) -> None:
    path = tmp_path / "text.task"
    path.write_bytes(b"no zip")
    assert read_without_mask(path) == b"no zip"
    with pytest.raises(WeightsError, match="cannot read"):
        read_without_mask(tmp_path / "missing.task")


@pytest.mark.parametrize("step", [1, 2, -1], ids=["plain", "strided", "mirrored"])
def test_images_are_turned_around_to_the_bit(step: int) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    images = np.random.default_rng(0).integers(0, 256, (2, 33, 70, 3), np.uint8)
    buffer = RgbBuffer()
    for image in [*images[:, :, ::step], images[0, :9]]:
        assert np.array_equal(buffer.convert(image), image[..., ::-1])
