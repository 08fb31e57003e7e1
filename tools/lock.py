# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Write requirements/constraints.txt: one version of every package, for every supported Python.

For maintainers (`make lock`): pip resolves requirements/test.txt for each Python without
installing anything; versions that differ between them get an environment marker.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
ROS = ("ros-jazzy.txt", "ros-kilted.txt")
# Held back: torch is what the exporter was tested with, colcon needs an older setuptools.
PINS = ("mediapipe==1.2.2", "setuptools<80", "torch==2.13.0")
# What torch's own metadata pins; which of them there are depends on the build that pip chooses.
LEFT_TO_TORCH = ("cuda-", "nvidia-", "triton")
SOURCE_ONLY = "empy==4.2.1"  # has no wheel on the registry, and pip cannot resolve without one
HEADER = """\
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
# Written by tools/lock.py; every package with the version that was tried, per Python.
"""


def resolve(python: str, ros: str, wheels: Path) -> dict[str, str]:
    """Return name and version of every package that pip would install for `python`."""
    report = wheels / f"report-{python}.json"
    pins = wheels / "pins.txt"
    pins.write_text("\n".join(PINS) + "\n")
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
        *("--only-binary", ":all:", "--python-version", python, "--target", str(wheels / "none")),
        *("--find-links", str(wheels), "--report", str(report), "--constraint", str(pins)),
        *("-r", str(REQUIREMENTS / ros), "-r", str(REQUIREMENTS / "test.txt")),
    ]
    subprocess.run(command, check=True)
    packages = [item["metadata"] for item in json.loads(report.read_text())["install"]]
    return {item["name"].lower().replace("_", "-"): item["version"] for item in packages}


def keep(name: str) -> bool:
    """Tell whether `name` belongs into the constraints: ROS and CUDA are pinned elsewhere."""
    return not name.startswith(("ros-", *LEFT_TO_TORCH))


def constraint_lines(versions: dict[str, dict[str, str]]) -> list[str]:
    """Return one line per package and version; `versions` maps Python to package to version."""
    lines = []
    for name in sorted({name for packages in versions.values() for name in packages}):
        by_version: dict[str, list[str]] = {}
        for python, packages in versions.items():
            if name in packages:
                by_version.setdefault(packages[name].partition("+")[0], []).append(python)
        for version, pythons in by_version.items():
            lines.append(f"{name}=={version}{marker(pythons)}")
    return lines


def marker(pythons: list[str]) -> str:
    """Return the marker for `pythons`, empty for all of them, a range where they are in a row."""
    if len(pythons) == len(PYTHONS):
        return ""
    first, last = pythons[0], pythons[-1]
    if last == PYTHONS[-1] and len(pythons) == len(PYTHONS) - PYTHONS.index(first):
        return f' ; python_version >= "{first}"'
    return " ; " + " or ".join(f'python_version == "{python}"' for python in pythons)


def main() -> None:
    """Resolve for every Python and every ROS, and write the file."""
    versions: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder)
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", SOURCE_ONLY, "-w", folder],
            check=True,
        )
        for python in PYTHONS:
            packages: dict[str, str] = {}
            for ros in ROS:
                print(f"Python {python}, {ros} ...", flush=True)
                packages |= resolve(python, ros, wheels)
            versions[python] = {name: packages[name] for name in packages if keep(name)}
    lines = constraint_lines(versions)
    (REQUIREMENTS / "constraints.txt").write_text(HEADER + "\n".join(lines) + "\n")
    print(f"{len(lines)} lines written to {REQUIREMENTS / 'constraints.txt'}")


if __name__ == "__main__":
    main()
