# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""How the layers of torch.nn become continual: convolutions, linear maps, norms, activations."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from co_perception.continual import activation, local
from co_perception.continual.conv import Conv1d, Conv2d, Conv3d
from co_perception.continual.convert import (
    Conversion,
    adopt,
    integers,
    register_conversion,
    torch_class_of,
)
from co_perception.continual.local import Identity, Linear
from co_perception.continual.module import ContinualModule
from co_perception.continual.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from co_perception.errors import ConfigError

__all__: list[str] = []

_META = torch.device("meta")  # no numbers are drawn for weights that are replaced at once

# What constructors of torch.nn take, and modules keep under the same names.
_PLAIN: dict[type[nn.Module], tuple[str, ...]] = {
    nn.CELU: ("alpha",),
    nn.ELU: ("alpha",),
    nn.GELU: ("approximate",),
    nn.Hardshrink: ("lambd",),
    nn.Hardsigmoid: (),
    nn.Hardswish: (),
    nn.Hardtanh: ("min_val", "max_val"),
    nn.LeakyReLU: ("negative_slope",),
    nn.LogSigmoid: (),
    nn.Mish: (),
    nn.PReLU: ("num_parameters",),
    nn.RReLU: ("lower", "upper"),
    nn.ReLU: (),
    nn.ReLU6: (),
    nn.SELU: (),
    nn.SiLU: (),
    nn.Sigmoid: (),
    nn.Softplus: ("beta", "threshold"),
    nn.Softshrink: ("lambd",),
    nn.Softsign: (),
    nn.Tanh: (),
    nn.Tanhshrink: (),
    nn.Threshold: ("threshold", "value"),
    nn.Dropout: ("p",),
    nn.Dropout1d: ("p",),
    nn.Dropout2d: ("p",),
    nn.Dropout3d: ("p",),
    nn.AlphaDropout: ("p",),
}


def _convert_plain(module: nn.Module, conversion: Conversion) -> ContinualModule:
    """Convert what works number by number, or drops some."""
    torch_class = torch_class_of(module)
    name = torch_class.__name__
    continual_class = getattr(activation, name, None) or getattr(local, name)
    options = {key: getattr(module, key) for key in _PLAIN[torch_class]}
    if name in ("Dropout1d", "Dropout2d", "Dropout3d"):
        conversion.axes.expect_clip(int(name[-2]), over_time=False)
    has_slopes = isinstance(module, nn.PReLU) and module.num_parameters > 1
    if has_slopes and conversion.axes.channels == "last":
        raise ConfigError("has one slope per entry of axis 1, which is time here")
    return adopt(continual_class(**options), module)


for _plain in _PLAIN:
    register_conversion(_plain)(_convert_plain)


@register_conversion(nn.Identity)
def _convert_identity(module: nn.Identity, conversion: Conversion) -> ContinualModule:
    return Identity()


@register_conversion(nn.Softmax)
@register_conversion(nn.LogSoftmax)
@register_conversion(nn.Softmin)
@register_conversion(nn.GLU)
def _convert_along_axis(module: Any, conversion: Conversion) -> ContinualModule:
    """Convert activations along one axis."""
    if module.dim is None:
        raise ConfigError("leaves its axis to torch to guess; give dim")
    continual_class = getattr(activation, torch_class_of(module).__name__)
    converted: ContinualModule = continual_class(conversion.axes.find_axis(module.dim))
    return converted


@register_conversion(nn.Conv1d)
@register_conversion(nn.Conv2d)
@register_conversion(nn.Conv3d)
def _convert_conv(module: Any, conversion: Conversion) -> ContinualModule:
    rank = len(module.kernel_size)
    kernel, stride, dilation = map(integers, (module.kernel_size, module.stride, module.dilation))
    time, *space = _conv_padding(module)
    conversion.axes.expect_clip(rank, over_time=kernel[0] > 1 or time != (0, 0))
    if any(before != after for before, after in space):
        raise ConfigError(
            "pads an axis of space by one more behind than before (padding='same' and an even "
            "kernel); use an odd kernel"
        )
    if module.padding_mode in ("reflect", "circular") and time != (0, 0):
        raise ConfigError(
            f"pads time in mode {module.padding_mode!r}, by frames that have not come; use "
            "'zeros' or 'replicate', or no padding of time"
        )
    continual_class = (Conv1d, Conv2d, Conv3d)[rank - 1]
    converted = continual_class(
        module.in_channels,
        module.out_channels,
        kernel,
        stride,
        (time, *(before for before, _ in space)),
        dilation,
        module.groups,
        module.bias is not None,
        module.padding_mode,
        fill="replicate" if module.padding_mode == "replicate" else "zeros",
        device=_META,
    )
    return adopt(converted, module)


def _conv_padding(module: Any) -> list[tuple[int, int]]:
    """Return the padding before and after each axis."""
    if module.padding == "valid":
        return [(0, 0)] * len(module.kernel_size)
    if module.padding == "same":
        sizes = zip(integers(module.dilation), integers(module.kernel_size))
        totals = [d * (k - 1) for d, k in sizes]
        return [(total // 2, total - total // 2) for total in totals]
    return [(pad, pad) for pad in integers(module.padding)]


@register_conversion(nn.Linear)
def _convert_linear(module: nn.Linear, conversion: Conversion) -> ContinualModule:
    conversion.axes.expect_features()
    converted = Linear(
        module.in_features, module.out_features, module.bias is not None, device=_META
    )
    return adopt(converted, module)


@register_conversion(nn.BatchNorm1d)
@register_conversion(nn.BatchNorm2d)
@register_conversion(nn.BatchNorm3d)
@register_conversion(nn.SyncBatchNorm)
def _convert_batch_norm(module: Any, conversion: Conversion) -> ContinualModule:
    axes = conversion.axes
    if axes.time != "gone":
        ranks: dict[type[nn.Module], int] = {nn.BatchNorm2d: 2, nn.BatchNorm3d: 3}
        rank = ranks.get(torch_class_of(module), axes.rank if axes.channels == "second" else 1)
        axes.expect_clip(rank or 1, over_time=False)
    if not module.track_running_stats:
        raise ConfigError(
            "has no running statistics (track_running_stats=False): its mean is over time, which "
            "steps do not know"
        )
    if module.momentum is None:
        raise ConfigError("averages its statistics over all of training; set a momentum")
    place = module.running_mean.device
    converted = BatchNorm(module.num_features, module.eps, module.momentum, device=place)
    for parameter in converted.parameters():  # what takes the place of weights that are not there
        parameter.requires_grad_(False)
    return adopt(converted, module)


@register_conversion(nn.LayerNorm)
def _convert_layer_norm(module: nn.LayerNorm, conversion: Conversion) -> ContinualModule:
    _check_last_axis_only(module.normalized_shape)
    conversion.axes.expect_features()
    converted = LayerNorm(
        module.normalized_shape[0], module.eps, affine=module.elementwise_affine, device=_META
    )
    if getattr(module, "bias", None) is None:
        converted.bias = None
    return adopt(converted, module)


@register_conversion(nn.RMSNorm)
def _convert_rms_norm(module: nn.RMSNorm, conversion: Conversion) -> ContinualModule:
    _check_last_axis_only(module.normalized_shape)
    conversion.axes.expect_features()
    converted = RMSNorm(
        module.normalized_shape[0], module.eps, affine=module.elementwise_affine, device=_META
    )
    return adopt(converted, module)


def _check_last_axis_only(shape: tuple[int, ...]) -> None:
    if len(shape) != 1:
        raise ConfigError(
            f"normalises over the last {len(shape)} axes at once; co.LayerNorm and co.RMSNorm "
            "take the channels, co.GroupNorm channels and space"
        )


@register_conversion(nn.GroupNorm)
def _convert_group_norm(module: nn.GroupNorm, conversion: Conversion) -> ContinualModule:
    _check_frame_only(conversion, "co.GroupNorm")
    converted = GroupNorm(
        module.num_groups, module.num_channels, module.eps, affine=module.affine, device=_META
    )
    return adopt(converted, module)


@register_conversion(nn.InstanceNorm1d)
@register_conversion(nn.InstanceNorm2d)
@register_conversion(nn.InstanceNorm3d)
def _convert_instance_norm(module: Any, conversion: Conversion) -> ContinualModule:
    _check_frame_only(conversion, "co.InstanceNorm")
    if module.track_running_stats:
        raise ConfigError(
            "has running statistics; in eval mode it is a BatchNorm of them, in training not"
        )
    converted = InstanceNorm(module.num_features, module.eps, affine=module.affine, device=_META)
    return adopt(converted, module)


def _check_frame_only(conversion: Conversion, other: str) -> None:
    if conversion.axes.time == "here":
        raise ConfigError(
            f"normalises over time, of which a step knows one frame; {other} takes each frame's "
            "own mean, and needs training anew"
        )


def _refuse(reason: str, *classes: type[nn.Module]) -> None:
    def refuse(module: nn.Module, conversion: Conversion) -> ContinualModule:
        raise ConfigError(reason)

    for torch_class in classes:
        register_conversion(torch_class)(refuse)


_refuse(
    "spreads one frame over several outputs, and with a stride makes more frames than come; a "
    "step gives one output per frame at most: use a convolution",
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
_refuse(
    "holds modules but no forward; convert what calls them",
    nn.ModuleList,
    nn.ModuleDict,
)
