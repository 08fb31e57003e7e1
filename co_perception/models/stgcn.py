# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""ST-GCN, AGCN and S-TR for skeletons, as clip networks and frame by frame, plain and starred.

Ten blocks of 64, 128 and 256 channels, a mean over the joints, a mean over frames, a linear
classifier. Blocks 5 and 8 have stride 2 (one answer in 4 frames); in the starred forms, `_mod`,
nothing has a stride and nothing is padded (an answer in every frame). The four networks of a kind
have the same weights under the same names.

                              receptive field   padding   stride   delay   (window 300)
    blocks, padded                        153        76        4      76
    with the mean of 75, 19 zeros         449       152        4     296
    blocks, starred                        81         0        1      80
    with the mean of 220                  300         0        1     299

Sources: Yan et al., Spatial Temporal Graph Convolutional Networks (2018); Shi et al., Two-Stream
Adaptive Graph Convolutional Networks (2019); Plizzari et al., Spatial Temporal Transformer Network
(2021); all in the form of Hedegaard et al., Continual Spatio-Temporal Graph Convolutional Networks
(2022), and its public code.
"""

from __future__ import annotations

import dataclasses
import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from torch import nn

from co_perception import continual as co
from co_perception.continual.graph_parts import AttentionScope
from co_perception.errors import ConfigError
from co_perception.models.base import ContinualModel
from co_perception.models.registry import register_model
from co_perception.models.skeleton_layers import (
    BoneVectors,
    JointMean,
    JointNorm,
    PersonsToJoints,
)
from co_perception.models.skeletons import SkeletonGraph, find_skeleton_graph
from co_perception.models.stgcn_blocks import (
    Layers,
    SpatialKind,
    attention_unit,
    graph_unit,
    skeleton_block,
)
from co_perception.models.stgcn_options import Form, Options, Pooling, Stream

__all__ = [
    "agcn",
    "agcn_mod",
    "co_agcn",
    "co_agcn_mod",
    "co_s_tr",
    "co_s_tr_mod",
    "co_st_gcn",
    "co_st_gcn_mod",
    "s_tr",
    "s_tr_mod",
    "st_gcn",
    "st_gcn_mod",
]

_WIDTHS = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
_STRIDED = (5, 8)  # blocks whose stride is 2, where time is padded
_FIRST_ATTENTION = 4  # S-TR: block from which on joints attend to each other
_GRAIN = {"graph": 4, "adaptive": 4, "attention": 32}  # widths are multiples: heads, embeddings


def _build(form: Form, options: Options) -> ContinualModel:
    options.check(form)
    graph = find_skeleton_graph(options.layout, options.edges, options.num_joints)
    network: co.ContinualModule
    if options.stream == "two-stream":
        branches = {
            stream: co.Sequential(_stream(form, options, graph, bones=stream == "bone"))
            for stream in ("joint", "bone")
        }
        network = co.BroadcastReduce(OrderedDict(branches), reduce="sum")
    else:
        network = co.Sequential(_stream(form, options, graph, bones=options.stream == "bone"))
    scene = () if options.persons == 1 else (options.persons,)
    return ContinualModel(
        network,
        architecture=form.name,
        arguments=dataclasses.asdict(options),
        input_kind="skeleton",
        step_shape=(options.in_channels, graph.num_joints, *scene),
        expected_rate=options.expected_rate,
    )


def _stream(form: Form, options: Options, graph: SkeletonGraph, *, bones: bool) -> Layers:
    """Return the layers of one network, from skeletons to scores."""
    layers: Layers = OrderedDict()
    persons = options.persons
    if persons > 1:
        layers["persons"] = PersonsToJoints(persons)
    if bones:
        layers["bones"] = BoneVectors(graph.parents, persons=persons)
    layers["input_norm"] = JointNorm(
        options.in_channels, persons * graph.num_joints, order="joints"
    )
    layers.update(_blocks(form, options, graph))
    layers["joint_mean"] = JointMean()
    layers["time_pool"] = _time_pool(form, options, co.Sequential(layers).time)
    layers["dropout"] = co.Dropout(options.dropout)
    classifier = co.Linear(_channels(form, options)[-1], options.num_classes)
    nn.init.normal_(classifier.weight, 0.0, math.sqrt(2 / options.num_classes))
    layers["classifier"] = classifier
    return layers


def _blocks(form: Form, options: Options, graph: SkeletonGraph) -> Layers:
    """Return the ten blocks, each followed by its ReLU."""
    adjacency = co.graph_partitions(graph.num_joints, graph.edges)
    widths = _channels(form, options)
    layers: Layers = OrderedDict()
    for i, (inputs, outputs) in enumerate(zip((options.in_channels, *widths), widths), start=1):
        if form.kind == "attention" and i >= _FIRST_ATTENTION:
            spatial = attention_unit(inputs, outputs, graph.num_joints, persons=options.persons)
        else:
            spatial = graph_unit(
                inputs,
                outputs,
                adjacency,
                scope=options.attention_scope,
                persons=options.persons,
            )
        layers[f"block{i}"] = skeleton_block(
            inputs,
            outputs,
            spatial,
            stride=2 if i in _STRIDED and not form.starred else 1,
            starred=form.starred,
            residual=i > 1,
        )
        layers[f"relu{i}"] = co.ReLU()
    return layers


def _channels(form: Form, options: Options) -> list[int]:
    """Return the channels of each block: the published ones times the width, rounded."""
    grain = _GRAIN[form.kind]
    return [max(grain, round(options.width * width / grain) * grain) for width in _WIDTHS]


def _time_pool(form: Form, options: Options, blocks: co.TimeSpec) -> co.AvgPool1d:
    """Return the sliding mean over what the blocks make of `window` frames.

    Its published padding makes the first answer come when `window` frames (less 3 at most) were
    seen; what the padded blocks have not made by then is taken as zeros.
    """
    more = options.window - blocks.receptive_field + 1
    size = math.ceil((more + 2 * blocks.left) / blocks.stride)
    made = math.ceil((more + blocks.left) / blocks.stride)
    least = blocks.receptive_field - blocks.left * (1 if options.pooling == "window" else 2)
    if options.window < least:
        raise ConfigError(
            f"{form.name}: window must be at least {least} frames with pooling="
            f"{options.pooling!r}, got {options.window}; the blocks see {blocks.receptive_field}"
        )
    if options.pooling == "seen":
        return co.AvgPool1d(size, padding="causal", count_include_pad=False)
    return co.AvgPool1d(size, padding=max(0, size - made))


def _builder(form: Form, title: str) -> Any:
    """Return the builder of one network; the twelve differ in their form only."""

    def build(
        *,
        num_classes: int = 60,
        in_channels: int = 3,
        layout: str = "ntu25",
        edges: Sequence[Sequence[int]] | None = None,
        num_joints: int | None = None,
        window: int = 300,
        stream: Stream = "joint",
        attention_scope: AttentionScope | None = form.scope,
        persons: int = 1,
        pooling: Pooling = form.pooling,
        dropout: float = 0.0,
        width: float = 1.0,
        expected_rate: float = 30.0,
    ) -> ContinualModel:
        options = Options(
            num_classes=num_classes,
            in_channels=in_channels,
            layout=layout,
            edges=None if edges is None else [list(map(int, edge)) for edge in edges],
            num_joints=num_joints,
            window=window,
            stream=stream,
            attention_scope=attention_scope,
            persons=persons,
            pooling=pooling,
            dropout=dropout,
            width=width,
            expected_rate=expected_rate,
        )
        return _build(form, options)

    build.__name__ = build.__qualname__ = form.name
    build.__doc__ = f"""Make {title}.

    Args:
        num_classes: K.
        in_channels: C, per joint.
        layout: Name of the joint layout; sets the joints' number and bones.
        edges: Bones of a layout that models do not know, see `find_skeleton_graph`.
        num_joints: V, with `edges` only.
        window: Frames of the clips of training; sets the frames that the head averages over.
        stream: "joint": the joints; "bone": the vectors along the bones; "two-stream": the sum of
            the scores of two networks, one on each, with states by name.
        attention_scope: AGCN only. "frame": the attention between joints rests on each frame on
            its own, in clips and steps alike; "clip": on the whole clip (clip forward only).
        persons: 1: skeletons are (B, C, V), and so is every stream's state. 2: scenes of two
            people (B, C, V, 2), averaged as the published networks do; the state is the scene's.
        pooling: "window": the head averages over a full window, padded as published; "seen": over
            those frames of it that were there, which answers some 220 frames earlier.
        dropout: Share of features dropped before the classifier in training, 0..1.
        width: Scale of all channels; 1 is the published network.
        expected_rate: Frames per second that it is meant for, Hz.
    Raises:
        ConfigError: If an option is unknown or out of range.
    """
    return register_model(build)


def _family(base: str, kind: SpatialKind, title: str) -> list[Any]:
    """Return the builders of one kind: continual and clip network, each padded and starred."""
    adaptive = kind == "adaptive"
    co_scope: AttentionScope | None = "frame" if adaptive else None
    clip_scope: AttentionScope | None = "clip" if adaptive else None
    forms = (
        (Form(f"co_{base}", kind, False, co_scope, "window"), f"Co{title}"),
        (Form(f"co_{base}_mod", kind, True, co_scope, "window"), f"Co{title}*, stride 1"),
        (Form(base, kind, False, clip_scope, "seen"), f"the clip network {title}"),
        (Form(f"{base}_mod", kind, True, co_scope, "seen"), f"the clip network {title}*"),
    )
    return [_builder(form, words) for form, words in forms]


co_st_gcn, co_st_gcn_mod, st_gcn, st_gcn_mod = _family("st_gcn", "graph", "ST-GCN")
co_agcn, co_agcn_mod, agcn, agcn_mod = _family("agcn", "adaptive", "AGCN")
co_s_tr, co_s_tr_mod, s_tr, s_tr_mod = _family("s_tr", "attention", "S-TR")
