# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The asset: made from a wheel, checked at every step, clear about what is wrong."""

import importlib.util
import zipfile
from pathlib import Path

import pytest

from co_perception.errors import WeightsError
from co_perception.pose import asset

DETECTOR = "mediapipe/modules/pose_detection/pose_detection.tflite"
LANDMARKS = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
LANDMARKS_SIZE = 6_440_512
WHEEL_NAME = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.fixture(scope="module")
def networks() -> dict[str, bytes]:
    """Both networks as the wheel has them, taken back out of the cached asset."""
    path = asset.default_asset_path()
    if not path.is_file():
        pytest.skip(f"there is no pose asset; make it with `{asset.BUILD_COMMAND}`")
    with zipfile.ZipFile(path) as bundle:
        landmarks = bundle.read("pose_landmarks_detector.tflite")
        # The note is put in front: the old file is the end of the new one.
        return {
            DETECTOR: bundle.read("pose_detector.tflite"),
            LANDMARKS: landmarks[-LANDMARKS_SIZE:],
        }


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("CO_PERCEPTION_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(asset.ASSET_VARIABLE, raising=False)
    return tmp_path / "cache"


def write_wheel(folder: Path, members: dict[str, bytes]) -> Path:
    """Write a wheel that pip accepts."""
    info = "mediapipe-0.10.21.dist-info"
    texts = {
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n"
        "Tag: cp311-cp311-manylinux_2_28_x86_64\n",
        f"{info}/RECORD": "",
    }
    path = folder / WHEEL_NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as wheel:
        for name, data in {**members, **texts}.items():
            wheel.writestr(name, data)
    return path


def test_asset_is_made_from_a_wheel_and_found(
    cache: Path, tmp_path: Path, networks: dict[str, bytes]
) -> None:
    lines: list[str] = []
    path = asset.build_pose_asset(wheel=write_wheel(tmp_path, networks), report=lines.append)
    assert path == cache / asset.ASSET_NAME == asset.find_pose_asset()
    with zipfile.ZipFile(path) as bundle:  # MediaPipe maps the file: nothing may be packed
        assert {info.compress_type for info in bundle.infolist()} == {zipfile.ZIP_STORED}
    assert [entry.name for entry in cache.iterdir()] == [asset.ASSET_NAME]
    assert lines


def test_asset_is_fetched_by_pip_from_find_links(
    cache: Path, tmp_path: Path, networks: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(tmp_path, networks)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert asset.build_pose_asset() == asset.find_pose_asset()


@pytest.mark.skipif(
    importlib.util.find_spec("mediapipe.modules.pose_landmark") is not None,
    reason="the installed mediapipe carries the networks: nothing is fetched",
)
def test_asset_without_a_network_names_the_way_out(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"co-perception models pose --wheel PATH"):
        asset.build_pose_asset()
    assert not cache.exists()


def test_asset_missing_names_the_command(cache: Path) -> None:
    with pytest.raises(WeightsError, match="co-perception models pose"):
        asset.find_pose_asset()


def test_asset_refuses_a_changed_network(
    cache: Path, tmp_path: Path, networks: dict[str, bytes]
) -> None:
    changed = networks[LANDMARKS][:-1] + bytes([networks[LANDMARKS][-1] ^ 1])
    wheel = write_wheel(tmp_path, {**networks, LANDMARKS: changed})
    with pytest.raises(WeightsError, match="expected SHA-256 e9a5c5cb17f7"):
        asset.build_pose_asset(wheel=wheel)
    assert not cache.exists()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PK\x03\x04 no zip", id="no zip"),
    ],
)
def test_asset_refuses_what_is_no_wheel(cache: Path, tmp_path: Path, content: bytes) -> None:
    wheel = tmp_path / WHEEL_NAME
    wheel.write_bytes(content)
    with pytest.raises(WeightsError, match="expected a mediapipe 0.10.21 wheel"):
        asset.build_pose_asset(wheel=wheel)


def test_asset_refuses_a_wheel_without_networks(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no readable 'mediapipe/modules/pose_detection"):
        asset.build_pose_asset(wheel=write_wheel(tmp_path, {}))


def test_asset_never_unpacks_a_bomb(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = write_wheel(tmp_path, {DETECTOR: bytes(64 * 2**20), LANDMARKS: b""})
    hashed: list[int] = []
    original = asset._sha256
    monkeypatch.setattr(asset, "_sha256", lambda d: (hashed.append(len(d)), original(d))[1])
    with pytest.raises(WeightsError, match="SHA-256"):
        asset.build_pose_asset(wheel=wheel)
    assert max(hashed) <= 2 * LANDMARKS_SIZE


def test_asset_damaged_in_the_cache_is_refused_and_made_anew(
    cache: Path, tmp_path: Path, networks: dict[str, bytes]
) -> None:
    wheel = write_wheel(tmp_path, networks)
    path = asset.build_pose_asset(wheel=wheel)
    sound = path.read_bytes()
    damaged = bytearray(sound)
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(WeightsError, match="co-perception models pose"):
        asset.find_pose_asset()
    asset.build_pose_asset(wheel=wheel)
    assert path.read_bytes() == sound


def test_asset_that_cannot_be_written_says_where(
    tmp_path: Path, networks: dict[str, bytes]
) -> None:
    (tmp_path / "file").write_text("in the way")
    target = tmp_path / "file" / "pose.task"
    with pytest.raises(WeightsError, match="cannot write 9 MiB to"):
        asset.build_pose_asset(wheel=write_wheel(tmp_path, networks), target=target)


def test_asset_of_the_user_must_be_a_bundle(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="model_path names .* not a file"):
        asset.find_pose_asset(tmp_path / "absent.task")
    other = tmp_path / "hands.task"
    with zipfile.ZipFile(other, "w") as bundle:
        bundle.writestr("hand_detector.tflite", b"")
    with pytest.raises(WeightsError, match="expected the members"):
        asset.find_pose_asset(other)


def test_asset_of_the_user_comes_first(
    cache: Path, tmp_path: Path, networks: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine.task"
    asset.build_pose_asset(wheel=write_wheel(tmp_path, networks), target=mine)
    assert asset.find_pose_asset(mine) == mine
    monkeypatch.setenv(asset.ASSET_VARIABLE, str(mine))
    assert asset.find_pose_asset() == mine
