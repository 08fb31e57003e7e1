# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""ST-GCN, AGCN and S-TR as continual-skeletons names them, and AGCN as the 2s-AGCN code does.

continual-skeletons  layers.layer2.gcn.g_conv.0.weight      clip networks
                     layers.layer2.0.1.gcn.g_conv.0.weight  continual ones: containers in between
2s-AGCN              l2.gcn1.conv_d.0.weight

The adjacency is in the files of the first and not in those of the second. Here it follows from the
joint layout, and must be the same where the file has it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Set
from typing import Any

from torch import Tensor

from co_perception.models.formats.base import Format, Tensors, classes_of, each_of_ours
from co_perception.models.key_maps_skeleton import (
    continual_skeletons_key,
    is_published_adjacency,
    two_stream_agcn_key,
)

__all__ = ["FORMATS"]

_KINDS = {"ST-GCN": "st_gcn", "AGCN": "agcn", "S-TR": "s_tr"}
_LAYOUTS = {25: "ntu25", 18: "openpose18"}
"""What the published networks were trained on, by the number of joints."""
_ADJACENCY = "network.block1.spatial.main.graph.adjacency"
_INPUT_NORM = "network.input_norm.norm."
_CONTAINERS = re.compile(r"^(layers\.layer\d+\.)0\.(?:1\.|0\.(?=residual))")


def _models(kind: str) -> tuple[str, ...]:
    return (f"co_{kind}", f"co_{kind}_mod", kind, f"{kind}_mod")


def _without_containers(name: str) -> str:
    return _CONTAINERS.sub(r"\1", name)


def _kind_of(names: Set[str]) -> str | None:
    """Return which network of continual-skeletons a file is of; None: it is of no such network."""
    if "layers.layer1.gcn.graph_attn" not in names:
        return None
    if any(".a_conv." in name for name in names):
        return "agcn"
    return "s_tr" if any(".attention_conv." in name for name in names) else "st_gcn"


def _is_continual_skeletons(kind: str, nested: bool, names: Set[str]) -> bool:
    return _kind_of(names) == kind and nested == any(map(_CONTAINERS.match, names))


def _options(layer: str, importance: str, tensors: Tensors) -> dict[str, Any]:
    """Read classes, channels, joints and persons off a file.

    Args:
        layer: Name of the first convolution over channels.
        importance: Name of the first learned matrix of joints.
        tensors: Of the file.
    """
    options = classes_of(tensors, "fc.bias")
    if layer not in tensors or importance not in tensors or "data_bn.bias" not in tensors:
        return options
    channels, joints = tensors[layer].shape[1], tensors[importance].shape[-1]
    options["in_channels"] = channels
    options["persons"] = max(1, len(tensors["data_bn.bias"]) // (channels * joints))
    if joints in _LAYOUTS:
        options["layout"] = _LAYOUTS[joints]
    return options


def _keep_first_person(found: dict[str, Tensor], expected: Tensors) -> dict[str, str]:
    """Take the first half of the input's statistics where the model has one person of two."""
    changed = {}
    for name in [key for key in found if key.startswith(_INPUT_NORM) and key in expected]:
        if found[name].dim() == 1 and len(found[name]) == 2 * len(expected[name]):
            found[name] = found[name].chunk(2)[0]
            changed[name] = (
                "statistics of the first of two persons; the scores of one person are not the "
                "published means over two"
            )
    return changed


def _continual_skeletons(kind: str, name: str, nested: bool) -> Format:
    first = "layers.layer1.gcn"
    return Format(
        name=f"continual-skeletons {name}{', nested names' if nested else ''}",
        models=_models(kind),
        detect=functools.partial(_is_continual_skeletons, kind, nested),
        rename=each_of_ours(continual_skeletons_key, _without_containers),
        options=functools.partial(_options, f"{first}.g_conv.0.weight", f"{first}.graph_attn"),
        constants=lambda key: _ADJACENCY if is_published_adjacency(key) else None,
        other_constant="its joints have another order or other bones",
        adapt=_keep_first_person,
    )


FORMATS = (
    *(
        _continual_skeletons(kind, name, nested)
        for name, kind in _KINDS.items()
        for nested in (False, True)
    ),
    Format(
        name="2s-AGCN",
        models=_models("agcn"),
        detect=lambda names: "l1.gcn1.PA" in names,
        rename=each_of_ours(two_stream_agcn_key),
        options=functools.partial(_options, "l1.gcn1.conv_d.0.weight", "l1.gcn1.PA"),
        adapt=_keep_first_person,
        note="such files have no adjacency: the one of the model's joint layout is used",
    ),
)
