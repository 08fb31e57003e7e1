# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of video networks with other software's names: each loads and computes the same.

The names are written out here by rule, independently of the package's own key maps; how many there
are, and samples of them, are those of the published files.
"""

import pytest
import torch

from co_perception.errors import WeightsError
from co_perception.models import create_model, inspect_checkpoint

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
FC = ("weight", "bias")
X3D_DEPTHS, RESNET_DEPTHS = (3, 5, 11, 7), (3, 4, 6, 3)
SMALL = {"num_classes": 7, "image_size": 32, "width": 0.25}


def make_model(name="cox3d_xs", seed=0, **options):
    torch.manual_seed(seed)
    model = create_model(name, **{**SMALL, **options}).eval()
    for key, buffer in model.named_buffers():
        if key.endswith("running_mean"):
            buffer.normal_(0.0, 0.1)
        elif key.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    return model


def x3d_layers(stage, block):
    """Yield (SlowFast's, pytorchvideo's, our name, tensors) of one block."""
    if block == 0:
        yield "branch1", "branch1_conv", "shortcut.conv", ("weight",)
        yield "branch1_bn", "branch1_norm", "shortcut.bn", NORM
    squeezes = block % 2 == 0
    for letter in "abc":
        norm = "norm_b.0" if letter == "b" and squeezes else f"norm_{letter}"
        yield f"branch2.{letter}", f"branch2.conv_{letter}", f"main.{letter}", ("weight",)
        yield f"branch2.{letter}_bn", f"branch2.{norm}", f"main.{letter}_bn", NORM
    if squeezes:
        yield "branch2.se.fc1", "branch2.norm_b.1.block.0", "main.se.fc1", FC
        yield "branch2.se.fc2", "branch2.norm_b.1.block.2", "main.se.fc2", FC


def x3d_names(depths=X3D_DEPTHS):
    """Yield (SlowFast's, pytorchvideo's, our name) of every tensor."""
    ends = [
        ("s1.pathway0_stem.conv_xy", "blocks.0.conv.conv_t", "s1.conv_xy", ("weight",)),
        ("s1.pathway0_stem.conv", "blocks.0.conv.conv_xy", "s1.conv", ("weight",)),
        ("s1.pathway0_stem.bn", "blocks.0.norm", "s1.bn", NORM),
        ("head.conv_5", "blocks.5.pool.pre_conv", "head.conv_5", ("weight",)),
        ("head.conv_5_bn", "blocks.5.pool.pre_norm", "head.conv_5_bn", NORM),
        ("head.lin_5", "blocks.5.pool.post_conv", "head.lin_5", ("weight",)),
        ("head.projection", "blocks.5.proj", "head.projection", FC),
    ]
    for stage, depth in enumerate(depths):
        for block in range(depth):
            for slow, video, ours, tensors in x3d_layers(stage, block):
                ends.append(
                    (
                        f"s{stage + 2}.pathway0_res{block}.{slow}",
                        f"blocks.{stage + 1}.res_blocks.{block}.{video}",
                        f"s{stage + 2}.res{block}.{ours}",
                        tensors,
                    )
                )
    for slow, video, ours, tensors in ends:
        for tensor in tensors:
            yield f"{slow}.{tensor}", f"{video}.{tensor}", f"network.{ours}.{tensor}"


def point_wise(name, tensor):
    """Give layers that are linear here the axes of the point-wise convolutions that they are."""
    is_convolution = any(part in name for part in ("lin_5.", "se.fc1.", "se.fc2."))
    if is_convolution and name.endswith("weight"):
        return tensor.reshape(*tensor.shape, 1, 1, 1)
    return tensor


def slowfast_state(model):
    state = model.state_dict()
    return {slow: point_wise(ours, state[ours]) for slow, _, ours in x3d_names()}


def pytorchvideo_state(model):
    state = model.state_dict()
    lacks = "blocks.1.res_blocks.0.branch1_norm."
    return {
        video: point_wise(ours, state[ours])
        for _, video, ours in x3d_names()
        if not video.startswith(lacks)
    }


def nested(name):
    """Put in the numbers of co3d's unnamed containers."""
    name = name.replace(".branch1", ".0.0.0.branch1").replace(".branch2", ".0.1.branch2")
    return name.replace(".se.", ".se.1.")


def neutralise_first_norm(model):
    """Make the batch norm that pytorchvideo does not have change nothing."""
    norm = model.get_submodule("network.s2.res0.shortcut.bn")
    with torch.no_grad():
        norm.weight.fill_(1.0)
        norm.bias.zero_()
        norm.running_mean.zero_()
        norm.running_var.fill_(1.0 - norm.eps)


def assert_same(model, source):
    clip = torch.randn(1, 3, 8, 32, 32)
    with torch.inference_mode():
        assert torch.equal(model(clip), source(clip))


def test_x3d_names_are_those_of_the_published_files():
    names = list(x3d_names())
    assert len(names) == 568
    assert len({ours for *_, ours in names}) == 568
    slow = {name for name, *_ in names}
    assert {
        "s1.pathway0_stem.conv_xy.weight",
        "s2.pathway0_res0.branch1_bn.running_var",
        "s4.pathway0_res10.branch2.se.fc2.bias",
        "head.projection.bias",
    } <= slow
    video = pytorchvideo_state(make_model())
    assert len(video) == 563
    assert "blocks.3.res_blocks.1.branch2.norm_b.running_mean" in video
    assert "blocks.3.res_blocks.2.branch2.norm_b.0.running_mean" in video
    assert "blocks.1.res_blocks.0.branch1_norm.weight" not in video


def test_slowfast_x3d_loads_beside_what_training_left(tmp_path):
    path, source = tmp_path / "x3d_xs.pyth", make_model(seed=1)
    content = {
        "epoch": 3,
        "model_state": slowfast_state(source),
        "optimizer_state": {"state": {0: {"momentum_buffer": torch.zeros(2)}}},
        "cfg": "NUM_GPUS: 8\n",
    }
    torch.save(content, path)
    model = make_model()
    report = model.load_checkpoint(path)
    assert_same(model, source)
    assert (report.format, report.wrapper) == ("SlowFast X3D", "model_state")
    assert report.beside == ("cfg", "epoch", "optimizer_state")
    assert report.tensors == 568 == len(report.renamed)
    assert report.renamed["head.lin_5.weight"] == "network.head.lin_5.weight"
    assert "network.head.lin_5.weight" in report.adapted
    assert report.faults == ()


def test_opendr_squeezes_one_layer(tmp_path):
    path, source = tmp_path / "x3d.pyth", make_model(seed=1)
    state = slowfast_state(source)
    state["head.lin_5.weight"] = state["head.lin_5.weight"].squeeze(-1).squeeze(-1)
    torch.save({"model_state": state}, path)
    model = make_model()
    assert model.load_checkpoint(path).format == "SlowFast X3D"
    assert_same(model, source)


def test_files_without_counts_of_batches_load(tmp_path):
    path, source = tmp_path / "x3d.pyth", make_model(seed=1)
    state = {k: v for k, v in slowfast_state(source).items() if not k.endswith("_tracked")}
    torch.save(state, path)
    model = make_model()
    report = model.load_checkpoint(path)
    assert_same(model, source)
    assert len(report.supplied) == 568 - len(state)
    assert set(report.supplied.values()) == {"a count of training batches, which nothing uses"}


def test_pytorchvideo_x3d_swaps_the_stem_and_lacks_a_norm(tmp_path):
    path, source = tmp_path / "X3D_XS.pyth", make_model(seed=1)
    neutralise_first_norm(source)
    torch.save({"model_state": pytorchvideo_state(source)}, path)
    model = make_model()
    report = model.load_checkpoint(path)
    assert_same(model, source)
    assert report.format == "pytorchvideo X3D"
    assert sorted(report.supplied) == [f"network.s2.res0.shortcut.bn.{n}" for n in sorted(NORM)]
    assert report.renamed["blocks.0.conv.conv_t.weight"] == "network.s1.conv_xy.weight"
    assert report.renamed["blocks.0.conv.conv_xy.weight"] == "network.s1.conv.weight"


def test_co3d_nests_names_and_lightning_puts_a_prefix_before(tmp_path):
    path, source = tmp_path / "cox3d.ckpt", make_model(seed=1)
    state = {f"module.{nested(k)}": v for k, v in slowfast_state(source).items()}
    assert "module.s2.pathway0_res0.0.0.0.branch1.weight" in state
    assert "module.s2.pathway0_res0.0.1.branch2.a.weight" in state
    torch.save({"state_dict": state, "pytorch-lightning_version": "1.4.9"}, path)
    model = make_model()
    report = model.load_checkpoint(path)
    assert_same(model, source)
    assert report.format == "co3d X3D, nested names"
    assert (report.wrapper, report.prefix) == ("state_dict", "module.")


def resnet_names(style, stages, head):
    """Yield (theirs, ours) of every tensor of Slow or I3D.

    Args:
        style: "pytorchvideo", "slowfast" or "co3d".
        stages: Their numbers of the stages.
        head: Their name of the classifier.
    """
    dots = {"pytorchvideo": "blocks.", "slowfast": "s", "co3d": ""}[style]
    block_name = "res_blocks." if style == "pytorchvideo" else "pathway0_res"
    stem = "s1.pathway0_stem" if style == "slowfast" else f"{dots}0"
    norm = "bn" if style == "slowfast" else "norm"
    layers = [
        (f"{stem}.conv", "s1.conv", ("weight",)),
        (f"{stem}.{norm}", "s1.bn", NORM),
        (head, "head.projection", FC),
    ]
    for i, (stage, depth) in enumerate(zip(stages, RESNET_DEPTHS)):
        for block in range(depth):
            theirs, ours = f"{dots}{stage}.{block_name}{block}.", f"s{i + 2}.res{block}."
            if block == 0:
                conv, bn = {
                    "pytorchvideo": ("branch1_conv", "branch1_norm"),
                    "slowfast": ("branch1", "branch1_bn"),
                    "co3d": ("0.0.0.branch1", "0.0.0.branch1_bn"),
                }[style]
                layers.append((theirs + conv, ours + "shortcut.conv", ("weight",)))
                layers.append((theirs + bn, ours + "shortcut.bn", NORM))
            inside = "0.1.branch2." if style == "co3d" else "branch2."
            for letter in "abc":
                conv, bn = f"conv_{letter}", f"norm_{letter}"
                if style == "slowfast":
                    conv, bn = letter, f"{letter}_bn"
                layers.append((theirs + inside + conv, ours + f"main.{letter}", ("weight",)))
                layers.append((theirs + inside + bn, ours + f"main.{letter}_bn", NORM))
    for theirs, ours, tensors in layers:
        for tensor in tensors:
            yield f"{theirs}.{tensor}", f"network.{ours}.{tensor}"


RESNETS = [
    pytest.param("coslow_r50", "pytorchvideo", "1234", "blocks.5.proj", id="pytorchvideo-slow"),
    pytest.param("coi3d_r50", "pytorchvideo", "1345", "blocks.6.proj", id="pytorchvideo-i3d"),
    pytest.param("slow_r50", "slowfast", "2345", "head.projection", id="slowfast-slow"),
    pytest.param("coi3d_r50", "co3d", "1234", "5.projection", id="co3d-i3d"),
]
FORMAT_NAMES = {
    "coslow_r50-pytorchvideo": "pytorchvideo Slow R50",
    "coi3d_r50-pytorchvideo": "pytorchvideo I3D R50",
    "slow_r50-slowfast": "SlowFast ResNet R50",
    "coi3d_r50-co3d": "co3d ResNet R50",
}


@pytest.mark.parametrize(("name", "style", "stages", "head"), RESNETS)
def test_resnets_load(tmp_path, name, style, stages, head):
    path, source = tmp_path / "r50.pyth", make_model(name, seed=1, width=0.125)
    state = source.state_dict()
    theirs = {key: state[ours] for key, ours in resnet_names(style, stages, head)}
    assert len(theirs) == 320 == len(state)
    torch.save({"model_state": theirs}, path)
    model = make_model(name, width=0.125)
    report = model.load_checkpoint(path)
    assert_same(model, source)
    assert report.format == FORMAT_NAMES[f"{name}-{style}"]
    assert report.supplied == report.adapted == {}


def test_another_head_is_told_with_the_files_number_of_classes(tmp_path):
    path = tmp_path / "x3d.pyth"
    torch.save({"model_state": slowfast_state(make_model(num_classes=9))}, path)
    with pytest.raises(
        WeightsError, match=r"2 faults.*the file is of num_classes=9, the model of num_classes=7"
    ):
        make_model().load_checkpoint(path)


def test_another_family_is_told_with_the_models_that_take_it(tmp_path):
    path = tmp_path / "x3d.pyth"
    torch.save({"model_state": slowfast_state(make_model())}, path)
    model = create_model("co_st_gcn_small", num_classes=3)
    with pytest.raises(
        WeightsError,
        match=r"checkpoint of SlowFast X3D, which 'co_st_gcn_small' cannot take; models that "
        r"can: cox3d_l, cox3d_m, .*x3d_xs",
    ):
        model.load_checkpoint(path)


def test_another_depth_lists_what_is_missing_and_the_report_lists_all(tmp_path):
    path = tmp_path / "x3d.pyth"
    torch.save({"model_state": slowfast_state(make_model())}, path)
    with torch.device("meta"):
        deeper = create_model("cox3d_l", num_classes=7, image_size=32, width=0.25)
    with pytest.raises(
        WeightsError,
        match=r"missing network\.s2\.res3\.main\.a\.weight.*and \d+ more like that",
    ):
        deeper.load_checkpoint(path)
    report = inspect_checkpoint(deeper, path)
    assert len(report.missing) == len(deeper.state_dict()) - 568
    assert report.extra == ()
    assert f"missing {report.missing[-1]}" in str(report)


def test_names_that_mean_nothing_are_extra(tmp_path):
    path = tmp_path / "x3d.pyth"
    state = slowfast_state(make_model())
    state["s4_fuse.conv_f2s.weight"] = torch.zeros(1)
    state["s2.pathway0_res0.0.branch2.a.weight"] = state["s2.pathway0_res0.branch2.a.weight"]
    torch.save({"model_state": state}, path)
    with pytest.raises(WeightsError, match=r"2 faults.*extra s2.*extra s4_fuse\.conv_f2s\.weight"):
        make_model().load_checkpoint(path)
