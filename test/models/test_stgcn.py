# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""ST-GCN, AGCN and S-TR: a network written out in plain torch.nn is the oracle of the clips."""

import json

import pytest
import torch

from co_perception.continual import testing
from co_perception.continual.timing import chain
from co_perception.errors import ConfigError, ShapeError, StreamError, WeightsError
from co_perception.models import create_model, list_models
from co_perception.models.key_maps_skeleton import (
    continual_skeletons_key,
    is_published_adjacency,
    two_stream_agcn_key,
)
from co_perception.models.skeletons import find_skeleton_graph

FAMILIES = ("st_gcn", "agcn", "s_tr")
NAMES = [f"{co}{family}{mod}" for co in ("co_", "") for family in FAMILIES for mod in ("", "_mod")]
SMALL = {"num_classes": 5, "width": 1 / 8, "layout": "jhmdb15"}


@pytest.fixture
def make_pair(skeleton_peers):
    """Return what makes a network with random weights and the reference with the same ones."""

    def make(name, **options):
        torch.manual_seed(0)
        model = skeleton_peers.randomise(create_model(name, **{**SMALL, **options}))
        return model, skeleton_peers.make_reference(model)

    return make


def make_clip(model, rows, frames, seed=0):
    generator = torch.Generator().manual_seed(seed)
    C, *joints = model.spec.step_shape
    return torch.randn(rows, C, frames, *joints, generator=generator)


def as_scene(clip):
    return clip if clip.dim() == 5 else clip.unsqueeze(-1)


def test_all_networks_are_there():
    assert set(NAMES) <= set(list_models())


@pytest.mark.parametrize("persons", [1, 2])
@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("co_")])
@torch.no_grad()
def test_clip_networks_equal_the_reference_at_every_length(make_pair, name, persons):
    model, reference = make_pair(name, persons=persons, window=90)
    for frames in (90, 85, 82):
        clip = make_clip(model, 2, frames, seed=frames)
        expected = reference(as_scene(clip))
        assert testing.relative_difference(model(clip), expected) <= testing.TOLERANCE


@pytest.mark.parametrize("persons", [1, 2])
@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("co_")])
@torch.no_grad()
def test_dense_forward_equals_the_reference_with_the_published_pooling(make_pair, name, persons):
    model, reference = make_pair(name, persons=persons, window=100)
    clip = make_clip(model, 2, 110)
    size, padding = (20, 0) if name.endswith("_mod") else (25, 19)
    expected = reference.dense(as_scene(clip), size, padding)
    dense = model.forward_dense(clip)
    assert dense.shape == expected.shape
    assert testing.relative_difference(dense, expected) <= testing.TOLERANCE


@pytest.mark.parametrize("name", ["co_st_gcn", "co_st_gcn_mod"])
@torch.no_grad()
def test_both_poolings_say_the_same_once_the_window_is_full(name):
    padded, seen = (
        create_model(name, window=90, pooling=pooling, **SMALL).eval()
        for pooling in ("window", "seen")
    )
    seen.load_state_dict(padded.state_dict())
    clip = make_clip(seen, 2, 140)
    size, padding = (10, 0) if name.endswith("_mod") else (23, 19)
    full = seen.forward_dense(clip)[:, :, size - 1 :]
    ours = padded.forward_dense(clip)[:, :, padding:][:, :, : full.shape[2]]
    assert testing.relative_difference(ours, full) <= testing.TOLERANCE
    # the same answers leave at the same step
    late = seen.spec.time_stride * (size - 1 - padding)
    assert padded.spec.delay == seen.spec.delay + late


@torch.no_grad()
def test_published_layouts_and_sizes_agree_too(make_pair):
    model, reference = make_pair("st_gcn", layout="openpose18", persons=2, width=1.0, window=80)
    clip = make_clip(model, 1, 80)
    assert testing.relative_difference(model(clip), reference(clip)) <= testing.TOLERANCE


@pytest.mark.parametrize(
    ("name", "field", "padding", "stride", "delay", "head", "net_field", "net_delay"),
    [
        ("co_st_gcn", 153, (76, 76), 4, 76, (75, 19), 449, 296),
        ("co_st_gcn_mod", 81, (0, 0), 1, 80, (220, 0), 300, 299),
    ],
)
def test_timing_is_the_published_one(
    name, field, padding, stride, delay, head, net_field, net_delay
):
    model = create_model(name)
    layers = dict(model.network.children_by_name())
    pool = layers["time_pool"].time
    assert (pool.receptive_field, pool.left, pool.right) == (head[0], head[1], head[1])
    names = list(layers)
    blocks = chain(layers[layer].time for layer in names[: names.index("time_pool")])
    assert (blocks.receptive_field, blocks.stride, blocks.delay) == (field, stride, delay)
    assert (blocks.left, blocks.right) == padding
    spec = model.spec
    assert (spec.receptive_field, spec.delay) == (net_field, net_delay)
    assert (spec.time_stride, spec.expected_rate) == (stride, 30.0)


@pytest.mark.parametrize(
    ("family", "trained", "fixed"),
    [
        ("st_gcn", 3_141_478, 18_750),  # together the published 3,160,228
        ("agcn", 3_469_510, 18_750),  # published: 3.47 M
        ("s_tr", 3_073_345, 5_625),  # published: 3.09 M, with seven adjacencies that nothing uses
    ],
)
def test_parameter_counts_are_the_published_ones(family, trained, fixed):
    for name in (f"co_{family}", f"{family}_mod"):
        model = create_model(name, num_classes=60, persons=2)
        assert sum(p.numel() for p in model.parameters()) == trained
        matrices = [b for k, b in model.named_buffers() if k.endswith(".adjacency")]
        assert sum(b.numel() for b in matrices) == fixed
    assert trained + 18_750 == {"st_gcn": 3_160_228, "agcn": 3_488_260, "s_tr": 3_092_095}[family]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_four_networks_of_a_kind_share_their_weights(family):
    clip_network = create_model(family, num_classes=7, layout="common13")
    keys = clip_network.state_dict()
    for name in (f"co_{family}", f"co_{family}_mod", f"{family}_mod"):
        create_model(name, num_classes=7, layout="common13").load_state_dict(keys)


@pytest.mark.parametrize("family", FAMILIES)
def test_names_of_public_checkpoints_are_one_to_one(family):
    names = create_model(f"co_{family}", **SMALL).state_dict()
    plain = [continual_skeletons_key(name) for name in names]
    nested = [continual_skeletons_key(name, nested=True) for name in names]
    assert len(set(plain)) == len(set(nested)) == len(names)
    # the rule by which the public code itself makes one of the other
    assert [k.replace("0.1.", "").replace("0.0.residual", "residual") for k in nested] == plain
    two = create_model(f"co_{family}", stream="two-stream", **SMALL).state_dict()
    assert sorted({continual_skeletons_key(name) for name in two}) == sorted(plain)


def test_names_of_public_checkpoints_are_the_known_ones():
    key = continual_skeletons_key
    temporal = "network.block2.main.temporal.weight"
    assert key("network.input_norm.norm.running_mean") == "data_bn.running_mean"
    assert key(temporal) == "layers.layer2.tcn.t_conv.weight"
    assert key(temporal, nested=True) == "layers.layer2.0.1.tcn.t_conv.weight"
    shortcut = "network.block5.shortcut.norm.bias"
    assert key(shortcut, nested=True) == "layers.layer5.0.0.residual.bn.bias"
    graph = "network.block10.main.spatial.main.graph.maps.2.bias"
    assert key(graph) == "layers.layer10.gcn.g_conv.2.bias"
    assert two_stream_agcn_key(graph) == "l10.gcn1.conv_d.2.bias"
    first = "network.block1.spatial.main.graph.importance"
    assert two_stream_agcn_key(first) == "l1.gcn1.PA"
    assert two_stream_agcn_key("network.block5.shortcut.map.weight") == "l5.residual.conv.weight"
    assert len({two_stream_agcn_key(k) for k in create_model("agcn").state_dict()}) == len(
        create_model("agcn").state_dict()
    )
    assert is_published_adjacency("layers.layer3.0.1.gcn.A")
    assert not is_published_adjacency("layers.layer3.gcn.graph_attn")
    with pytest.raises(WeightsError, match=r"attention\.qkv\.weight: 2s-AGCN has no tensor like"):
        two_stream_agcn_key("network.block4.main.spatial.main.attention.qkv.weight")


@torch.no_grad()
def test_bone_stream_sees_vectors_and_two_streams_are_the_sum(skeleton_peers):
    torch.manual_seed(0)
    both = create_model("st_gcn", stream="two-stream", window=81, **SMALL)
    skeleton_peers.randomise(both)
    streams = {}
    for stream in ("joint", "bone"):
        streams[stream] = create_model("st_gcn", stream=stream, window=81, **SMALL).eval()
        prefix = f"network.{stream}."
        weights = {
            "network." + key.removeprefix(prefix): value
            for key, value in both.state_dict().items()
            if key.startswith(prefix)
        }
        streams[stream].load_state_dict(weights)
    clip = make_clip(both, 2, 81)
    scores = {stream: model(clip) for stream, model in streams.items()}
    total = scores["joint"] + scores["bone"]
    assert testing.relative_difference(both(clip), total) <= testing.TOLERANCE
    plain = create_model("st_gcn", window=81, **SMALL).eval()
    plain.load_state_dict(streams["bone"].state_dict())
    parents = find_skeleton_graph("jhmdb15").parents
    bones = torch.stack([clip[..., j] - clip[..., parents[j]] for j in range(15)], -1)
    assert torch.equal(plain(bones), scores["bone"])
    assert not torch.equal(scores["joint"], scores["bone"])


def test_arguments_are_plain_and_make_the_model_again():
    edges = ((1, 0), (2, 1), (3, 1))
    model = create_model("co_s_tr_mod", edges=edges, **{**SMALL, "layout": "tiny4"})
    arguments = json.loads(json.dumps(model.arguments))
    again = create_model(model.architecture, **arguments)
    assert again.arguments == model.arguments
    again.load_state_dict(model.state_dict())
    assert model.spec == again.spec
    assert model.spec.step_shape == (3, 4)


def test_width_scales_all_channels():
    published = create_model("co_st_gcn_mod").state_dict()
    half = create_model("co_st_gcn_mod", width=0.5).state_dict()
    key = "network.block9.main.temporal.weight"
    assert tuple(published[key].shape) == (256, 256, 9, 1)
    assert tuple(half[key].shape) == (128, 128, 9, 1)


@torch.no_grad()
def test_attention_over_the_clip_does_not_step():
    model = create_model("co_agcn", attention_scope="clip", window=90, **SMALL).eval()
    with pytest.raises(StreamError, match="one frame, but the scope is 'clip'; make the model"):
        model.forward_step(torch.zeros(1, 3, 15), model.init_state())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("st_gcn", {"stream": "motion"}, "stream must be one of 'bone', 'joint', 'two-stream'"),
        ("st_gcn", {"pooling": "all"}, "pooling must be one of 'seen', 'window', got 'all'"),
        ("st_gcn", {"attention_scope": "frame"}, "attention_scope must be one of None, got 'f"),
        ("agcn", {"attention_scope": None}, "attention_scope must be one of 'clip', 'frame'"),
        ("st_gcn", {"persons": 3}, "persons 1 or 2, got .* and 3"),
        ("st_gcn", {"num_classes": 0}, "num_classes, in_channels and window must be at least 1"),
        ("st_gcn", {"dropout": 1.0}, "dropout must be in 0..1"),
        ("st_gcn", {"width": 0.0}, "width and expected_rate above 0"),
        ("st_gcn", {"layout": "ntu99"}, "joint layout 'ntu99': no graph known; known layouts"),
        ("co_st_gcn", {"window": 76}, "window must be at least 77 frames with pooling='window'"),
        ("co_s_tr_mod", {"window": 80}, "co_s_tr_mod: window must be at least 81 frames"),
        ("st_gcn_mod", {"window": 80}, "window must be at least 81 frames with pooling='seen'"),
    ],
)
def test_options_out_of_range_are_named(name, options, message):
    with pytest.raises(ConfigError, match=message):
        create_model(name, **options)


def test_frames_of_another_layout_are_refused():
    model = create_model("co_st_gcn", width=1 / 8).eval()
    with pytest.raises(ShapeError, match=r"frames are \(B, 3, 25\), got \(B, 3, 18\).*'ntu25'"):
        model.forward_step(torch.zeros(1, 3, 18), model.init_state())
    scene = create_model("co_st_gcn", width=1 / 8, persons=2).eval()
    with pytest.raises(ShapeError, match=r"frames are \(B, 3, 25, 2\), got \(B, 3, 25\)"):
        scene(torch.zeros(1, 3, 300, 25))
    with pytest.raises(ShapeError, match="expected a clip of at least"):
        create_model("st_gcn_mod", **SMALL).eval()(torch.zeros(1, 3, 80, 15))
