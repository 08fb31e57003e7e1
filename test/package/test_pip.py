# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`pip wheel .` runs the same CMakeLists.txt and packs all that it installs."""

import sys
import zipfile

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def wheel(sources, run_command, tmp_path_factory):
    """Return the wheel, built from a copy with the tools that are installed."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder]
    run_command(sys.executable, "-m", "pip", "wheel", *options, sources, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_is_for_this_python_and_platform(wheel):
    tag = f"cp3{sys.version_info.minor}"
    assert wheel.name.startswith("co_perception-")
    assert f"-{tag}-{tag}-linux" in wheel.name


def test_wheel_holds_code_messages_and_data(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    data = wheel.name.split("-cp")[0] + ".data/data/"
    assert {
        "co_perception/pipeline.py",
        "co_perception/msg/_activity_array.py",
        "co_perception/srv/_reset_state.py",
        data + "lib/co_perception/perception_node",
        data + "lib/libco_perception__rosidl_generator_c.so",
        data + "share/ament_index/resource_index/packages/co_perception",
        data + "share/co_perception/launch/activity.launch.py",
        data + "share/co_perception/package.xml",
    } <= names
    assert [name for name in names if name.startswith("test")] == []


def test_wheel_names_the_command(wheel):
    with zipfile.ZipFile(wheel) as content:
        (name,) = (name for name in content.namelist() if name.endswith("/entry_points.txt"))
        assert "co-perception = co_perception.cli.main:main" in content.read(name).decode()


def test_messages_of_the_wheel_work(wheel, run_command, tmp_path):
    with zipfile.ZipFile(wheel) as content:
        content.extractall(tmp_path)
    (libraries,) = tmp_path.glob("*.data/data/lib")
    code = (
        "import co_perception; from co_perception.msg import ActivityArray as A;"
        "from rclpy.serialization import deserialize_message as d, serialize_message as s;"
        "print(co_perception.__file__, d(s(A(sequence=7)), A).sequence)"
    )
    output = run_command(
        *(sys.executable, "-c", code),
        cwd=tmp_path,
        PYTHONPATH=str(tmp_path),
        LD_LIBRARY_PATH=str(libraries),
    )
    assert output.split() == [str(tmp_path / "co_perception/__init__.py"), "7"]
