# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""package.xml is valid, and says the same as the rest of the package."""

import re
import warnings
from pathlib import Path

import pytest

import co_perception

ROOT = Path(__file__).resolve().parents[2]
# Keys of rosdistro that are no ROS package; every ROS package is a key by its own name.
ROSDEP_KEYS = {
    "python3-matplotlib",
    "python3-numpy",
    "python3-opencv",
    "python3-pytest",
    "python3-rich",
    "python3-scipy",
    "python3-typer",
    "python3-yaml",
}
# Their apt or pip packages would fight with a vendor's builds: extras of pip, never keys.
NEVER = {"python3-torch", "python3-torch-pip", "python3-mediapipe-pip", "python3-onnxruntime-pip"}


@pytest.fixture(scope="module")
def package():
    """Return package.xml as catkin_pkg reads it; problems are errors."""
    catkin_pkg = pytest.importorskip("catkin_pkg.package")
    found: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        package = catkin_pkg.parse_package(ROOT / "package.xml", warnings=found)
    assert found == []
    return package


def test_package_is_a_valid_interface_package(package):
    assert package.package_format == 3
    assert package.get_build_type() == "ament_cmake"
    assert [group.name for group in package.member_of_groups] == ["rosidl_interface_packages"]
    assert package.licenses == ["Apache-2.0"]


def test_versions_agree(package):
    assert package.version == co_perception.__version__


def test_foreign_keys_are_known(package):
    names = {
        depend.name
        for kind in ("buildtool_depends", "build_depends", "exec_depends", "test_depends")
        for depend in getattr(package, kind)
    }
    assert {name for name in names if "-" in name} <= ROSDEP_KEYS
    assert not names & NEVER


def test_every_imported_ros_package_is_named(package):
    imported = set()
    for path in [*ROOT.glob("co_perception/nodes/*.py"), *ROOT.glob("launch/*.py")]:
        pattern = r"^\s*(?:from|import) (\w+_msgs|std_srvs|rclpy|rcl_interfaces|launch(?:_ros)?)\b"
        imported |= set(re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE))
    optional = {"foxglove_msgs", "hri_msgs", "vision_msgs"}
    assert imported - optional <= {depend.name for depend in package.exec_depends}
    assert imported
