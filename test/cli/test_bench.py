# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception bench` on the model that ships: a real contest, short."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from co_perception.bench import lineup
from co_perception.bench.lineup import line_up, line_up_peers
from co_perception.cli.main import main
from co_perception.errors import ConfigError

STARTER = Path(__file__).parents[2] / "models" / "starter"
ECHO = Path(__file__).parents[1] / "bench" / "echo_worker.py"
SHORT = ("--rounds", "2", "--seconds", "0.05")


def run(*arguments):
    with pytest.raises(SystemExit) as exit_:
        main(["bench", *map(str, arguments)])
    return exit_.value.code


def test_backends_of_the_starter_are_compared_and_timed(tmp_path, capsys):
    output, plot = tmp_path / "out" / "bench.json", tmp_path / "bench.png"
    backends = ("-b", "onnxruntime", "-b", "torch", "-n", 1, "-n", 2)
    assert run(STARTER, *backends, *SHORT, "--output", output, "--plot", plot) == 0
    printed = capsys.readouterr().out
    assert "starter onnxruntime x1" in printed
    assert "quiet" in printed
    content = json.loads(output.read_text())
    names = [result["contestant"]["name"] for result in content["results"]]
    assert names == [f"starter {b} x{n}" for n in (1, 2) for b in ("onnxruntime", "torch")]
    ort, torch = content["results"][:2]
    assert torch["difference"] <= 1e-4
    assert ort["ratio"] is None and torch["ratio"]["median"] < 1.0
    assert ort["about"]["torch"] is False  # the engine of a robot needs no torch
    assert ort["latency"]["min"] <= ort["latency"]["median"] <= ort["latency"]["p99"]
    assert ort["frames_per_second"] > 0 and ort["start_seconds"] > 0
    assert content["costs"][0]["macs"] > 5e5
    assert content["machine"]["cores"] >= 1
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_networks_of_others_are_timed_beside_ours(tmp_path):
    output = tmp_path / "bench.json"
    peer = "mine=" + shlex.join([sys.executable, str(ECHO), "--another-sum"])
    arguments = ("-b", "onnxruntime", "-n", 2, "--peer", peer, "--device", "cpu")
    assert run(STARTER, *arguments, *SHORT, "--output", output) == 0
    ours, mine = json.loads(output.read_text())["results"]
    assert mine["contestant"]["name"] == "mine x2"
    assert mine["contestant"]["group"] == ours["contestant"]["group"]
    assert mine["about"]["shape"] == [2, 3]
    assert mine["ratio"]["median"] > 0


def test_worker_of_the_docs_takes_part(tmp_path):
    page = (STARTER.parents[1] / "docs" / "benchmarks.md").read_text()
    worker, output = tmp_path / "my_worker.py", tmp_path / "bench.json"
    worker.write_text(page.partition("```python\n")[2].partition("```")[0])
    peer = "mine=" + shlex.join([sys.executable, str(worker)])
    assert run(STARTER, "-b", "onnxruntime", "--peer", peer, *SHORT, "--output", output) == 0
    mine = json.loads(output.read_text())["results"][1]
    assert mine["about"]["shape"] == [1, 3, 160, 160]


def test_peer_is_a_name_and_a_command(capsys):
    assert run(STARTER, "--peer", "python my_worker.py", *SHORT) == 2
    assert "expected a peer as NAME=COMMAND" in capsys.readouterr().err


def test_precisions_share_a_group_and_the_tolerance_of_the_loosest():
    options = {"backends": ["openvino"], "batches": [1], "precisions": ["bf16", "fp32"]}
    bf16, fp32 = line_up([("starter", STARTER)], **options)
    assert (bf16.name, fp32.name) == ("starter openvino bf16 x1", "starter openvino x1")
    assert bf16.spec["precision"] == "bf16"
    assert bf16.tolerance == fp32.tolerance == 2e-2
    (peer,) = line_up_peers(["mine=./worker -v"], [("starter", STARTER)], batches=[1])
    assert peer.group == bf16.group
    assert peer.command == ("./worker", "-v")


def test_precision_that_a_backend_lacks_is_told(capsys):
    assert run(STARTER, "-b", "onnxruntime", "--precision", "int3", *SHORT) == 1
    assert "int3" in capsys.readouterr().out


def test_auto_takes_a_backend_that_has_the_precision():
    options = {"backends": ["auto", "torch"], "batches": [1], "precisions": ["fp32", "bf16"]}
    lined = line_up([("starter", STARTER)], **options)
    chosen = {(c.spec["backend"], c.spec["precision"]) for c in lined}
    assert ("torch", "bf16") in chosen and ("onnxruntime", "bf16") not in chosen
    assert len(chosen) == len(lined)


def test_auto_is_chosen_for_the_device_precision_and_threads(monkeypatch):
    asked = []

    def choose(folder, backend="auto", **options):
        asked.append((backend, options))
        return ("torch" if backend == "auto" else backend), ""

    monkeypatch.setattr(lineup, "choose_backend", choose)
    (contestant,) = line_up(
        [("starter", STARTER)],
        backends=["auto", "torch"],
        batches=[1],
        precisions=["bf16"],
        device="cuda",
        threads=2,
    )
    assert contestant.name == "starter torch bf16 cuda x1"
    options = {"device": "cuda", "precision": "bf16", "threads": 2}
    assert asked == [("auto", options), ("torch", {})]


def test_unknown_models_list_what_there_is(capsys):
    assert run("cox3d_huge", *SHORT) == 2
    said = capsys.readouterr().err
    assert "cox3d_huge" in said
    assert "cox3d_s" in said


def test_contestants_of_one_model_share_a_group():
    lined = line_up([("starter", STARTER)], backends=["auto", "onnxruntime"], batches=[1, 4])
    assert [c.name for c in lined] == ["starter onnxruntime x1", "starter onnxruntime x4"]
    assert {c.group for c in lined} == {"starter x1", "starter x4"}
    with pytest.raises(ConfigError, match=r"batch sizes of 1 and more, got \[0\]"):
        line_up([("starter", STARTER)], backends=["auto"], batches=[0])
