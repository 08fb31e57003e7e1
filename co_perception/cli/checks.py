# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The checks of `co-perception doctor`, each with what was found and what to do."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from co_perception.errors import CoPerceptionError

__all__ = ["Check", "run_checks"]

State = Literal["ok", "note", "fail"]

_IMPORT_TIMEOUT_SEC = 60.0
_OLDEST_PYTHON = (3, 10)


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, how it is, and what to do (empty: nothing)."""

    name: str
    state: State
    found: str
    advice: str = ""


@dataclass(frozen=True)
class _Library:
    module: str
    packages: tuple[str, ...]
    required: bool
    advice: str


_LIBRARIES = (
    _Library("numpy", ("numpy",), True, "pip install numpy"),
    _Library("scipy", ("scipy",), True, "pip install scipy"),
    _Library("yaml", ("PyYAML",), True, "pip install pyyaml"),
    _Library(
        "cv2",
        ("opencv-contrib-python", "opencv-python", "opencv-python-headless",
         "opencv-contrib-python-headless"),
        True,
        "pip install opencv-contrib-python, or apt install python3-opencv",
    ),
    _Library(
        "mediapipe", ("mediapipe",), True,
        "pip install mediapipe (also needs: apt install libegl1 libgles2)",
    ),
    _Library(
        "onnxruntime", ("onnxruntime", "onnxruntime-gpu"), True, "pip install onnxruntime"
    ),
    _Library("matplotlib", ("matplotlib",), False, "pip install matplotlib (timeline pictures)"),
    _Library("torch", ("torch",), False, "pip install torch (only for training and research)"),
)  # fmt: skip


def run_checks() -> list[Check]:
    """Look at everything; a check that itself fails is reported, not raised."""
    groups: tuple[Callable[[], list[Check]], ...] = (
        _check_python, _check_libraries, _check_opencv_twins, _check_gstreamer, _check_pose_asset,
        _check_models, _check_cameras, _check_ros,
    )  # fmt: skip
    return [check for group in groups for check in group()]


def _check_python() -> list[Check]:
    version = platform.python_version()
    found = f"{version} on {platform.system()} {platform.machine()}"
    if sys.version_info < _OLDEST_PYTHON:
        return [Check("Python", "fail", found, "use Python 3.10 or newer")]
    return [Check("Python", "ok", found)]


def _check_libraries() -> list[Check]:
    # Each in a process of its own and all at once: a library built for another numpy or CPU can
    # end the whole process, and imports take seconds.
    running = {
        library: subprocess.Popen(
            [sys.executable, "-c", f"import {library.module}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for library in _LIBRARIES
        if _is_there(library.module)
    }
    return [_judge_library(library, running.get(library)) for library in _LIBRARIES]


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _judge_library(library: _Library, process: subprocess.Popen[str] | None) -> Check:
    bad: State = "fail" if library.required else "note"
    if process is None:
        return Check(library.module, bad, "not installed", library.advice)
    try:
        _, words = process.communicate(timeout=_IMPORT_TIMEOUT_SEC)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Check(library.module, "note", "its import takes very long", "try again")
    version = _version(library.packages)
    if process.returncode != 0:
        last = (words.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        return Check(library.module, bad, f"{version}, but its import fails: {last}",
                     _import_advice(library, last))  # fmt: skip
    return Check(library.module, "ok", version)


def _import_advice(library: _Library, last_line: str) -> str:
    for name, package in (("GLESv2", "libgles2"), ("EGL", "libegl1"), ("libGL", "libgl1")):
        if name in last_line:
            return f"sudo apt install {package}"
    if "numpy" in last_line:
        return "built for another numpy: reinstall it, or use a virtual environment of its own"
    return library.advice


def _version(packages: tuple[str, ...]) -> str:
    found = []
    for package in packages:
        try:
            found.append(importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            continue
    return found[0] if found else "version unknown (not installed by pip)"


def _check_opencv_twins() -> list[Check]:
    opencv = next(library for library in _LIBRARIES if library.module == "cv2")
    twins = [package for package in opencv.packages if _is_installed(package)]
    if len(twins) < 2:
        return []
    advice = (
        f"they overwrite each other's files: pip uninstall -y {' '.join(twins)} && "
        f"pip install {twins[0]}"
    )
    return [Check("OpenCV packages", "note", ", ".join(twins) + " at once", advice)]


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _check_gstreamer() -> list[Check]:
    from co_perception.camera.gstreamer import INSTALL, PROGRAM

    if path := shutil.which(PROGRAM):
        return [Check("GStreamer", "ok", path)]
    return [Check("GStreamer", "note", "not installed; only 'gst:' sources need it", INSTALL)]


def _check_pose_asset() -> list[Check]:
    from co_perception.pose.asset import BUILD_COMMAND, find_pose_asset

    try:
        checks = [Check("pose asset", "ok", str(find_pose_asset()))]
    except CoPerceptionError as error:
        checks = [Check("pose asset", "fail", str(error), BUILD_COMMAND)]
    missing = [name for name in ("EGL", "GLESv2") if not ctypes.util.find_library(name)]
    if missing and sys.platform.startswith("linux"):
        found = " and ".join(f"lib{name}" for name in missing) + " not found"
        checks.append(
            Check("graphics libraries", "note", f"{found}; mediapipe >= 1.0 needs them",
                  "sudo apt install libegl1 libgles2")
        )  # fmt: skip
    return checks


def _check_models() -> list[Check]:
    from co_perception.engine import ModelFolder, list_models
    from co_perception.engine.locate import model_roots

    found = list_models()
    if not found:
        places = ", ".join(map(str, model_roots()))
        return [Check("models", "fail", f"no model folder in {places}",
                      "install the package again, or pass --model PATH")]  # fmt: skip
    checks = []
    for name, path in found.items():
        try:
            labels = len(ModelFolder.load(path).labels)
            checks.append(Check(f"model '{name}'", "ok", f"{labels} activities, {path}"))
        except CoPerceptionError as error:
            advice = "restore the folder, or install the package again"
            checks.append(Check(f"model '{name}'", "fail", str(error), advice))
    return checks


def _check_cameras() -> list[Check]:
    devices = sorted(Path("/dev").glob("video*"))
    if not devices:
        return [Check("cameras", "note", "no /dev/video*",
                      "plug one in, pass it into the container, or use 'demo'")]  # fmt: skip
    closed = [str(device) for device in devices if not os.access(device, os.R_OK | os.W_OK)]
    if closed:
        return [Check("cameras", "note", f"no access to {', '.join(closed)}",
                      "sudo usermod -aG video $USER, then log in again")]  # fmt: skip
    return [Check("cameras", "ok", ", ".join(map(str, devices)))]


def _check_ros() -> list[Check]:
    distribution = os.environ.get("ROS_DISTRO", "")
    if not _is_there("rclpy"):
        return [Check("ROS 2", "note", "rclpy not found; only the nodes need it",
                      "source /opt/ros/<distribution>/setup.bash")]  # fmt: skip
    middleware = os.environ.get("RMW_IMPLEMENTATION", "default middleware")
    found = ", ".join(filter(None, ("rclpy", distribution, middleware)))
    if not _has_messages():
        return [Check("ROS 2", "note", f"{found}; but the messages are not built",
                      "colcon build and source install/setup.bash, or pip install .")]  # fmt: skip
    return [Check("ROS 2", "ok", found)]


def _has_messages() -> bool:
    try:
        return _is_there("co_perception.msg")
    except ImportError:
        return False
