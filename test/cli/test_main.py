# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The command as a whole: cheap to start, clear when something is wrong, exit codes kept."""

import json
import subprocess
import sys

import pytest

from co_perception.cli.main import main

HEAVY = ("cv2", "mediapipe", "numpy", "onnxruntime", "rclpy", "scipy", "torch")
STARTUP_LIMIT_SEC = 20


@pytest.fixture
def command(capfd, monkeypatch):
    """Run the command in this process; return its exit code, output and error output."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run


def unwrapped(text):
    """Undo the frame and the line breaks of an error block."""
    return " ".join(text.replace("│", " ").split())


def test_help_is_cheap_and_lists_the_commands():
    code = (
        "import sys\n"
        "from co_perception.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print('heavy:', [name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=STARTUP_LIMIT_SEC, check=True)  # fmt: skip
    for command in ("run", "models", "doctor"):
        assert command in done.stdout
    assert done.stdout.endswith("heavy: []\n")


@pytest.mark.parametrize("arguments", [["run"], ["doctor"], ["models"], ["models", "pose"]])
def test_every_command_has_help(command, arguments):
    code, out, _ = command(*arguments, "--help")
    assert code == 0
    assert "Usage: co-perception" in out


def test_version_is_printed(command):
    from co_perception import __version__

    assert command("--version") == (0, f"co-perception {__version__}\n", "")


def test_an_unknown_command_is_refused(command):
    code, _, err = command("recognise")
    assert code == 2
    assert "No such command 'recognise'" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["nothing.mp4"], "there is no such file or folder", id="missing-file"),
        pytest.param(["ftp://host/x"], "got the scheme 'ftp'", id="scheme"),
        pytest.param(["demo", "--rotate", "45"], "one of 0, 90, 180, 270; got 45", id="rotate"),
        pytest.param(["demo", "--max-people", "0"], "expected 1 to 32, got 0", id="range"),
        pytest.param(["demo", "--set", "top_q=1"], "Did you mean 'top_k'?", id="key"),
        pytest.param(["demo", "--set", "top_k"], "expected KEY=VALUE, got 'top_k'", id="set"),
        pytest.param(["demo", "--config", "no.yaml"], "'no.yaml': cannot be read", id="config"),
        pytest.param(["demo", "--model", "nobody"], "Model 'nobody': expected", id="model"),
        pytest.param(["demo", "-o", "x.gif"], "expected an ending of .avi", id="video"),
        pytest.param(["demo", "-o", "no/x.mp4"], "create it with 'mkdir -p no'", id="folder"),
        pytest.param(["demo", "--timeline", "x.txt"], "ending of .pdf, .png, .svg", id="picture"),
    ],
)
def test_errors_are_one_readable_block_and_exit_code_2(
    command, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    code, out, err = command("run", *arguments)
    assert code == 2
    assert message in unwrapped(err)
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "co_perception.cli.main", "--debug", "run", "nothing.mp4"],
        capture_output=True, text=True, timeout=STARTUP_LIMIT_SEC, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_models_list_and_show_agree(command):
    code, out, _ = command("models", "list", "--json")
    assert code == 0
    rows = json.loads(out)
    if not rows:
        pytest.skip("no model folder is installed")
    code, out, _ = command("models", "show", rows[0]["name"], "--json")
    assert code == 0
    shown = json.loads(out)
    assert shown["labels"] == rows[0]["labels"]
    assert all(len(sha256) == 64 for sha256 in shown["files"].values())
    _, table, _ = command("models", "list")
    assert rows[0]["name"] in table
    _, table, _ = command("models", "show", rows[0]["path"])
    assert shown["model_id"] in table


def test_a_damaged_model_is_listed_with_what_is_wrong(command, tmp_path, monkeypatch):
    broken = tmp_path / "share" / "co_perception" / "models" / "broken"
    broken.mkdir(parents=True)
    (broken / "model.yaml").write_text("format_version: 99\n")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    _, out, _ = command("models", "list", "--json")
    row = next(row for row in json.loads(out) if row["name"] == "broken")
    assert "format_version" in row["error"]
    code, _, err = command("models", "show", "broken")
    assert code == 2
    assert "format_version" in err


def test_models_pose_refuses_a_wheel_that_is_none(command, tmp_path, monkeypatch):
    monkeypatch.setenv("CO_PERCEPTION_CACHE", str(tmp_path))
    wheel = tmp_path / "mediapipe.whl"
    wheel.write_text("not a zip")
    code, _, err = command("models", "pose", "--wheel", wheel)
    assert code == 2
    assert "cannot read" in unwrapped(err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mediapipe.whl"]
