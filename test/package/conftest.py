# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A copy of the sources to build from: builds leave nothing behind in the checkout."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = (".git", ".venv*", "*_cache", "__pycache__", "build", "install", "log", "out", "test")
BUILD_SEC = 900.0  # a minute on an idle machine


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    """Return a copy of the checkout without what git ignores."""
    target = tmp_path_factory.mktemp("workspace") / "co_perception"
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return target


@pytest.fixture(scope="session")
def run_command() -> Callable[..., str]:
    """Return a function that runs a command in a shell where only this ROS is known."""
    if not (Path(sys.prefix) / "share" / "ament_cmake").is_dir():
        pytest.skip("the ros-* wheels are not in this environment")
    environment = {
        **{name: os.environ[name] for name in ("HOME", "LANG", "PIP_CERT") if name in os.environ},
        "AMENT_PREFIX_PATH": sys.prefix,
        "CMAKE_PREFIX_PATH": sys.prefix,
        "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 1),
        "PATH": os.pathsep.join((str(Path(sys.prefix) / "bin"), "/usr/bin", "/bin")),
        "VIRTUAL_ENV": sys.prefix,
    }

    def run(*command: object, cwd: Path, **variables: str) -> str:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_SEC,
        )
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    return run
