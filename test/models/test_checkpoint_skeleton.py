# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of skeleton networks with other software's names: each loads and computes the same.

The names are written out here by rule, independently of the package's own key maps.
"""

import pytest
import torch

from co_perception.errors import WeightsError
from co_perception.models import create_model, inspect_checkpoint

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
CONV = ("weight", "bias")
BLOCKS = range(1, 11)
WIDER, STRIDED = (1, 5, 8), (5, 8)  # blocks where channels change; where frames do
EIGHTH = {"num_classes": 7, "width": 0.125, "persons": 2}
CLIP_FRAMES = 300


def make_model(name="co_st_gcn", seed=0, **options):
    torch.manual_seed(seed)
    if "s_tr" in name:  # its heads need channels: at an eighth all blocks would be equally wide
        options["width"] = 0.5
    model = create_model(name, **{**EIGHTH, **options}).eval()
    for key, buffer in model.named_buffers():
        if key.endswith("running_mean"):
            buffer.normal_(0.0, 0.1)
        elif key.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    with torch.no_grad():  # the norms behind graph convolutions begin near zero: make them matter
        for key, weight in model.named_parameters():
            if weight.dim() == 1 and key.endswith("norm.weight"):
                weight.uniform_(0.5, 1.5)
    return model


def gcn_layers(kind, block):
    """Yield (continual-skeletons', 2s-AGCN's, our name, tensors) inside a block's first half."""
    if kind == "s_tr" and block >= 4:
        deep = "spatial.main" if block not in WIDER else "spatial"
        yield "data_bn", None, f"{deep}.input_norm.norm", NORM
        yield "attention_conv.qkv_conv", None, f"{deep}.attention.qkv", CONV
        yield "attention_conv.attn_out", None, f"{deep}.attention.output", CONV
        yield "bn", None, "spatial_norm", NORM
        return
    for i in range(3):
        yield f"g_conv.{i}", f"conv_d.{i}", f"spatial.main.graph.maps.{i}", CONV
        if kind == "agcn":
            yield f"a_conv.{i}", f"conv_a.{i}", f"spatial.main.graph.queries.{i}", CONV
            yield f"b_conv.{i}", f"conv_b.{i}", f"spatial.main.graph.keys.{i}", CONV
    yield "graph_attn", "PA", "spatial.main.graph.importance", ("",)
    yield "bn", "bn", "spatial.main.norm", NORM
    if block in WIDER:
        yield "gcn_residual.0", "down.0", "spatial.shortcut.map", CONV
        yield "gcn_residual.1", "down.1", "spatial.shortcut.norm", NORM


def skeleton_names(kind):
    """Yield (continual-skeletons', nested, 2s-AGCN's, our name) of every tensor."""
    layers = [("data_bn", "data_bn", "data_bn", "input_norm.norm", NORM)]
    layers.append(("fc", "fc", "fc", "classifier", CONV))
    for n in BLOCKS:
        plain, deep = f"layers.layer{n}.", f"layers.layer{n}." + ("0.1." if n > 1 else "")
        ours = f"block{n}." + ("main." if n > 1 else "")
        for theirs, agcn, name, tensors in gcn_layers(kind, n):
            theirs = f"gcn.{theirs}"
            layers.append(
                (plain + theirs, deep + theirs, f"l{n}.gcn1.{agcn}", ours + name, tensors)
            )
        for theirs, agcn, name, tensors in (
            ("tcn.t_conv", "tcn1.conv", "temporal", CONV),
            ("tcn.bn", "tcn1.bn", "temporal_norm", NORM),
        ):
            layers.append((plain + theirs, deep + theirs, f"l{n}.{agcn}", ours + name, tensors))
        if n in STRIDED:
            for theirs, agcn, name, tensors in (
                ("residual.t_conv", "residual.conv", "shortcut.map", CONV),
                ("residual.bn", "residual.bn", "shortcut.norm", NORM),
            ):
                nested = f"layers.layer{n}.0.0.{theirs}"
                layers.append(
                    (plain + theirs, nested, f"l{n}.{agcn}", f"block{n}.{name}", tensors)
                )
    for *theirs, ours, tensors in layers:
        for tensor in tensors:
            end = f".{tensor}" if tensor else ""
            yield (*(name + end for name in theirs), f"network.{ours}{end}")


def adjacency():
    """Build the published partitions of NTU's 25 joints from its bones."""
    inward = [
        (1, 2), (2, 21), (3, 21), (4, 3), (5, 21), (6, 5), (7, 6), (8, 7), (9, 21), (10, 9),
        (11, 10), (12, 11), (13, 1), (14, 13), (15, 14), (16, 15), (17, 1), (18, 17), (19, 18),
        (20, 19), (22, 23), (23, 8), (24, 25), (25, 12),
    ]  # fmt: skip
    parts = torch.zeros(3, 25, 25)
    parts[0] = torch.eye(25)
    for i, j in inward:
        parts[1, j - 1, i - 1] = parts[2, i - 1, j - 1] = 1.0
    sums = parts.sum(1, keepdim=True)
    return parts / torch.where(sums > 0, sums, torch.ones_like(sums))


def continual_skeletons_state(model, kind, nested=False):
    state = model.state_dict()
    theirs = {}
    for plain, deep, _, ours in skeleton_names(kind):
        theirs[deep if nested else plain] = state[ours].clone()
    for n in BLOCKS:
        inner = "0.1." if nested and n > 1 else ""
        theirs[f"layers.layer{n}.{inner}gcn.A"] = adjacency()
    return theirs


def agcn_state(model):
    state = model.state_dict()
    return {agcn: state[ours].clone() for *_, agcn, ours in skeleton_names("agcn")}


def assert_same(model, source):
    clip = torch.randn(1, *model.spec.step_shape[:1], CLIP_FRAMES, *model.spec.step_shape[1:])
    with torch.inference_mode():
        assert torch.equal(model(clip), source(clip))


@pytest.mark.parametrize("nested", [False, True], ids=["clip-names", "nested-names"])
@pytest.mark.parametrize(
    ("name", "kind", "title"),
    [("co_st_gcn", "st_gcn", "ST-GCN"), ("co_agcn", "agcn", "AGCN"), ("co_s_tr", "s_tr", "S-TR")],
)
def test_continual_skeletons_load_in_both_forms_of_names(tmp_path, name, kind, title, nested):
    path, source = tmp_path / "ntu60.ckpt", make_model(name, seed=1)
    theirs = continual_skeletons_state(source, kind, nested)
    assert len(theirs) == len(source.state_dict()) + len(BLOCKS)
    torch.save({"state_dict": theirs, "epoch": 30}, path)
    model = make_model(name)
    report = model.load_checkpoint(path)
    assert_same(model, source)
    assert report.format == f"continual-skeletons {title}" + (", nested names" if nested else "")
    assert len(report.ignored) == len(BLOCKS)
    assert report.adapted == report.supplied == {}


def test_samples_of_the_names_are_the_published_ones():
    names = [set(column) for column in zip(*skeleton_names("st_gcn"))]
    assert {"layers.layer2.gcn.g_conv.0.weight", "layers.layer8.residual.t_conv.bias"} <= names[0]
    assert {
        "layers.layer1.gcn.graph_attn",
        "layers.layer2.0.1.gcn.g_conv.0.weight",
        "layers.layer8.0.0.residual.t_conv.weight",
    } <= names[1]


def test_starred_and_clip_networks_take_the_same_files(tmp_path):
    path, source = tmp_path / "ntu60.pt", make_model("st_gcn", seed=1)
    torch.save(continual_skeletons_state(source, "st_gcn"), path)
    for name in ("st_gcn", "st_gcn_mod", "co_st_gcn_mod"):
        report = inspect_checkpoint(make_model(name), path)
        assert report.faults == ()


def test_2s_agcn_loads_and_says_where_the_adjacency_is_from(tmp_path):
    path, source = tmp_path / "ntu_cv_agcn_joint.pt", make_model("agcn", seed=1)
    torch.save(agcn_state(source), path)
    model = make_model("agcn")
    report = model.load_checkpoint(path)
    assert_same(model, source)
    assert report.format == "2s-AGCN"
    assert report.renamed["l1.gcn1.PA"] == "network.block1.spatial.main.graph.importance"
    assert "no adjacency" in report.note
    assert "no adjacency" in str(report)


def test_another_order_of_joints_is_refused(tmp_path):
    path = tmp_path / "ntu60.pt"
    theirs = continual_skeletons_state(make_model(), "st_gcn")
    theirs["layers.layer3.gcn.A"] = theirs["layers.layer3.gcn.A"].flip(1, 2)
    torch.save(theirs, path)
    with pytest.raises(WeightsError, match=r"layer3\.gcn\.A: .* joints have another order"):
        make_model().load_checkpoint(path)


def test_one_person_takes_the_first_ones_statistics_and_says_so(tmp_path):
    path, source = tmp_path / "ntu60.pt", make_model(seed=1)
    torch.save(continual_skeletons_state(source, "st_gcn"), path)
    model = make_model(persons=1)
    report = model.load_checkpoint(path)
    mean = source.state_dict()["network.input_norm.norm.running_mean"]
    assert torch.equal(model.state_dict()["network.input_norm.norm.running_mean"], mean[:75])
    assert "first of two persons" in report.adapted["network.input_norm.norm.running_mean"]


def test_another_kind_and_another_head_are_told(tmp_path):
    path = tmp_path / "ntu120.pt"
    torch.save(continual_skeletons_state(make_model(num_classes=9), "st_gcn"), path)
    with pytest.raises(
        WeightsError,
        match=r"continual-skeletons ST-GCN, which 'co_agcn' cannot.*: co_st_gcn, co_s",
    ):
        make_model("co_agcn").load_checkpoint(path)
    with pytest.raises(WeightsError, match=r"is of num_classes=9, the model of num_classes=7"):
        make_model().load_checkpoint(path)
