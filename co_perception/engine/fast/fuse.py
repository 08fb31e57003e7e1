# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The same network with less work: what can be computed once, before any frame comes.

Each pass changes a copy of a network in place. Clip forward, steps, timing and child names stay,
so that the result is proved with the tools that prove the original.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from co_perception import continual as co
from co_perception.errors import ConfigError

__all__ = ["fold_norms", "fuse", "merge_stems", "norm_affine"]

_LINEAR = (co.Conv1d, co.Conv2d, co.Conv3d, co.Linear, co.GraphConv)
_SILENT = (co.Identity, co.Dropout)


@torch.no_grad()
def fuse(network: co.ContinualModule) -> co.ContinualModule:
    """Return a network that does the same with less work; the given one is left as it is.

    Args:
        network: In eval mode.

    Raises:
        ConfigError: In training mode, where batch norm is no fixed map.
    """
    if network.training:
        raise ConfigError("fuse: expected a network in eval mode; call .eval() first")
    fused = copy.deepcopy(network)
    for chain in list(_chains(fused)):
        fold_norms(chain)
        merge_stems(chain)
    return fused


def norm_affine(norm: co.BatchNorm) -> tuple[Tensor, Tensor]:
    """Return the (C,) factor and summand that a batch norm is by its running statistics."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def fold_norms(chain: co.Sequential) -> None:
    """Fold every batch norm that follows a linear map into its weight and bias, in place."""
    before: co.ContinualModule | None = None
    for name, module in chain.children_by_name():
        if isinstance(module, co.BatchNorm) and isinstance(before, _LINEAR):
            _fold(before, *norm_affine(module))
        elif isinstance(module, co.BatchNorm) and isinstance(before, co.PartitionGraphConv):
            _fold_parts(before, *norm_affine(module))
        else:
            before = before if isinstance(module, _SILENT) else module
            continue
        chain._modules[name] = co.Identity()


def _fold(module: nn.Module, scale: Tensor, shift: Tensor) -> None:
    """Let a linear map give `scale * y + shift` instead of y, per output channel."""
    weight, bias = module.weight, module.bias
    assert isinstance(weight, Tensor)
    factor = scale.reshape(-1, *(1,) * (weight.dim() - 1))
    module.weight = nn.Parameter(weight * factor, requires_grad=False)
    shifted = shift if not isinstance(bias, Tensor) else bias * scale + shift
    module.bias = nn.Parameter(shifted, requires_grad=False)


def _fold_parts(graph: co.PartitionGraphConv, scale: Tensor, shift: Tensor) -> None:
    """As `_fold`, for a sum of maps: the first one takes the shift."""
    for i, part in enumerate(graph.maps):
        _fold(part, scale, shift if i == 0 else torch.zeros_like(shift))


def merge_stems(chain: co.Sequential) -> None:
    """Merge a convolution over space with the channel-wise one over time behind it, in place.

    Both are linear, so that their kernels multiply: k_t x 1 x 1 after 1 x k_h x k_w is one of
    k_t x k_h x k_w. The state is then of the first one's input. It pays where that is much smaller
    than its output, as an image is: a little more work, half the memory.
    """
    children = [pair for pair in chain.children_by_name() if not isinstance(pair[1], _SILENT)]
    for (first_name, first), (name, second) in zip(children, children[1:]):
        if not (isinstance(first, co.Conv3d) and isinstance(second, co.Conv3d)):
            continue
        if _can_merge(first, second):
            chain._modules[first_name] = co.Identity()
            chain._modules[name] = _merge(first, second)


def _can_merge(first: co.Conv3d, second: co.Conv3d) -> bool:
    pure_space = first.kernel_size[0] == 1 and first.bias is None and first.groups == 1
    channel_wise = second.groups == second.in_channels == second.out_channels
    pure_time = second.kernel_size[1:] == (1, 1) and second.stride[1:] == (1, 1)
    plain = first.padding_mode == "zeros" and second.space_padding == (0, 0)
    small = first.in_channels * 4 <= first.out_channels
    return pure_space and channel_wise and pure_time and plain and small and first.stride[0] == 1


def _merge(first: co.Conv3d, second: co.Conv3d) -> co.Conv3d:
    merged = co.Conv3d(
        first.in_channels,
        first.out_channels,
        (second.kernel_size[0], *first.kernel_size[1:]),
        stride=(second.stride[0], *first.stride[1:]),
        padding=((second.time.left, second.time.right), *first.space_padding),
        dilation=(second.dilation[0], *first.dilation[1:]),
        bias=second.bias is not None,
        fill=second.fill,
    )
    merged.weight = nn.Parameter(first.weight * second.weight, requires_grad=False)
    merged.bias = second.bias
    return merged.eval()


def _chains(network: co.ContinualModule) -> Iterator[co.Sequential]:
    return (module for module in network.modules() if isinstance(module, co.Sequential))
