# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Slow and I3D on a ResNet-50 as pytorchvideo, SlowFast and co3d name them.

pytorchvideo  blocks.1.res_blocks.0.branch2.conv_a.weight  Slow: stages 1 to 4, head 5
                                                           I3D: a pool is number 2, head 6
SlowFast      s2.pathway0_res0.branch2.a.weight
co3d          1.pathway0_res0.0.1.branch2.conv_a.weight    stages 1 to 4, head 5, and numbers of
                                                           unnamed containers in between
"""

from __future__ import annotations

import re
from collections.abc import Set

from co_perception.models.formats.base import Format, Rename, classes_of, each_of_theirs

__all__ = ["FORMATS"]

_SLOW, _I3D = ("coslow_r50", "slow_r50"), ("coi3d_r50", "i3d_r50")
_REST = r"(?P<rest>weight|bias|running_mean|running_var|num_batches_tracked)"
_LAYER = r"(?P<layer>branch1(?:_conv|_norm|_bn)?|branch2\.(?:[abc](?:_bn)?|(?:conv|norm)_[abc]))"
_BRANCH = re.compile(
    rf"(?:blocks\.|s)?(?P<stage>\d)\.(?:res_blocks\.|pathway0_res)(?P<block>\d+)\.(?:\d+\.)*"
    rf"{_LAYER}\.{_REST}"
)
_LAYERS = {
    "branch1": "shortcut.conv",
    "branch1_conv": "shortcut.conv",
    "branch1_bn": "shortcut.bn",
    "branch1_norm": "shortcut.bn",
    **{f"branch2.conv_{x}": f"main.{x}" for x in "abc"},
    **{f"branch2.norm_{x}": f"main.{x}_bn" for x in "abc"},
    **{f"branch2.{x}": f"main.{x}" for x in "abc"},
    **{f"branch2.{x}_bn": f"main.{x}_bn" for x in "abc"},
}


def _renamer(stages: str, ends: dict[str, str]) -> Rename:
    """Return the renaming of one kind of file.

    Args:
        stages: Their numbers of the stages that are s2 to s5 here.
        ends: What they call the layers before and after the stages.
    """

    def rename(name: str) -> str | None:
        layer, _, rest = name.rpartition(".")
        if layer in ends:
            return f"network.{ends[layer]}.{rest}"
        found = _BRANCH.fullmatch(name)
        if found is None or found["stage"] not in stages:
            return None
        stage = stages.index(found["stage"]) + 2
        return f"network.s{stage}.res{found['block']}.{_LAYERS[found['layer']]}.{found['rest']}"

    return each_of_theirs(rename)


_STEM = {"blocks.0.conv": "s1.conv", "blocks.0.norm": "s1.bn"}


def _is_pytorchvideo(names: Set[str], head: str) -> bool:
    return "blocks.0.conv.weight" in names and head in names


FORMATS = (
    Format(
        name="pytorchvideo Slow R50",
        models=_SLOW,
        detect=lambda names: _is_pytorchvideo(names, "blocks.5.proj.weight"),
        rename=_renamer("1234", {**_STEM, "blocks.5.proj": "head.projection"}),
        options=lambda tensors: classes_of(tensors, "blocks.5.proj.bias"),
    ),
    Format(
        name="pytorchvideo I3D R50",
        models=_I3D,
        detect=lambda names: _is_pytorchvideo(names, "blocks.6.proj.weight"),
        rename=_renamer("1345", {**_STEM, "blocks.6.proj": "head.projection"}),
        options=lambda tensors: classes_of(tensors, "blocks.6.proj.bias"),
    ),
    Format(
        name="SlowFast ResNet R50",
        models=_SLOW + _I3D,
        detect=lambda names: "s1.pathway0_stem.conv.weight" in names,
        rename=_renamer(
            "2345",
            {
                "s1.pathway0_stem.conv": "s1.conv",
                "s1.pathway0_stem.bn": "s1.bn",
                "head.projection": "head.projection",
            },
        ),
        options=lambda tensors: classes_of(tensors, "head.projection.bias"),
    ),
    Format(
        name="co3d ResNet R50",
        models=_SLOW + _I3D,
        detect=lambda names: {"0.conv.weight", "0.norm.weight", "5.projection.bias"} <= names,
        rename=_renamer(
            "1234",
            {"0.conv": "s1.conv", "0.norm": "s1.bn", "5.projection": "head.projection"},
        ),
        options=lambda tensors: classes_of(tensors, "5.projection.bias"),
    ),
)
