# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Build the messages and the native kernels, and lay the checkout into the environment.

Only what is generated is copied; the Python code, launch files, parameters and models are used
from the checkout, so that a change of theirs needs no set-up.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import deque
from pathlib import Path

import environment
from report import Progress, SetupError

__all__ = ["ensure_messages"]

PACKAGE = "co_perception"
SHARED = ("config", "launch", "models")
NINJA_STEP = re.compile(r"\[(\d+)/(\d+)\]")


def ensure_messages(venv: Path, root: Path, ros: Path) -> None:
    """Build messages and kernels into `venv` and point it at the checkout `root`.

    Args:
        venv: The environment.
        root: The checkout.
        ros: The requirement file of the ROS wheels in `venv`: other wheels, other messages.

    Raises:
        SetupError: If the build fails.
    """
    sources = [root / "CMakeLists.txt", root / "package.xml", ros]
    sources += sorted([*root.glob("msg/*.msg"), *root.glob("srv/*.srv"), *root.glob("native/*")])
    inputs = environment.digest([str(root), str(venv), sys.version, *sources])
    if not environment.is_stamped(venv, "messages", inputs):
        _run_cmake(venv, root, root / "build" / f"messages{venv.name}")
        environment.stamp(venv, "messages", inputs)
    _link_checkout(venv, root)


def _run_cmake(venv: Path, root: Path, build: Path) -> None:
    command = str(venv / "bin" / "cmake")
    configure = [
        *(command, "-S", str(root), "-B", str(build), "-G", "Ninja", "--fresh"),
        f"-DCMAKE_MAKE_PROGRAM={venv / 'bin' / 'ninja'}",
        f"-DCMAKE_INSTALL_PREFIX={venv}",
        f"-DPython3_EXECUTABLE={environment.python_of(venv)}",
        *("-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF", "-DCO_PERCEPTION_MESSAGES_ONLY=ON"),
    ]
    progress = Progress("building messages and kernels")
    for step in (configure, [command, "--build", str(build)], [command, "--install", str(build)]):
        _run_step(step, environment.run_environment(venv), progress)
    progress.close()


def _run_step(command: list[str], variables: dict[str, str], progress: Progress) -> None:
    """Run one cmake command; show ninja's count, and the last lines if it fails.

    Raises:
        SetupError: If it fails.
    """
    last: deque[str] = deque(maxlen=40)
    with subprocess.Popen(
        command, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout or ():
            last.append(line)
            if match := NINJA_STEP.match(line):
                progress.show(int(match[1]) / int(match[2]), f"step {match[1]} of {match[2]}")
    if process.returncode:
        progress.close()
        print("".join(last))
        raise SetupError("the messages could not be built", " ".join(command))


def _link_checkout(venv: Path, root: Path) -> None:
    """Let Python, the ament index and the shell find the checkout through `venv`."""
    site = venv / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    # Without this file the messages are a namespace portion, and the checkout is the package.
    (site / PACKAGE / "__init__.py").unlink(missing_ok=True)
    (site / f"{PACKAGE}_checkout.pth").write_text(f"{root}\n")
    for name in SHARED:
        link = venv / "share" / PACKAGE / name
        if not link.is_symlink():
            link.symlink_to(root / name, target_is_directory=True)
    for script in filter(Path.is_file, (root / "scripts").iterdir()):
        folder = venv / ("bin" if script.name == "co-perception" else f"lib/{PACKAGE}")
        folder.mkdir(exist_ok=True)
        target = folder / script.name
        _, _, body = script.read_text().partition("\n")
        target.write_text(f"#!{environment.python_of(venv)}\n{body}")
        target.chmod(0o755)
