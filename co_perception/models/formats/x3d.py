# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""X3D as SlowFast, co3d, OpenDR and pytorchvideo name it.

SlowFast      s2.pathway0_res0.branch2.a.weight            co3d flattened, OpenDR: the same
co3d          s2.pathway0_res0.0.1.branch2.a.weight        numbers of unnamed containers between
pytorchvideo  blocks.1.res_blocks.0.branch2.conv_a.weight  the stem's two names are swapped, and
                                                           the first shortcut has no batch norm
"""

from __future__ import annotations

import re
from collections.abc import Set

from co_perception.models.formats.base import Format, classes_of, each_of_theirs

__all__ = ["FORMATS"]

_MODELS = tuple(f"{kind}_{size}" for kind in ("cox3d", "x3d") for size in ("xs", "s", "m", "l"))
_STAGE = r"(?P<stage>\d)"
_BLOCK = r"(?P<block>\d+)"
_REST = r"(?P<rest>weight|bias|running_mean|running_var|num_batches_tracked)"

_SLOWFAST_BRANCH = re.compile(
    rf"s{_STAGE}\.pathway0_res{_BLOCK}\.(?:\d+\.)*"
    rf"(?:(?P<short>branch1|branch1_bn)|branch2\.(?P<main>[abc]|[abc]_bn|se\.(?:\d+\.)?fc[12]))"
    rf"\.{_REST}"
)
_SLOWFAST_STEM = re.compile(rf"s1\.pathway0_stem\.(?P<layer>conv_xy|conv|bn)\.{_REST}")
_SLOWFAST_HEAD = re.compile(
    rf"head\.(?:\d+\.)*(?P<layer>conv_5|conv_5_bn|lin_5|projection)\.{_REST}"
)
_SHORTCUT = {"branch1": "conv", "branch1_bn": "bn", "branch1_conv": "conv", "branch1_norm": "bn"}

_PTV_BRANCH = re.compile(
    rf"blocks\.{_STAGE}\.res_blocks\.{_BLOCK}\."
    rf"(?:(?P<short>branch1_conv|branch1_norm)|branch2\.(?P<main>[a-z_.\d]+))\.{_REST}"
)
_PTV_MAIN = {
    "conv_a": "a",
    "norm_a": "a_bn",
    "conv_b": "b",
    "norm_b": "b_bn",
    "norm_b.0": "b_bn",
    "norm_b.1.block.0": "se.fc1",
    "norm_b.1.block.2": "se.fc2",
    "conv_c": "c",
    "norm_c": "c_bn",
}
_PTV_ENDS = {
    "blocks.0.conv.conv_t": "s1.conv_xy",  # swapped there: this one works over space
    "blocks.0.conv.conv_xy": "s1.conv",
    "blocks.0.norm": "s1.bn",
    "blocks.5.pool.pre_conv": "head.conv_5",
    "blocks.5.pool.pre_norm": "head.conv_5_bn",
    "blocks.5.pool.post_conv": "head.lin_5",
    "blocks.5.proj": "head.projection",
}
_NO_NORM = "network.s2.res0.shortcut.bn."
_EPS = 1e-5
_IDENTITY = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0 - _EPS}


def rename_slowfast(name: str) -> str | None:
    """Return this package's name for one of SlowFast, co3d or OpenDR."""
    if found := _SLOWFAST_STEM.fullmatch(name):
        return f"network.s1.{found['layer']}.{found['rest']}"
    if found := _SLOWFAST_HEAD.fullmatch(name):
        return f"network.head.{found['layer']}.{found['rest']}"
    if found := _SLOWFAST_BRANCH.fullmatch(name):
        main = found["main"] and re.sub(r"^se\.\d+\.", "se.", found["main"])
        return _block_name(int(found["stage"]), found, main)
    return None


def rename_pytorchvideo(name: str) -> str | None:
    """Return this package's name for one of pytorchvideo."""
    layer, _, rest = name.rpartition(".")
    if layer in _PTV_ENDS:
        return f"network.{_PTV_ENDS[layer]}.{rest}"
    found = _PTV_BRANCH.fullmatch(name)
    if found is None or (found["main"] and found["main"] not in _PTV_MAIN):
        return None
    return _block_name(int(found["stage"]) + 1, found, _PTV_MAIN.get(found["main"] or ""))


def _block_name(stage: int, found: re.Match[str], main: str | None) -> str:
    inside = f"main.{main}" if main else f"shortcut.{_SHORTCUT[found['short']]}"
    return f"network.s{stage}.res{found['block']}.{inside}.{found['rest']}"


def _is_slowfast(names: Set[str]) -> bool:
    return "s1.pathway0_stem.conv_xy.weight" in names


def _is_nested(names: Set[str]) -> bool:
    return _is_slowfast(names) and any(re.search(r"_res\d+\.\d", name) for name in names)


def _is_pytorchvideo(names: Set[str]) -> bool:
    return "blocks.0.conv.conv_t.weight" in names


def _first_shortcut(name: str) -> tuple[float, str] | None:
    value = _IDENTITY.get(name.removeprefix(_NO_NORM)) if name.startswith(_NO_NORM) else None
    reason = "pytorchvideo has no batch norm there; this one changes nothing"
    return None if value is None else (value, reason)


FORMATS = (
    Format(
        name="co3d X3D, nested names",
        models=_MODELS,
        detect=_is_nested,
        rename=each_of_theirs(rename_slowfast),
        options=lambda tensors: classes_of(tensors, "head.projection.bias"),
    ),
    Format(
        name="SlowFast X3D",
        models=_MODELS,
        detect=_is_slowfast,
        rename=each_of_theirs(rename_slowfast),
        options=lambda tensors: classes_of(tensors, "head.projection.bias"),
    ),
    Format(
        name="pytorchvideo X3D",
        models=_MODELS,
        detect=_is_pytorchvideo,
        rename=each_of_theirs(rename_pytorchvideo),
        options=lambda tensors: classes_of(tensors, "blocks.5.proj.bias"),
        absent=_first_shortcut,
    ),
)
