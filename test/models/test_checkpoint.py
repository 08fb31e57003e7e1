# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Weights in files: loaded strictly, and never as code."""

import os

import pytest
import torch

from co_perception.errors import WeightsError
from co_perception.models import create_model, save_weights
from co_perception.models.checkpoint import find_architecture, find_options
from co_perception.models.weight_files import read_weight_file

pytest.importorskip("safetensors", reason="the weights' own format needs safetensors")


def make_model(seed=0, num_classes=3):
    torch.manual_seed(seed)
    return create_model(
        "co_st_gcn_small", num_classes=num_classes, widths=(8, 8), dilations=(1, 1)
    ).eval()


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(make_model(seed=1), path, {"license": "Apache-2.0"})
    return path


def test_weights_come_back_as_they_went(weights):
    model, source = make_model(), make_model(seed=1)
    report = model.load_checkpoint(weights)
    assert report.format == "co_perception"
    assert report.tensors == len(model.state_dict())
    clip = torch.randn(2, 5, 9, 13)
    assert torch.equal(model(clip), source(clip))


def test_own_weights_say_what_makes_the_model_again(weights, tmp_path):
    file = read_weight_file(weights)
    again = create_model(find_architecture(file), **find_options(file))
    assert again.arguments == make_model().arguments
    again.load_checkpoint(weights)
    other = tmp_path / "other.safetensors"
    save_weights(make_model(), other, {"arguments": "{not JSON"})
    assert find_options(read_weight_file(other)) == {}


def test_another_head_of_own_weights_is_told(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(make_model(num_classes=4).state_dict(), path)
    with pytest.raises(WeightsError, match="the file is of num_classes=4, the model of num_class"):
        make_model().load_checkpoint(path)


def test_unknown_names_list_the_known_formats(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({"backbone.conv.weight": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match=r"backbone\.conv\.weight, .* is known\. Known form"):
        make_model().load_checkpoint(path)


def test_torch_files_of_tensors_load_too(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(make_model(seed=1).state_dict(), path)
    model = make_model()
    model.load_checkpoint(path)
    assert torch.equal(
        model.network.classifier.weight, make_model(seed=1).network.classifier.weight
    )


def test_faults_are_all_listed_and_the_model_stays(tmp_path):
    tensors = make_model(seed=1, num_classes=4).state_dict()
    tensors["network.extra.weight"] = tensors.pop("network.block1.main.temporal.weight")
    path = tmp_path / "weights.pth"
    torch.save(tensors, path)
    model = make_model()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(WeightsError) as error:
        model.load_checkpoint(path)
    for part in (
        "4 faults",
        "missing network.block1.main.temporal.weight",
        "extra network.extra.weight",
        "network.classifier.weight: expected (3, 16), got (4, 16)",
        "network.classifier.bias: expected (3,), got (4,)",
    ):
        assert part in str(error.value)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


class Hostile:
    """Would run a command when unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def test_pickled_code_is_refused_and_does_not_run(tmp_path):
    path, marker = tmp_path / "weights.pth", tmp_path / "ran"
    torch.save({"network.classifier.weight": Hostile(marker)}, path)
    with pytest.raises(WeightsError, match="other Python objects, which are never run"):
        make_model().load_checkpoint(path)
    assert not marker.exists()


def test_damaged_and_foreign_files_are_named(weights, tmp_path):
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match=r"weights\.safetensors: .* damaged or cut off"):
        make_model().load_checkpoint(weights)
    text = tmp_path / "notes.txt"
    text.write_text("not weights at all")
    with pytest.raises(WeightsError, match=r"notes\.txt: expected a safetensors file"):
        make_model().load_checkpoint(text)
    with pytest.raises(WeightsError, match=r"nowhere\.pth: expected a file of weights, found non"):
        make_model().load_checkpoint(tmp_path / "nowhere.pth")
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="expected a dict of tensors by name, .*got list"):
        make_model().load_checkpoint(tmp_path / "list.pth")
    torch.save({"epoch": 3}, tmp_path / "epoch.pth")
    with pytest.raises(WeightsError, match=r"got a dict of \['int'\]"):
        make_model().load_checkpoint(tmp_path / "epoch.pth")


def test_truncated_torch_file_is_named(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(make_model().state_dict(), path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(WeightsError, match=r"weights\.pth: .*damaged"):
        make_model().load_checkpoint(path)
