# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`doctor` says for each part what was found and what to do."""

import json
import sys

import pytest

from co_perception.cli import checks
from co_perception.cli.checks import Check, run_checks
from co_perception.cli.main import main


@pytest.fixture(scope="module")
def found():
    return {check.name: check for check in run_checks()}


def test_every_part_is_looked_at(found):
    for name in ("Python", "numpy", "cv2", "mediapipe", "onnxruntime", "torch", "GStreamer",
                 "pose asset", "cameras", "ROS 2"):  # fmt: skip
        assert name in found
    assert any(name.startswith("model") for name in found)
    assert found["numpy"].state == "ok"


def test_what_is_not_fine_says_what_to_do(found):
    for check in found.values():
        assert check.state == "ok" or check.advice, check


def test_a_missing_pose_asset_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setenv("CO_PERCEPTION_CACHE", str(tmp_path))
    monkeypatch.delenv("CO_PERCEPTION_POSE_ASSET", raising=False)
    check = checks._check_pose_asset()[0]
    assert check.state == "fail"
    assert check.advice == "co-perception models pose"


def test_a_damaged_model_fails(monkeypatch, tmp_path):
    broken = tmp_path / "share" / "co_perception" / "models" / "broken"
    broken.mkdir(parents=True)
    (broken / "model.yaml").write_text("format_version: 99\n")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    check = {check.name: check for check in checks._check_models()}["model 'broken'"]
    assert check.state == "fail"
    assert "format_version" in check.found


@pytest.mark.parametrize(
    ("code", "state", "advice"),
    [
        pytest.param("import nothing_like_it", "fail", "pip install it", id="missing"),
        pytest.param("raise OSError('libGLESv2.so.2: cannot open shared object file')", "fail",
                     "sudo apt install libgles2", id="system-library"),
        pytest.param("raise ImportError('numpy.core.multiarray failed')", "fail",
                     "built for another numpy", id="numpy"),
        pytest.param("import os; os.abort()", "fail", "pip install it", id="crash"),
        pytest.param("pass", "ok", "", id="fine"),
    ],
)  # fmt: skip
def test_libraries_are_tried_in_a_process_of_their_own(monkeypatch, tmp_path, code, state, advice):
    (tmp_path / "a_library_to_try.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    library = checks._Library("a_library_to_try", ("numpy",), True, "pip install it")
    monkeypatch.setattr(checks, "_LIBRARIES", (library,))
    (check,) = checks._check_libraries()
    assert check.state == state
    assert advice in check.advice


def test_a_library_that_is_not_there_is_a_note_when_it_is_optional(monkeypatch):
    library = checks._Library("nothing_like_it", ("nothing",), False, "pip install it")
    monkeypatch.setattr(checks, "_LIBRARIES", (library,))
    assert checks._check_libraries() == [
        Check("nothing_like_it", "note", "not installed", "pip install it")
    ]


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("note", 0), ("fail", 1)])
def test_the_exit_code_says_whether_something_failed(monkeypatch, capfd, state, code):
    monkeypatch.setattr(checks, "run_checks", lambda: [Check("a part", state, "found", "do it")])
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    assert (ended.value.code or 0) == code
    assert "a part" in capfd.readouterr().out
    with pytest.raises(SystemExit):
        main(["doctor", "--json"])
    assert json.loads(capfd.readouterr().out)[0]["advice"] == "do it"


def test_the_python_in_use_is_named(found):
    assert found["Python"].found.startswith(".".join(map(str, sys.version_info[:3])))
