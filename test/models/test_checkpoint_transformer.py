# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""CoOadTR's checkpoints, whose tensors are named by position: each loads and computes the same."""

import argparse

import pytest
import torch

from co_perception.errors import WeightsError
from co_perception.models import create_model

LINEAR = ("weight", "bias")
SMALL = {"num_classes": 5, "input_dim": 48, "window": 8, "width": 0.03}
SINGLE = {"norm1": "1.fn", "linear1": "2.1.0", "linear2": "2.1.3", "norm2": "3.fn"}
RETROACTIVE = {"norm1": "1.fn.0", "linear1": "1.fn.1.fn.0", "linear2": "1.fn.1.fn.3",
               "norm2": "1.fn.2"}  # fmt: skip


def make_model(name="co_oadtr_b1", seed=0, **options):
    torch.manual_seed(seed)
    model = create_model(name, **{**SMALL, **options}).eval()
    with torch.no_grad():  # norms begin as ones and zeros: a wrong one would not show
        for key, weight in model.named_parameters():
            if "norm" in key:
                weight.uniform_(0.5, 1.5)
    return model


def block_names(theirs, ours, places):
    yield f"{theirs}0.1.in_proj_weight", f"{ours}self_attn.in_proj_weight"
    yield f"{theirs}0.1.out_proj.weight", f"{ours}self_attn.out_proj.weight"
    for name, place in places.items():
        for tensor in LINEAR:
            yield f"{theirs}{place}.{tensor}", f"{ours}{name}.{tensor}"


def oadtr_names(depth):
    """Yield (theirs, ours) of every tensor but the encoding of position."""
    for theirs, ours in (("0", "embed"), ("4.fn", "norm"), ("5", "classifier")):
        for tensor in LINEAR:
            yield f"{theirs}.{tensor}", f"network.{ours}.{tensor}"
    first = "network.encoder.layers.0."
    if depth == 1:
        yield from block_names("3.", first, SINGLE)
    else:
        yield from block_names("3.0.", first, RETROACTIVE)
        yield from block_names("3.1.fn.", "network.encoder.layers.1.", SINGLE)


def oadtr_state(model, depth):
    state = model.state_dict()
    theirs = {name: state[ours].clone() for name, ours in oadtr_names(depth)}
    position = model.network.position.weight.detach().clone()
    learned = model.arguments["position"] == "learned"
    theirs["1.pe.weight" if learned else "1.pe.pattern"] = position
    return theirs


def assert_same(model, source):
    clip = torch.randn(2, 48, 20)
    with torch.inference_mode():
        assert torch.equal(model(clip), source(clip))


@pytest.mark.parametrize("position", ["learned", "fixed"])
@pytest.mark.parametrize(("name", "depth"), [("co_oadtr_b1", 1), ("co_oadtr_b2", 2)])
def test_co_oadtr_loads_beside_its_arguments(tmp_path, name, depth, position):
    path = tmp_path / "checkpoint.pth"
    source = make_model(name, seed=1, position=position)
    theirs = oadtr_state(source, depth)
    assert len(theirs) == {1: 17, 2: 27}[depth]
    beside = {"args": argparse.Namespace(lr=1e-4), "epoch": 3, "lr_scheduler": {"last_epoch": 3}}
    torch.save({"model": theirs, **beside}, path)
    model = make_model(name, position=position)
    report = model.load_checkpoint(path)
    assert_same(model, source)
    assert report.format == f"CoOadTR-b{depth}"
    assert report.beside == ("args", "epoch", "lr_scheduler")
    assert len(report.ignored) == (position == "fixed")


def test_another_depth_is_told(tmp_path):
    path = tmp_path / "checkpoint.pth"
    torch.save({"model": oadtr_state(make_model("co_oadtr_b2"), 2)}, path)
    with pytest.raises(
        WeightsError, match="CoOadTR-b2, which 'co_oadtr_b1' cannot .*: co_oadtr_b2, oadtr_b2"
    ):
        make_model("co_oadtr_b1").load_checkpoint(path)


def test_other_fixed_encodings_are_refused(tmp_path):
    path = tmp_path / "checkpoint.pth"
    theirs = oadtr_state(make_model(position="fixed"), 1)
    theirs["1.pe.pattern"] += 0.1
    torch.save(theirs, path)
    with pytest.raises(WeightsError, match=r"1\.pe\.pattern: expected the model's own, got oth"):
        make_model(position="fixed").load_checkpoint(path)
