# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Make, find and check the pose asset of MediaPipe's Tasks API, without its model server.

mediapipe >= 1.0 ships no models. Older wheels carry the same two networks (Apache-2.0), so the
asset is made from such a wheel: pip fetches it from the configured registry, two files are read
out of it (nothing of it is installed or executed), their SHA-256 is checked, and a stored zip in
the layout of a `.task` bundle is written to the cache. This is an explicit step
(`co-perception models pose`); running the pose estimator never downloads anything.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from co_perception.errors import WeightsError
from co_perception.pose.bundle import DETECTOR, LANDMARKS, pack
from co_perception.pose.tflite_metadata import add_normalization

__all__ = [
    "ASSET_NAME",
    "ASSET_VARIABLE",
    "BUILD_COMMAND",
    "DOWNLOAD_MIB",
    "build_pose_asset",
    "default_asset_path",
    "find_pose_asset",
    "verify_pose_asset",
]

ASSET_NAME = "pose_landmarker_full.task"
BUILD_COMMAND = "co-perception models pose"
DOWNLOAD_MIB = 34  # the wheel that holds the networks

_CACHE_VARIABLE = "CO_PERCEPTION_CACHE"
ASSET_VARIABLE = "CO_PERCEPTION_POSE_ASSET"


@dataclass(frozen=True)
class _Network:
    """One network: where the wheel has it, how the asset calls it, and what it must be."""

    wheel_member: str
    asset_member: str
    size: int
    sha256: str
    asset_sha256: str


_DETECTOR = _Network(
    "mediapipe/modules/pose_detection/pose_detection.tflite",
    DETECTOR,
    2_959_046,
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    # Its own metadata already names mean and std 127.5, so it is taken as it is.
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
)
_LANDMARKS = _Network(
    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
    LANDMARKS,
    6_440_512,
    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    "f12a2f6ac356d6bddbec60859cd0148c7e6b25f4b464d31f8d104cc4b04970ff",
)
_LANDMARKS_MEAN, _LANDMARKS_STD = 0.0, 255.0

# (version, platform tag, Python tag): any one of these wheels holds the same two files.
_WHEELS = (
    ("0.10.21", "manylinux_2_28_x86_64", "3.11"),
    ("0.10.21", "manylinux_2_28_x86_64", "3.12"),
    ("0.10.18", "manylinux_2_17_aarch64", "3.11"),
)
_PIP_TIMEOUT_SEC = 900.0


def default_asset_path() -> Path:
    """Return where the asset is cached: `$CO_PERCEPTION_CACHE` or `~/.cache/co_perception`."""
    folder = os.environ.get(_CACHE_VARIABLE)
    root = Path(folder).expanduser() if folder else Path.home() / ".cache" / "co_perception"
    return root / ASSET_NAME


def find_pose_asset(model_path: str | os.PathLike[str] | None = None) -> Path:
    """Return a checked asset: the one given, `$CO_PERCEPTION_POSE_ASSET`, or the cached one.

    An asset that the user names only has to be a `.task` bundle of the right layout (MediaPipe's
    own lite and heavy bundles work too); the cached one must be the very one this package makes.

    Raises:
        WeightsError: If there is none, or it is damaged. The message names the command to run.
    """
    given = model_path or os.environ.get(ASSET_VARIABLE)
    if given:
        path = Path(given).expanduser()
        if not path.is_file():
            origin = "model_path" if model_path else ASSET_VARIABLE
            raise WeightsError(f"pose asset: {origin} names '{path}', which is not a file")
        _check_layout(path)
        return path
    path = default_asset_path()
    if not path.is_file():
        raise WeightsError(
            f"pose asset: expected '{path}', found nothing; make it with `{BUILD_COMMAND}` "
            f"(fetches a wheel of {DOWNLOAD_MIB} MiB once), or name a bundle with "
            f"{ASSET_VARIABLE}"
        )
    verify_pose_asset(path)
    return path


def verify_pose_asset(path: Path) -> None:
    """Check that `path` holds the two networks, bit for bit as this package makes them.

    Raises:
        WeightsError: If anything differs.
    """
    _check_layout(path)
    with zipfile.ZipFile(path) as bundle:
        for network in (_DETECTOR, _LANDMARKS):
            _read_checked(bundle, network.asset_member, network.asset_sha256, path)


def build_pose_asset(
    *,
    wheel: str | os.PathLike[str] | None = None,
    target: Path | None = None,
    force: bool = False,
    report: Callable[[str], None] | None = None,
) -> Path:
    """Make the asset and return its path; a sound one that is there already is kept.

    Args:
        wheel: A mediapipe 0.10 wheel to read instead of fetching one.
        target: Where to write; the cache by default.
        force: Make it anew even if a sound one is there.
        report: Called with one line before each step that may take long.

    Raises:
        WeightsError: If no wheel can be had, its files are not the expected ones, or the asset
            cannot be written.
    """
    say = report or (lambda line: None)
    target = target or default_asset_path()
    if not force and _is_sound(target):
        say(f"{target} is there and sound")
        return target
    detector, landmarks = _collect_networks(wheel, say)
    asset = pack(detector, add_normalization(landmarks, _LANDMARKS_MEAN, _LANDMARKS_STD))
    _write_atomically(target, asset)
    verify_pose_asset(target)
    say(f"{target} written")
    return target


def _is_sound(path: Path) -> bool:
    try:
        verify_pose_asset(path)
    except WeightsError:
        return False
    return True


def _collect_networks(
    wheel: str | os.PathLike[str] | None, say: Callable[[str], None]
) -> tuple[bytes, bytes]:
    if wheel is not None:
        return _read_wheel(Path(wheel).expanduser())
    installed = _read_installed()
    if installed is not None:
        say("taking the networks from the installed mediapipe")
        return installed
    with tempfile.TemporaryDirectory(prefix="co_perception_") as folder:
        return _read_wheel(_download_wheel(Path(folder), say))


def _read_installed() -> tuple[bytes, bytes] | None:
    """Read both networks from an older mediapipe in this environment, without importing it."""
    spec = importlib.util.find_spec("mediapipe")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        root = Path(location).parent
        paths = [root / network.wheel_member for network in (_DETECTOR, _LANDMARKS)]
        if all(path.is_file() for path in paths):
            detector, landmarks = (path.read_bytes() for path in paths)
            if _sha256(detector) == _DETECTOR.sha256 and _sha256(landmarks) == _LANDMARKS.sha256:
                return detector, landmarks
    return None


def _read_wheel(path: Path) -> tuple[bytes, bytes]:
    try:
        with zipfile.ZipFile(path) as bundle:
            detector = _read_checked(bundle, _DETECTOR.wheel_member, _DETECTOR.sha256, path)
            landmarks = _read_checked(bundle, _LANDMARKS.wheel_member, _LANDMARKS.sha256, path)
    except (OSError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"pose asset: expected a mediapipe 0.10.21 wheel, cannot read '{path}' ({error})"
        ) from error
    return detector, landmarks


def _read_checked(bundle: zipfile.ZipFile, member: str, sha256: str, path: Path) -> bytes:
    """Read one member, never more of it than its known size, and compare its checksum."""
    limit = 2 * _LANDMARKS.size  # a small zip can unpack to gigabytes
    try:
        with bundle.open(member) as file:
            data = file.read(limit)
    except (
        KeyError,
        RuntimeError,
        NotImplementedError,
        zipfile.BadZipFile,
        OSError,
    ) as error:
        raise WeightsError(
            f"pose asset: '{path}' has no readable '{member}' ({error}); run `{BUILD_COMMAND}`"
        ) from error
    found = _sha256(data)
    if found != sha256:
        raise WeightsError(
            f"pose asset: '{member}' in '{path}': expected SHA-256 {sha256}, got {found}; "
            f"delete the file and run `{BUILD_COMMAND}`"
        )
    return data


def _check_layout(path: Path) -> None:
    wanted = {network.asset_member for network in (_DETECTOR, _LANDMARKS)}
    try:
        with zipfile.ZipFile(path) as bundle:
            names = set(bundle.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"pose asset: '{path}' is no `.task` bundle ({error}); run `{BUILD_COMMAND}`"
        ) from error
    if not wanted <= names:
        raise WeightsError(
            f"pose asset: '{path}': expected the members {sorted(wanted)}, got {sorted(names)}; "
            f"give a pose landmarker bundle or run `{BUILD_COMMAND}`"
        )


def _download_wheel(folder: Path, say: Callable[[str], None]) -> Path:
    """Fetch one of the known wheels with pip, which honours the user's index and find-links."""
    complaint = ""
    for version, platform, python in _WHEELS:
        say(f"fetching the mediapipe {version} wheel for its two networks ({DOWNLOAD_MIB} MiB)")
        complaint = _pip_download(folder, version, platform, python)
        wheels = sorted(folder.glob("mediapipe-*.whl"))
        if wheels:
            return wheels[0]
    raise WeightsError(
        f"pose asset: pip could not fetch a mediapipe wheel: {complaint}; check the network or "
        f"the index, or fetch mediapipe-{_WHEELS[0][0]} elsewhere and run "
        f"`{BUILD_COMMAND} --wheel PATH`"
    )


def _pip_download(folder: Path, version: str, platform: str, python: str) -> str:
    """Run pip once; return its last words, "" when it succeeded."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        f"mediapipe=={version}",
        "--no-deps",
    ]
    command += [
        "--only-binary=:all:",
        "--platform",
        platform,
        "--python-version",
        python,
    ]
    command += ["--implementation", "cp", "--abi", f"cp{python.replace('.', '')}"]
    command += ["--dest", str(folder), "--no-input", "--disable-pip-version-check"]
    command += ["--retries", "2"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_PIP_TIMEOUT_SEC,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else " / ".join(_last_lines(done.stderr or done.stdout))


def _last_lines(text: str) -> Iterator[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    yield from lines[-2:]


def _write_atomically(target: Path, data: bytes) -> None:
    """Write beside the target and rename, so that nobody ever reads half an asset."""
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=target.name, dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise WeightsError(
            f"pose asset: cannot write {len(data) / 2**20:.0f} MiB to '{target}' ({error}); make "
            f"room or choose another folder with {_CACHE_VARIABLE}"
        ) from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
