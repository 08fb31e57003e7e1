# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Set up everything that `make demo` or `make test` needs: `python3 tools/setup_env demo`.

Standard library only, for it runs before anything is installed. Each step is skipped when a
stamp in the environment says that it was done for the very same inputs.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path

import environment
import messages
import system
import wheels
from report import SetupError, say

ROOT = Path(__file__).resolve().parent.parent.parent
OLDEST, NEWEST = (3, 10), (3, 14)


def check_platform() -> None:
    """Refuse what the ros-* wheels are not made for, before anything is downloaded.

    Raises:
        SetupError: If the Python or the machine does not fit.
    """
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        wanted = " to ".join(".".join(map(str, version)) for version in (OLDEST, NEWEST))
        raise SetupError(
            f"expected Python {wanted}, this is {platform.python_version()} ({sys.executable})",
            "name another one: make demo PYTHON=python3.12",
        )
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise SetupError(
            "expected Linux on x86_64, for which there are ROS 2 wheels; this is "
            f"{platform.system()} on {platform.machine()}",
            "build the package with colcon in a ROS 2 installation: docs/install.md",
        )


def make_pose_asset(venv: Path) -> None:
    """Make the pose asset with the command that users have for it, unless it is there.

    Raises:
        SetupError: If the command fails; it has said why.
    """
    check = "from co_perception.pose.asset import find_pose_asset; find_pose_asset()"
    variables = environment.run_environment(venv)
    found = subprocess.run(
        [environment.python_of(venv), "-c", check], cwd=ROOT, env=variables, capture_output=True
    )
    if found.returncode == 0:
        return
    command = [str(venv / "bin" / "co-perception"), "models", "pose"]
    if subprocess.run(command, cwd=ROOT, env=variables).returncode:
        raise SetupError("the pose asset could not be made", "try it alone: " + " ".join(command))


def set_up(target: str, ros: str, venv: Path) -> None:
    """Bring `venv` to where `target` ("demo" or "test") runs with the wheels of `ros`.

    Raises:
        SetupError: If a step fails; the message says what to do.
    """
    check_platform()
    system.ensure_packages()
    environment.ensure_venv(venv)
    requirements = ROOT / "requirements"
    wheels.ensure_wheels(venv, target, ros, requirements)
    messages.ensure_messages(venv, ROOT, requirements / f"ros-{ros}.txt")
    make_pose_asset(venv)


def main() -> int:
    """Parse the command line, set up, and return the exit status."""
    parser = argparse.ArgumentParser(prog="tools/setup_env", description=__doc__)
    parser.add_argument("target", choices=("demo", "test"), help="what must run afterwards")
    parser.add_argument("--ros", choices=("jazzy", "kilted"), default="jazzy")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where to")
    options = parser.parse_args()
    start = time.monotonic()
    try:
        set_up(options.target, options.ros, options.venv.absolute())
    except SetupError as error:
        print(f"\nset-up: {error}\n   next: {error.advice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up: stopped; the next run goes on from here", file=sys.stderr)
        return 130
    say(f"ready after {time.monotonic() - start:.0f} s ({options.venv})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
