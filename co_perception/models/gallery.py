# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A narrow example of every network, for proofs that run over all of them.

    for name in list_models("co*"):
        testing.check_clip(gallery.create_narrow(name).network, ...)

Same layers as the published network, an eighth of its channels, small frames and short windows.
"""

from __future__ import annotations

import fnmatch
import math
import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from co_perception import continual as co
from co_perception.models.base import ContinualModel
from co_perception.models.registry import create_model

__all__ = ["clip_period", "create_narrow", "create_shallow", "narrow_options", "randomise"]

_NARROW: dict[str, dict[str, Any]] = {  # the first pattern that fits
    "co_st_gcn_small": {"widths": (6, 8, 8, 12)},
    "*x3d_*": {"width": 1 / 8, "image_size": 32, "window": 4},
    "*_r50": {"width": 1 / 8, "image_size": 32, "window": 4},
    "*gcn*": {"width": 1 / 8, "layout": "common13", "window": 84},  # the blocks see 81 frames
    "*s_tr*": {"width": 1 / 8, "layout": "common13", "window": 84},
    "*oadtr_*": {"width": 1 / 8, "input_dim": 48, "window": 12},
}


def narrow_options(name: str) -> dict[str, Any]:
    """Return options of a network that make it narrow, its frames small and its window short."""
    fitting = (options for pattern, options in _NARROW.items() if fnmatch.fnmatch(name, pattern))
    return {"num_classes": 5, **next(fitting, {})}


def create_narrow(name: str, *, seed: int = 0, **options: Any) -> ContinualModel:
    """Make a narrow network in eval mode, its weights and running statistics drawn by a seed.

    Args:
        name: One of `list_models()`.
        seed: Of the weights.
        options: Over those of `narrow_options`.

    Raises:
        ConfigError: If the name or an option is unknown or out of range.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = create_model(name, **{**narrow_options(name), **options})
        randomise(model)
    return model.eval()


def create_shallow(name: str, *, seed: int = 0, **options: Any) -> ContinualModel:
    """Make a narrow network that has every kind of block once, for what takes long per operator.

    See `create_narrow`.
    """
    model = create_narrow(name, seed=seed, **options)
    return ContinualModel(
        _drop_repeated(model.network, model.spec.step_shape, set()),
        architecture=name,
        arguments=model.arguments,
        input_kind=model.spec.input_kind,
        step_shape=model.spec.step_shape,
        expected_rate=model.spec.expected_rate,
    ).eval()


def randomise(model: nn.Module) -> None:
    """Draw scales, shifts and running statistics of all normalisations.

    As they are made, they shift nothing, and some scale by zero: errors would not show. Scales
    below 1 keep the numbers of deep networks of the order of 1, as trained ones do.
    """
    for norm in _norms(model):
        nn.init.uniform_(norm.weight, 0.5, 1.0)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
        nn.init.uniform_(norm.running_mean, -0.5, 0.5)
        nn.init.uniform_(norm.running_var, 0.5, 2.0)


def _norms(model: nn.Module) -> Iterator[co.BatchNorm]:
    return (module for module in model.modules() if isinstance(module, co.BatchNorm))


def clip_period(model: nn.Module) -> int:
    """Return what the number of a clip's first frame must be a multiple of to start like a stream.

    1, but for networks with encodings of position that come again.
    """
    encodings = (m for m in model.modules() if isinstance(m, co.RecyclingPositionalEncoding))
    return math.lcm(*(encoding.num_embeds for encoding in encodings))


def _drop_repeated(
    module: co.ContinualModule, shape: tuple[int, ...], seen: set[tuple[str, co.TimeSpec]]
) -> co.ContinualModule:
    """Return a chain without the residual blocks that repeat an earlier one but for its width."""
    if type(module) is not co.Sequential:
        return module
    kept: OrderedDict[str, co.ContinualModule] = OrderedDict()
    for name, child in module.children_by_name():
        after = child.frame_shape(shape)
        kind = re.sub(r"\d+", "#", repr(child)), child.time
        if not (isinstance(child, co.Residual) and after == shape and kind in seen):
            kept[name] = _drop_repeated(child, shape, seen)
        seen.add(kind)
        shape = after
    return co.Sequential(kept)
