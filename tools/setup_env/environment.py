# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The virtual environment, its stamps, and the variables that its programs run with."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from report import SetupError, say

__all__ = ["digest", "ensure_venv", "is_stamped", "python_of", "run_environment", "stamp"]

STAMPS = "co_perception_setup.json"
# What a sourced ROS or another environment leaves behind must not leak into this one.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE")


def python_of(venv: Path) -> str:
    """Return the path of the environment's interpreter."""
    return str(venv / "bin" / "python")


def run_environment(venv: Path) -> dict[str, str]:
    """Return the variables for programs in `venv`: its ROS and no other."""
    variables = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    prefix = str(venv)
    path = os.pathsep.join((str(venv / "bin"), os.environ.get("PATH", os.defpath)))
    return variables | {
        "AMENT_PREFIX_PATH": prefix,
        "CMAKE_PREFIX_PATH": prefix,
        "VIRTUAL_ENV": prefix,
        "PATH": path,
    }


def ensure_venv(venv: Path) -> None:
    """Make `venv` with this Python, anew if it is of another version or broken.

    Raises:
        SetupError: If it cannot be made.
    """
    if venv.exists():
        if _runs_same_python(venv):
            return
        if not (venv / "pyvenv.cfg").is_file():
            raise SetupError(f"'{venv}' is no virtual environment", "name another VENV")
        say(f"{venv.name} is of another Python, making it anew")
        shutil.rmtree(venv)
    say(f"making {venv.name} with Python {sys.version.split()[0]}")
    command = [sys.executable, "-m", "venv", str(venv)]
    if subprocess.run(command).returncode:
        shutil.rmtree(venv, ignore_errors=True)
        raise SetupError("the virtual environment could not be made", " ".join(command))


def _runs_same_python(venv: Path) -> bool:
    code = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run(
            [python_of(venv), "-c", code],
            capture_output=True,
            text=True,
            env=run_environment(venv),
        )
    except OSError:
        return False
    return done.stdout.split() == [str(number) for number in sys.version_info[:2]]


def digest(parts: Iterable[str | Path]) -> str:
    """Return one hash over texts and the names and contents of files."""
    total = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        name = part.name if isinstance(part, Path) else ""
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def _read_stamps(venv: Path) -> dict[str, str]:
    try:
        stamps = json.loads((venv / STAMPS).read_text())
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def is_stamped(venv: Path, step: str, inputs: str) -> bool:
    """Tell whether `step` was done for the same inputs."""
    return _read_stamps(venv).get(step) == inputs


def stamp(venv: Path, step: str, inputs: str) -> None:
    """Note that `step` is done for these inputs."""
    (venv / STAMPS).write_text(json.dumps(_read_stamps(venv) | {step: inputs}, indent=1) + "\n")
