# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception models table`: computed and published figures, and that it fits a terminal."""

import json

import pytest

from co_perception.cli.main import main

pytest.importorskip("torch", reason="the table is computed with torch")


@pytest.fixture
def command(capfd, monkeypatch):
    """Run the command in this process; return its exit code, output and error output."""

    def run(*arguments, columns=100):
        from co_perception.cli import console

        monkeypatch.setattr(console.out, "_width", columns)
        with pytest.raises(SystemExit) as ended:
            main(["models", "table", *arguments])
        captured = capfd.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run


def test_json_has_computed_and_published_figures(command):
    code, out, _ = command("co_oadtr_b*", "--json")
    assert code == 0
    b1, b2 = json.loads(out)
    assert (b1["name"], b1["clip_name"], b1["clip_frames"]) == ("co_oadtr_b1", "oadtr_b1", 64)
    assert (b1["receptive_field"], b1["delay"], b1["time_stride"]) == (64, 63, 1)
    assert b1["parameters"] == pytest.approx(b1["published"]["parameters"] * 1e6, rel=0.01)
    assert b1["step_macs"] == pytest.approx(b1["published"]["step_gmacs"] * 1e9, rel=0.01)
    assert b1["published"]["step_accuracy"] == "56.2/64.5"
    assert b2["step_macs"] > 20 * b1["step_macs"]


def test_published_windows_have_lines_of_their_own(command):
    _, out, _ = command("slow_r50", "--json")  # the clip network's name finds the pair
    short, long = json.loads(out)
    assert (short["name"], short["options"], long["options"]) == ("coslow_r50", {}, {"window": 64})
    assert short["parameters"] == 32_454_096
    assert short["clip_macs"] == pytest.approx(54.87e9, rel=0.01)
    assert (long["receptive_field"], long["published"]["step_accuracy"]) == (82, "73.05")
    assert long["state_bytes"] > short["state_bytes"]


@pytest.mark.parametrize("columns", [100, 80])
def test_table_fits_the_terminal(command, columns):
    code, out, _ = command("*oadtr_b1", columns=columns)
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= columns
    assert "9.59M" in out and "56.2/64.5" in out
    assert out.count("co_oadtr_b1") == (1 if columns == 100 else 2)
    assert "Published, and not checked here" in out


def test_markdown_is_a_table(command):
    _, out, _ = command("co_oadtr_b1", "--markdown")
    head, rule, line = out.splitlines()
    assert head.startswith("| network | params | clip | step |")
    assert head.count("|") == rule.count("|") == line.count("|")


def test_a_pattern_without_a_match_lists_what_there_is(command):
    code, _, err = command("resnet*")
    assert code == 2
    assert "no network matches 'resnet*'" in " ".join(err.replace("│", " ").split())


def test_every_network_with_published_figures_is_registered():
    from co_perception.models import list_models
    from co_perception.models.formats import FORMATS
    from co_perception.models.published import PUBLISHED

    assert {name for name, _ in PUBLISHED} <= set(list_models())
    assert {name for known in FORMATS for name in known.models} <= set(list_models())
