# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""CoOadTR as its public code names it: by the positions of unnamed modules.

0 linear map, 1 positional encoding, 3 encoder, 4 layer norm, 5 classifier. One block is 3.0 to
3.3; of two, the retroactive one is 3.0 and the single-output one lies in the function 3.1.fn.
"""

from __future__ import annotations

import functools
from collections.abc import Set
from typing import Any

from co_perception.models.formats.base import Format, Tensors, classes_of, each_of_theirs

__all__ = ["FORMATS"]

_ENDS = {
    "0": "embed",
    "1.pe": "position",
    "4.fn": "norm",
    "5": "classifier",
}
_SINGLE = {
    "0.1": "self_attn",
    "0.1.out_proj": "self_attn.out_proj",
    "1.fn": "norm1",
    "2.1.0": "linear1",
    "2.1.3": "linear2",
    "3.fn": "norm2",
}
_RETROACTIVE = {
    "0.1": "self_attn",
    "0.1.out_proj": "self_attn.out_proj",
    "1.fn.0": "norm1",
    "1.fn.1.fn.0": "linear1",
    "1.fn.1.fn.3": "linear2",
    "1.fn.2": "norm2",
}
_BLOCKS = {
    1: {f"3.{key}": f"encoder.layers.0.{name}" for key, name in _SINGLE.items()},
    2: {
        **{f"3.0.{key}": f"encoder.layers.0.{name}" for key, name in _RETROACTIVE.items()},
        **{f"3.1.fn.{key}": f"encoder.layers.1.{name}" for key, name in _SINGLE.items()},
    },
}
_PATTERN = "1.pe.pattern"
"""The fixed encodings, which this package computes as well."""


def _rename(depth: int, name: str) -> str | None:
    layer, _, rest = name.rpartition(".")
    ours = _ENDS.get(layer) or _BLOCKS[depth].get(layer)
    return f"network.{ours}.{rest}" if ours and name != _PATTERN else None


def _detect(depth: int, names: Set[str]) -> bool:
    if not {"0.weight", "4.fn.weight", "5.weight"} <= names:
        return False
    return ("3.1.fn.0.1.in_proj_weight" in names) == (depth == 2)


def _options(depth: int, tensors: Tensors) -> dict[str, Any]:
    options = {"depth": depth, **classes_of(tensors, "5.bias")}
    if "0.weight" in tensors:
        options["input_dim"] = tensors["0.weight"].shape[1]
    for key, position in (("1.pe.weight", "learned"), (_PATTERN, "fixed")):
        if key in tensors:
            options |= {"position": position, "num_embeds": len(tensors[key])}
    return options


FORMATS = tuple(
    Format(
        name=f"CoOadTR-b{depth}",
        models=(f"co_oadtr_b{depth}", f"oadtr_b{depth}"),
        detect=functools.partial(_detect, depth),
        rename=each_of_theirs(functools.partial(_rename, depth)),
        options=functools.partial(_options, depth),
        constants=lambda name: "network.position.weight" if name == _PATTERN else None,
        other_constant="its encodings of position are made in another way",
    )
    for depth in _BLOCKS
)
