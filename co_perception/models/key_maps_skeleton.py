# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What the weights of the skeleton networks are called in public checkpoints.

The tensors have the same shapes there, so a name is all that changes. The adjacency, which
continual-skeletons stores (`is_published_adjacency` tells its keys), follows from the joint layout
here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from co_perception.errors import WeightsError

__all__ = [
    "continual_skeletons_key",
    "is_published_adjacency",
    "two_stream_agcn_key",
]

# Ours without "network." and "main."; {n} is the block and {i} the part of the adjacency.
_CONTINUAL_SKELETONS = {
    "input_norm.norm": "data_bn",
    "classifier": "fc",
    "block{n}.spatial.graph.importance": "layers.layer{n}.gcn.graph_attn",
    "block{n}.spatial.graph.maps.{i}": "layers.layer{n}.gcn.g_conv.{i}",
    "block{n}.spatial.graph.queries.{i}": "layers.layer{n}.gcn.a_conv.{i}",
    "block{n}.spatial.graph.keys.{i}": "layers.layer{n}.gcn.b_conv.{i}",
    "block{n}.spatial.norm": "layers.layer{n}.gcn.bn",
    "block{n}.spatial.shortcut.map": "layers.layer{n}.gcn.gcn_residual.0",
    "block{n}.spatial.shortcut.norm": "layers.layer{n}.gcn.gcn_residual.1",
    "block{n}.spatial.input_norm.norm": "layers.layer{n}.gcn.data_bn",
    "block{n}.spatial.attention.qkv": "layers.layer{n}.gcn.attention_conv.qkv_conv",
    "block{n}.spatial.attention.output": "layers.layer{n}.gcn.attention_conv.attn_out",
    "block{n}.spatial_norm": "layers.layer{n}.gcn.bn",
    "block{n}.temporal": "layers.layer{n}.tcn.t_conv",
    "block{n}.temporal_norm": "layers.layer{n}.tcn.bn",
    "block{n}.shortcut.map": "layers.layer{n}.residual.t_conv",
    "block{n}.shortcut.norm": "layers.layer{n}.residual.bn",
}
_TWO_STREAM_AGCN = {
    "input_norm.norm": "data_bn",
    "classifier": "fc",
    "block{n}.spatial.graph.importance": "l{n}.gcn1.PA",
    "block{n}.spatial.graph.maps.{i}": "l{n}.gcn1.conv_d.{i}",
    "block{n}.spatial.graph.queries.{i}": "l{n}.gcn1.conv_a.{i}",
    "block{n}.spatial.graph.keys.{i}": "l{n}.gcn1.conv_b.{i}",
    "block{n}.spatial.norm": "l{n}.gcn1.bn",
    "block{n}.spatial.shortcut.map": "l{n}.gcn1.down.0",
    "block{n}.spatial.shortcut.norm": "l{n}.gcn1.down.1",
    "block{n}.temporal": "l{n}.tcn1.conv",
    "block{n}.temporal_norm": "l{n}.tcn1.bn",
    "block{n}.shortcut.map": "l{n}.residual.conv",
    "block{n}.shortcut.norm": "l{n}.residual.bn",
}
_TENSORS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_ADJACENCY = re.compile(r"layers\.layer\d+\.(0\.1\.)?gcn\.A")


def continual_skeletons_key(name: str, *, nested: bool = False) -> str:
    """Return the key of continual-skeletons for a tensor of ours.

    Args:
        name: In the `state_dict` of a network, such as
            "network.block2.main.temporal.weight". Of a two-stream one: the key in the file of
            its stream.
        nested: Whether the checkpoint is of one of the continual networks, whose shortcuts are
            containers: "layers.layer2.0.1.tcn..." instead of "layers.layer2.tcn...".
    Raises:
        WeightsError: If the network has no such tensor.
    """
    key = _translate(name, _CONTINUAL_SKELETONS, "continual-skeletons")
    if nested and not key.startswith(("data_bn", "fc", "layers.layer1.")):
        key = re.sub(r"^(layers\.layer\d+)\.(gcn|tcn)\.", r"\1.0.1.\2.", key)
        key = re.sub(r"^(layers\.layer\d+)\.residual\.", r"\1.0.0.residual.", key)
    return key


def two_stream_agcn_key(name: str) -> str:
    """Return the key of the public 2s-AGCN code for a tensor of ours.

    Args:
        name: In the `state_dict` of an AGCN.
    Raises:
        WeightsError: If that network has no such tensor.
    """
    return _translate(name, _TWO_STREAM_AGCN, "2s-AGCN")


def is_published_adjacency(key: str) -> bool:
    """Tell whether a key of continual-skeletons is of an adjacency, which no tensor of ours is."""
    return _ADJACENCY.fullmatch(key) is not None


def _translate(name: str, table: Mapping[str, str], code: str) -> str:
    path = re.sub(r"^network\.(joint\.|bone\.)?", "", name).replace("main.", "")
    stem, _, tensor = path.rpartition(".")
    if tensor not in _TENSORS:
        stem, tensor = path, ""
    numbers = dict(zip(("n", "i"), re.findall(r"\d+", stem)))
    pattern = re.sub(r"\d+", "{i}", re.sub(r"\d+", "{n}", stem, count=1))
    if pattern not in table:
        raise WeightsError(
            f"{name}: {code} has no tensor like it; expected a name of the state_dict of one of "
            "its networks"
        )
    return ".".join(filter(None, (table[pattern].format(**numbers), tensor)))
