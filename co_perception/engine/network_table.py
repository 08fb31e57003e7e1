# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What every registered network costs, computed here, beside what was published about it.

A continual network and its clip network, which has the same name without "co", are one entry:
their weights are the same. Nothing is run: shapes alone are pushed through the networks.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from typing import Any

import torch

from co_perception import continual as co
from co_perception.errors import ConfigError
from co_perception.models import ContinualModel, create_model, list_models
from co_perception.models.published import PUBLISHED, Published, find_published

__all__ = ["NetworkFacts", "list_networks"]

_CLASSES = {"co_st_gcn_small": 13}
"""Classes where a network has no default; 13 are the shipped model's."""


@dataclasses.dataclass(frozen=True)
class NetworkFacts:
    """One network.

    Attributes:
        name: Of the continual network, or of a clip network that has no continual one.
        clip_name: Of the clip network; the same name where there is one only.
        options: Options that are not the default.
        parameters: Trained numbers.
        clip_frames: Frames of a clip as in training.
        clip_macs: Multiply-adds of the clip network for one such clip.
        step_macs: Multiply-adds of one step of one stream, the mean over a stride's period.
        receptive_field: Frames.
        delay: Frames.
        time_stride: Frames per answer.
        state_bytes: Kept between steps, for one stream, in fp32.
        published: What the authors say; None: nothing.
    """

    name: str
    clip_name: str
    options: dict[str, Any]
    parameters: int
    clip_frames: int
    clip_macs: int
    step_macs: float
    receptive_field: int
    delay: int
    time_stride: int
    state_bytes: int
    published: Published | None

    @property
    def title(self) -> str:
        """Name, and options that are not the default."""
        return " ".join([self.name, *(f"{key}={value}" for key, value in self.options.items())])


def list_networks(pattern: str = "*") -> list[NetworkFacts]:
    """Compute the facts of all networks of which one of the two names matches a shell pattern.

    Raises:
        ConfigError: If none matches.
    """
    names = list_models()
    pairs = {name: _clip_name(name, names) for name in names}
    clips = {clip for name, clip in pairs.items() if clip != name}
    chosen = [
        (name, clip)
        for name, clip in pairs.items()
        if name not in clips and (fnmatch.filter((name, clip), pattern))
    ]
    if not chosen:
        raise ConfigError(f"models table: no network matches '{pattern}'; there are {names}")
    return [facts for name, clip in chosen for facts in _describe(name, clip)]


def _clip_name(name: str, names: list[str]) -> str:
    for prefix in ("co_", "co"):
        if name.startswith(prefix) and name.removeprefix(prefix) in names:
            return name.removeprefix(prefix)
    return name


def _describe(name: str, clip_name: str) -> list[NetworkFacts]:
    """Return an entry for the default window, and one for every other published one."""
    clip = _make(clip_name)
    frames = clip.spec.receptive_field if name in _CLASSES else clip.arguments["window"]
    channels, *space = clip.spec.step_shape
    with torch.device("meta"):
        clip_macs = co.count_macs(clip, torch.empty(1, channels, frames, *space))
    windows = sorted(window for known, window in PUBLISHED if known == name)
    default = clip.arguments["window"]
    return [
        _facts(name, clip_name, frames, clip_macs, {} if window == default else {"window": window})
        for window in sorted({default, *windows})
    ]


def _facts(
    name: str, clip_name: str, clip_frames: int, clip_macs: int, options: dict[str, Any]
) -> NetworkFacts:
    model = _make(name, **options)
    with torch.device("meta"):
        summary = model.summary()
    return NetworkFacts(
        name=name,
        clip_name=clip_name,
        options=options,
        parameters=summary.parameters,
        clip_frames=clip_frames,
        clip_macs=clip_macs,
        step_macs=summary.macs,
        receptive_field=summary.receptive_field,
        delay=summary.delay,
        time_stride=summary.time_stride,
        state_bytes=summary.state_bytes,
        published=find_published(name, model.arguments["window"]),
    )


def _make(name: str, **options: Any) -> ContinualModel:
    """Return a network without memory for its weights."""
    if name in _CLASSES:
        options["num_classes"] = _CLASSES[name]
    with torch.device("meta"):
        return create_model(name, **options).eval()
