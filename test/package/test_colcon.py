# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`colcon build` makes a package that ROS finds: messages, nodes, launch files, the command."""

import os
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

NODES = {"activity_node", "camera_node", "perception_node", "pose_node"}
LOOK = """
import co_perception, co_perception.msg, co_perception.srv, co_perception.nodes.launch_plan
from ament_index_python.packages import get_package_prefix, get_package_share_directory
print(get_package_prefix("co_perception"))
print(get_package_share_directory("co_perception"))
print(co_perception.__file__)
print(co_perception.msg.PersonActivity(label="wave"))
"""


@pytest.fixture(scope="module", params=["copies", "symlinks"])
def workspace(request, sources, run_command, tmp_path_factory):
    """Return a workspace in which colcon has built the package."""
    folder = tmp_path_factory.mktemp(request.param)
    options = ["--symlink-install"] if request.param == "symlinks" else []
    run_command(
        *("colcon", "build", "--base-paths", sources, *options),
        *("--cmake-args", "-GNinja", "-DBUILD_TESTING=OFF"),
        cwd=folder,
    )
    return folder


def test_colcon_installs_everything(workspace):
    prefix = workspace / "install" / "co_perception"
    nodes = {path.name for path in (prefix / "lib/co_perception").iterdir()}
    assert nodes == NODES
    for program in [*(prefix / "lib/co_perception").iterdir(), prefix / "bin/co-perception"]:
        assert os.access(program, os.X_OK)
        assert program.read_text().startswith("#!/usr/bin/env python3\n")
    share = prefix / "share"
    assert (share / "ament_index/resource_index/packages/co_perception").is_file()
    assert (share / "co_perception/launch/activity.launch.py").is_file()
    assert list((share / "co_perception/config").glob("*.yaml"))
    assert (share / "co_perception/models").is_dir()
    assert (share / "co_perception/msg/PersonActivity.msg").is_file()


def test_sourced_workspace_has_package_and_messages(workspace, run_command):
    (workspace / "look.py").write_text(LOOK)
    # As a user does: source the workspace, then run; nothing of the checkout is on any path.
    command = (
        f". {workspace}/install/local_setup.sh && python3 look.py && command -v co-perception"
    )
    output = run_command("sh", "-c", command, cwd=workspace).splitlines()
    prefix = workspace / "install" / "co_perception"
    assert output[0] == str(prefix)
    assert output[1] == str(prefix / "share/co_perception")
    assert Path(output[2]).is_relative_to(prefix)
    assert "label='wave'" in output[3]
    assert output[-1] == str(prefix / "bin/co-perception")


def test_symlink_install_points_at_the_sources(workspace, sources):
    installed = next((workspace / "install/co_perception").glob("lib/python*/site-packages"))
    code = installed / "co_perception/errors.py"
    assert code.is_symlink() == ("symlinks" in workspace.name)
    assert code.read_text() == (sources / "co_perception/errors.py").read_text()
