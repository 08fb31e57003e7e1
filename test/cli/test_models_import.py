# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception models import`: a checkpoint becomes a whole model folder, or a clear error."""

import argparse
import json

import pytest
import yaml

from co_perception.cli.main import main

torch = pytest.importorskip("torch", reason="importing needs torch")
pytest.importorskip("onnxscript", reason="exporting needs onnxscript")

OPTIONS = ("--option", "width=0.03", "--option", "window=8")
CLASSES = ["run", "jump", "fall"]


@pytest.fixture
def command(capfd, monkeypatch):
    """Run the command in this process; return its exit code, output and error output."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return ended.value.code or 0, captured.out, " ".join(captured.err.split())

    return run


def make_checkpoint(path, classes=3):
    """Write what CoOadTR's training leaves, with one block, 32 channels and 48 features."""
    torch.manual_seed(0)
    width, features = 32, 48
    shapes = {
        "0.weight": (width, features),
        "0.bias": (width,),
        "1.pe.weight": (15, width),
        "3.0.1.in_proj_weight": (3 * width, width),
        "3.0.1.out_proj.weight": (width, width),
        **{f"3.{i}.fn.{name}": (width,) for i in (1, 3) for name in ("weight", "bias")},
        **{f"3.2.1.{i}.weight": (width, width) for i in (0, 3)},
        **{f"3.2.1.{i}.bias": (width,) for i in (0, 3)},
        **{f"4.fn.{name}": (width,) for name in ("weight", "bias")},
        "5.weight": (classes, width),
        "5.bias": (classes,),
    }
    tensors = {name: torch.randn(shape) for name, shape in shapes.items()}
    torch.save({"model": tensors, "epoch": 3, "args": argparse.Namespace(lr=1e-4)}, path)
    return path, tensors


@pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec.*:FutureWarning")  # inside torch.export
def test_a_checkpoint_becomes_a_model_folder_that_runs(command, tmp_path):
    import hashlib

    import numpy as np
    from safetensors.torch import load_file

    from co_perception.engine import ModelFolder, open_backend

    source, tensors = make_checkpoint(tmp_path / "checkpoint.pth")
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    target = tmp_path / "models" / "oadtr"
    code, out, err = command(
        "models", "import", source, "--name", "oadtr", "--output", target, "--labels", labels,
        "--origin", "a test", *OPTIONS,
    )  # fmt: skip
    assert code == 0, err
    assert out.strip() == str(target)
    assert "CoOadTR-b1, under 'model', 17 tensors" in err
    assert "not looked at: args, epoch" in err
    assert "licence: unknown" in err
    folder = ModelFolder.load(target)
    assert (folder.architecture, list(folder.labels)) == ("co_oadtr_b1", CLASSES)
    assert folder.input.step_shape == (48,)
    assert yaml.safe_load((target / "model.yaml").read_text())["input"] == {
        "kind": "features", "channels": 48,
    }  # fmt: skip
    card = (target / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert hashlib.sha256(source.read_bytes()).hexdigest() in card
    assert "Accuracy was not measured here" in card
    assert "* from: a test" in card
    frame = torch.randn(8, 48)
    backend = open_backend(folder, 1, backend="torch")
    for row in frame:
        logits, valid = backend.step(row[None].numpy(), np.ones(1, bool))
    assert valid.all()
    assert np.isfinite(logits).all() and logits.shape == (1, 3)
    weights = load_file(target / "weights.safetensors")
    assert torch.equal(weights["network.classifier.bias"], tensors["5.bias"])
    code, out, _ = command("models", "show", target, "--json")
    assert json.loads(out)["input"] == {"kind": "features", "channels": 48}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--option", "width"], "expected KEY=VALUE, got 'width'", id="option"),
        pytest.param(["--option", "colour=1"], r"unknown options ['colour']", id="unknown-option"),
        pytest.param(["--model", "cox3d_s"], "which 'cox3d_s' cannot take; models that can: co_o",
                     id="other-network"),
        pytest.param(["--model", "resnet"], "unknown model 'resnet'", id="unknown-model"),
        pytest.param(["--option", "input_dim=40"], "fits none of ['co_oadtr_b1']", id="misfit"),
        pytest.param(["--labels", "LABELS"], "expected 3 labels", id="labels"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_and_nothing_is_written(command, tmp_path, arguments, message):
    source, _ = make_checkpoint(tmp_path / "checkpoint.pth")
    labels = tmp_path / "labels.txt"
    labels.write_text("run\njump\n", encoding="utf-8")
    given = [str(labels) if argument == "LABELS" else argument for argument in arguments]
    options = () if "cox3d_s" in arguments else OPTIONS
    target = tmp_path / "out"
    code, _, err = command("models", "import", source, "--name", "x", "--output", target,
                           *options, *given)  # fmt: skip
    assert code == 2
    assert message in err.replace("│ ", "").replace(" │", "")
    assert not target.exists()


def test_weights_that_fit_several_networks_ask_which(tmp_path):
    from co_perception.engine.import_checkpoint import import_checkpoint
    from co_perception.errors import ConfigError
    from co_perception.models import create_model
    from co_perception.models.key_maps_skeleton import continual_skeletons_key

    state = create_model("co_st_gcn", num_classes=3, width=0.125).state_dict()
    theirs = {continual_skeletons_key(name): tensor for name, tensor in state.items()}
    torch.save(theirs, tmp_path / "ntu60.pt")
    with pytest.raises(
        ConfigError,
        match=r"ST-GCN, whose weights fit several models: co_st_gcn \(.*stride 4\); co_st_gcn_mod "
        r"\(.*stride 1\).*--model",
    ):
        import_checkpoint(
            tmp_path / "ntu60.pt",
            tmp_path / "out",
            name="x",
            license="unknown",
            options={"width": 0.125},
        )


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("labels.txt", "run\n\n jump \n", ["run", "jump"]),
        ("labels.json", '["run", "jump"]', ["run", "jump"]),
        ("labels.json", '{"\\"run\\"": 1, "jump": 0}', ["jump", "run"]),
        ("labels.json", '{"1": "run", "0": "jump"}', ["jump", "run"]),
    ],
)
def test_labels_are_read_in_the_order_of_the_classes(tmp_path, name, content, expected):
    from co_perception.engine.labels_file import read_labels

    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert read_labels(path) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.json", "{", "expected JSON"),
        ("labels.json", "[1, 2]", "expected a list of names"),
        ("labels.json", '{"run": 0, "jump": 2}', r"for each number 0\.\.1"),
        ("labels.json", "7", "expected a list of names"),
    ],
)
def test_labels_that_cannot_be_read_are_told(tmp_path, name, content, message):
    from co_perception.engine.labels_file import read_labels
    from co_perception.errors import ConfigError

    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"labels\.json: .*{message}"):
        read_labels(path)
    with pytest.raises(ConfigError, match="class names cannot be read"):
        read_labels(tmp_path / "nowhere.txt")
