# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The system packages that no wheel can bring: a compiler and a few shared libraries."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from report import SetupError, say

__all__ = ["ensure_packages"]

SYSTEM_PYTHON = Path("/usr/bin/python3")


class Need(NamedTuple):
    """A system package, what it is for, and how to see that its content is there."""

    package: str
    purpose: str
    is_there: Callable[[], bool]


def library(name: str) -> Callable[[], bool]:
    """Return a check that the shared library `name` can be loaded."""

    def is_there() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return is_there


def python_package(suffix: str) -> str:
    """Return Debian's name of a part of this Python, such as python3-venv or python3.12-venv."""
    is_system = SYSTEM_PYTHON.exists() and SYSTEM_PYTHON.resolve().name == (
        f"python3.{sys.version_info.minor}"
    )
    return f"python3-{suffix}" if is_system else f"python3.{sys.version_info.minor}-{suffix}"


def list_needs() -> list[Need]:
    """Return every system package that set-up or the pipeline needs."""
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return [
        Need("g++", "compiles the messages", lambda: shutil.which("g++") is not None),
        Need(python_package("dev"), "headers for the messages", header.is_file),
        Need(
            python_package("venv"),
            "makes the virtual environment",
            lambda: importlib.util.find_spec("ensurepip") is not None,
        ),
        Need("libegl1", "MediaPipe", library("libEGL.so.1")),
        Need("libgles2", "MediaPipe", library("libGLESv2.so.2")),
        Need("libgl1", "OpenCV", library("libGL.so.1")),
        Need("libglib2.0-0", "OpenCV", library("libgthread-2.0.so.0")),
    ]


def apt_prefix() -> list[str] | None:
    """Return what to put before apt-get: nothing as root, sudo where it asks no password."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    return None


def ensure_packages() -> None:
    """Install what is missing where this user may, else name the one line to type.

    Raises:
        SetupError: If something is missing and could not be installed.
    """
    missing = [need for need in list_needs() if not need.is_there()]
    if not missing:
        return
    names = [need.package for need in missing]
    listing = ", ".join(f"{need.package} ({need.purpose})" for need in missing)
    line = "sudo apt-get install -y --no-install-recommends " + " ".join(names)
    prefix = apt_prefix()
    if prefix is None:
        raise SetupError(f"these system packages are missing: {listing}", f"type: {line}")
    say(f"installing system packages: {listing}")
    environment = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    install = ["install", "-y", "-q", "--no-install-recommends", *names]
    for step in (["update", "-q"], install):
        if subprocess.run([*prefix, *environment, *step]).returncode:
            raise SetupError(f"apt-get could not install {' '.join(names)}", f"type: {line}")
    still = [need.package for need in missing if not need.is_there()]
    if still:
        raise SetupError(f"installed, but not found: {' '.join(still)}", f"type: {line}")
