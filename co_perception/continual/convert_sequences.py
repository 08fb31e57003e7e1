# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""How torch.nn's layers on sequences (B, T, C) become continual: recurrences and transformers."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from co_perception.continual.convert import Conversion, adopt, register_conversion
from co_perception.continual.module import ContinualModule
from co_perception.continual.recurrent import GRU, LSTM, RNN
from co_perception.continual.transformer import TransformerEncoder
from co_perception.continual.transformer_layers import SingleOutputTransformerEncoderLayer
from co_perception.errors import ConfigError

__all__: list[str] = []

_META = torch.device("meta")  # no numbers are drawn for weights that are replaced at once


@register_conversion(nn.RNN)
@register_conversion(nn.LSTM)
@register_conversion(nn.GRU)
def _convert_recurrent(module: Any, conversion: Conversion) -> ContinualModule:
    """Convert recurrences; outputs are the original's first ones, the sequence."""
    conversion.axes.expect_features()
    special: dict[str, Any] = {}
    if isinstance(module, nn.RNN):
        special["nonlinearity"] = module.nonlinearity
    if module.proj_size:
        special["proj_size"] = module.proj_size
    make: Any = next(ours for ours in (RNN, LSTM, GRU) if isinstance(module, ours.torch_class))
    converted: ContinualModule = make(
        module.input_size,
        module.hidden_size,
        module.num_layers,
        bias=module.bias,
        dropout=module.dropout,
        bidirectional=module.bidirectional,
        device=_META,
        **special,
    )
    return adopt(converted, module)


@register_conversion(nn.TransformerEncoder)
def _convert_encoder(module: nn.TransformerEncoder, conversion: Conversion) -> ContinualModule:
    """Convert to the encoder over a sliding window; outputs are those of its newest token."""
    options = {tuple(_encoder_options(layer).items()) for layer in module.layers}
    if len(options) != 1:
        raise ConfigError("has layers of unlike options; convert them one by one")
    has_norm = isinstance(module.norm, nn.LayerNorm) and module.norm.bias is not None
    if module.norm is not None and not has_norm:
        raise ConfigError("ends in a norm that is no LayerNorm with a bias")
    window = _require_window(conversion)
    conversion.axes.expect_features()
    converted = TransformerEncoder(
        len(module.layers), window=window, norm=has_norm, **dict(options.pop())
    )
    if has_norm:
        converted.norm.eps = module.norm.eps  # type: ignore[union-attr]
    return adopt(converted, module)


@register_conversion(nn.TransformerEncoderLayer)
def _convert_encoder_layer(
    module: nn.TransformerEncoderLayer, conversion: Conversion
) -> ContinualModule:
    """Convert to the layer over a sliding window; outputs are those of its newest token."""
    options, window = _encoder_options(module), _require_window(conversion)
    conversion.axes.expect_features()
    return adopt(SingleOutputTransformerEncoderLayer(window=window, **options), module)


def _encoder_options(layer: Any) -> dict[str, Any]:
    """Return the options of an encoder layer, as ours take them."""
    if not isinstance(layer, nn.TransformerEncoderLayer):
        raise ConfigError(f"has a {type(layer).__name__} as layer")
    if layer.linear1.bias is None:
        raise ConfigError("has linear maps without bias (bias=False)")
    if layer.norm1.eps != layer.norm2.eps or layer.dropout.p != layer.self_attn.dropout:
        raise ConfigError("has norms or dropouts of unlike options")
    activations = {1: "relu", 2: "gelu"}
    if layer.activation_relu_or_gelu not in activations:
        raise ConfigError("has an activation that is neither relu nor gelu")
    return {
        "d_model": layer.self_attn.embed_dim,
        "nhead": layer.self_attn.num_heads,
        "dim_feedforward": layer.linear1.out_features,
        "dropout": layer.dropout.p,
        "activation": activations[layer.activation_relu_or_gelu],
        "layer_norm_eps": layer.norm1.eps,
        "norm_first": layer.norm_first,
    }


def _require_window(conversion: Conversion) -> int:
    """Return the window for a layer over a whole clip."""
    if conversion.window is None:
        raise ConfigError(
            "looks at the whole clip, and a stream has no whole; give from_torch(..., window=n), "
            "the number of frames that it shall see"
        )
    return conversion.window


@register_conversion(nn.MultiheadAttention)
def _refuse_attention(module: nn.MultiheadAttention, conversion: Conversion) -> ContinualModule:
    raise ConfigError(
        "is called with query, key and value, which a chain of modules cannot give; load its "
        "state dict into co.SingleOutputMultiheadAttention or co.RetroactiveMultiheadAttention, "
        "which attend over a sliding window of one stream"
    )
