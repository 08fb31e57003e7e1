# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""ST-GCN, AGCN and S-TR written out in plain torch.nn, with the names of continual-skeletons.

Nothing is clever here: parts, heads and frames are summed as the publications say. Tests and
parity_skeleton.py load our weights into them by the key map of the checkpoints.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from co_perception.models import ContinualModel
from co_perception.models.key_maps_skeleton import (
    continual_skeletons_key,
    is_published_adjacency,
)
from co_perception.models.skeletons import find_skeleton_graph

__all__ = ["Reference", "make_reference", "randomise"]


def make_reference(model: ContinualModel) -> Reference:
    """Return the network in plain torch.nn with the weights of one of ours, of one stream."""
    name, options, tensors = model.architecture, model.arguments, model.state_dict()
    reference = Reference(
        name.removeprefix("co_").removesuffix("_mod"),
        name.endswith("_mod"),
        options["attention_scope"],
        channels=[len(t) for key, t in tensors.items() if key.endswith("temporal.weight")],
        classes=options["num_classes"],
        layout=options["layout"],
        persons=options["persons"],
    )
    weights = {continual_skeletons_key(key): tensor for key, tensor in tensors.items()}
    fixed = {k: v for k, v in reference.state_dict().items() if is_published_adjacency(k)}
    reference.load_state_dict({**weights, **fixed}, strict=True)
    return reference.eval()


def randomise(model: ContinualModel, seed: int = 0) -> ContinualModel:
    """Give every tensor numbers of a trained network's size: new units are nearly silent."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if name.endswith(("running_var", "norm.weight", "norm.norm.weight")):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.is_floating_point() and tensor.dim() < 2:
            tensor.normal_(0, 0.2, generator=generator)
        elif name.endswith("importance"):
            tensor.uniform_(0.0, 1.5, generator=generator)
    return model.eval()


class GraphUnit(nn.Module):
    """Graph convolution as the public code writes it, part by part, with its names."""

    def __init__(self, inputs: int, outputs: int, A: Tensor, scope: str | None) -> None:
        super().__init__()
        self.scope = scope
        self.graph_attn = nn.Parameter(torch.ones_like(A))
        self.A = nn.Parameter(A, requires_grad=False)
        self.g_conv = nn.ModuleList(nn.Conv2d(inputs, outputs, 1) for _ in range(3))
        if scope is not None:
            self.a_conv = nn.ModuleList(nn.Conv2d(inputs, outputs // 4, 1) for _ in range(3))
            self.b_conv = nn.ModuleList(nn.Conv2d(inputs, outputs // 4, 1) for _ in range(3))
        if inputs != outputs:
            self.gcn_residual = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs)
            )
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        total = 0.0
        for i in range(3):
            if self.scope is None:
                mixed = torch.einsum("nctv,vw->nctw", x, self.A[i] * self.graph_attn[i])
            else:
                a, b = self.a_conv[i](x), self.b_conv[i](x)
                if self.scope == "clip":
                    scores = torch.einsum("nctv,nctw->nvw", a, b) / (a.shape[1] * a.shape[2])
                    scores = scores.unsqueeze(1).expand(-1, x.shape[2], -1, -1)
                else:
                    scores = torch.einsum("nctv,nctw->ntvw", a, b) / a.shape[1]
                joints = torch.softmax(scores, -2) + self.A[i] + self.graph_attn[i]
                mixed = torch.einsum("nctv,ntvw->nctw", x, joints)
            total = total + self.g_conv[i](mixed)
        shortcut = self.gcn_residual(x) if hasattr(self, "gcn_residual") else x
        return torch.relu(self.bn(total) + shortcut)


class Attention(nn.Module):
    """Self-attention of the joints, frame by frame and head by head."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.sizes = (outputs // 4, outputs // 4, outputs)
        self.qkv_conv = nn.Conv2d(inputs, sum(self.sizes), 1)
        self.attn_out = nn.Conv2d(outputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv_conv(x).split(self.sizes, 1)
        heads = []
        for head_q, head_k, head_v in zip(q.chunk(8, 1), k.chunk(8, 1), v.chunk(8, 1)):
            scores = torch.einsum("nctv,nctw->ntvw", head_q, head_k) / math.sqrt(head_q.shape[1])
            heads.append(torch.einsum("ntvw,nctw->nctv", scores.softmax(-1), head_v))
        return self.attn_out(torch.cat(heads, 1))


class AttentionUnit(nn.Module):
    """Normalisation, attention, the input added where it fits, normalisation."""

    def __init__(self, inputs: int, outputs: int, A: Tensor) -> None:
        super().__init__()
        self.A = nn.Parameter(A)
        self.data_bn = nn.BatchNorm1d(inputs * A.shape[1])
        self.attention_conv = Attention(inputs, outputs)
        self.bn = nn.BatchNorm2d(outputs)
        self.skip = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        flat = x.permute(0, 1, 3, 2).reshape(x.shape[0], -1, x.shape[2])
        normed = self.data_bn(flat).reshape(*x.shape[:2], x.shape[3], -1).transpose(2, 3)
        y = self.attention_conv(normed)
        return torch.relu(self.bn(y + x if self.skip else y))


class TemporalUnit(nn.Module):
    """Convolution over the frames of each joint, and normalisation."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> None:
        super().__init__()
        self.t_conv = nn.Conv2d(inputs, outputs, (kernel, 1), (stride, 1), (padding, 0))
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.t_conv(x))


class Block(nn.Module):
    """Space, time, and a shortcut around both, cut at both ends where time is not padded."""

    def __init__(
        self, inputs: int, outputs: int, gcn: nn.Module, stride: int, padding: int, first: bool
    ) -> None:
        super().__init__()
        self.gcn = gcn
        self.tcn = TemporalUnit(outputs, outputs, 9, stride, padding)
        self.first, self.cut = first, 4 - padding
        if not first and (inputs != outputs or stride != 1):
            self.residual = TemporalUnit(inputs, outputs, 1, stride, 0)

    def forward(self, x: Tensor) -> Tensor:
        y = self.tcn(self.gcn(x))
        if self.first:
            return torch.relu(y)
        kept = x[:, :, self.cut : x.shape[2] - self.cut]
        return torch.relu(y + (self.residual(kept) if hasattr(self, "residual") else kept))


class Reference(nn.Module):
    """One stream of the published networks, for clips (N, C, T, V, M)."""

    def __init__(
        self,
        family: str,
        starred: bool,
        scope: str | None,
        *,
        channels: list[int],
        classes: int,
        layout: str,
        persons: int,
    ) -> None:
        super().__init__()
        A = adjacency(layout)
        self.data_bn = nn.BatchNorm1d(persons * A.shape[1] * 3)
        self.layers = nn.ModuleDict()
        for i, (inputs, outputs) in enumerate(zip([3, *channels], channels), start=1):
            if family == "s_tr" and i > 3:
                gcn = AttentionUnit(inputs, outputs, A)
            else:
                gcn = GraphUnit(inputs, outputs, A, scope)
            stride = 2 if i in (5, 8) and not starred else 1
            block = Block(inputs, outputs, gcn, stride, 0 if starred else 4, i == 1)
            self.layers[f"layer{i}"] = block
        self.fc = nn.Linear(channels[-1], classes)

    def features(self, x: Tensor) -> Tensor:
        """Return the mean over joints and persons, (N, 256, T_out)."""
        N, C, T, V, M = x.shape
        x = self.data_bn(x.permute(0, 4, 3, 1, 2).reshape(N, M * V * C, T))
        x = x.reshape(N, M, V, C, T).permute(0, 1, 3, 4, 2).reshape(N * M, C, T, V)
        for block in self.layers.values():
            x = block(x)
        return x.reshape(N, M, *x.shape[1:]).mean(4).mean(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the clip's scores: the mean over all frames is classified."""
        return self.fc(self.features(x).mean(2))

    def dense(self, x: Tensor, size: int, padding: int) -> Tensor:
        """Return the scores of every place of a sliding mean over padded features."""
        padded = nn.functional.pad(self.features(x), (padding, padding))
        means = padded.unfold(2, size, 1).mean(-1)
        return self.fc(means.transpose(1, 2)).transpose(1, 2)


def adjacency(layout: str) -> Tensor:
    """Return identity, inward and outward edges, each column divided by its sum."""
    graph = find_skeleton_graph(layout)
    A = torch.zeros(3, graph.num_joints, graph.num_joints)
    for joint in range(graph.num_joints):
        A[0, joint, joint] = 1.0
    for joint, centre in graph.edges:
        A[1, centre, joint] = 1.0
        A[2, joint, centre] = 1.0
    for part in A:
        for column in range(graph.num_joints):
            if part[:, column].sum() > 0:
                part[:, column] /= part[:, column].sum()
    return A
