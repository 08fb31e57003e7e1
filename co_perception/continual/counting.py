# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Count the multiply-adds that a function executes, whatever it is made of.

What counts:

    convolutions, matrix products, recurrent layers, attention    products that are summed
    pools, and sums, means and maxima over axes                   numbers that go in
    numbers one by one: bias, activations, masks, normalisation   nothing
    and softmax; copies

So a mean over 64 frames of 432 channels counts 64 x 432, and a batch norm nothing. Shapes decide
alone: on the meta device a network of any size is counted in no time, without memory.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from co_perception.errors import ConfigError

__all__ = ["count_macs", "count_macs_by_operation"]

Rule: TypeAlias = Callable[[Mapping[str, Any], Any], int]
"""From an operation's arguments by name, and its result, to its multiply-adds."""


def count_macs(function: Callable[..., Any], *inputs: Any, **options: Any) -> int:
    """Return the multiply-adds that a call executes.

        co.count_macs(network, clip)
        co.count_macs(network.forward_step, frame, state, phase=0)

    torch's FlopCounterMode agrees where it has a formula; it counts nothing for pools, LSTM and
    fused attention on a CPU.

    Args:
        function: What to call; gradients are off meanwhile.
        inputs: Its arguments.
        options: Its keyword arguments.

    Raises:
        ConfigError: If an operation does work that no rule here covers.
    """
    return sum(count_macs_by_operation(function, *inputs, **options).values())


def count_macs_by_operation(
    function: Callable[..., Any], *inputs: Any, **options: Any
) -> dict[str, int]:
    """Return the multiply-adds of a call per kind of operation, by torch's name for it.

    See `count_macs`.
    """
    counter = _Counting()
    with torch.no_grad(), counter:
        function(*inputs, **options)
    return dict(counter.macs)


class _Counting(TorchDispatchMode):
    """Looks at every operation that reaches a device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs: Counter[str] = Counter()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run an operation and count it; one that is made of others is looked at in its parts."""
        options = kwargs or {}
        name = func.overloadpacket.__name__
        rule = _RULES.get(name)
        if rule is None:
            with self:
                result = func.decompose(*args, **options)
            if result is not NotImplemented:
                return result
            if _WORK.search(name) and name not in _FREE:
                raise ConfigError(
                    f"count_macs: no rule for the operation {func}; count networks in eval mode "
                    "and without a backward pass, or give the operation a rule in "
                    "co_perception/continual/counting.py"
                )
        result = func(*args, **options)
        if rule is not None:
            names = (argument.name for argument in func._schema.arguments)
            count = rule({**dict(zip(names, args)), **options}, result)
            if count:
                self.macs[name] += count
        return result


def _convolution(given: Mapping[str, Any], result: Any) -> int:
    weight = given["weight"]  # (O, C / groups, ...), transposed (C, O / groups, ...)
    of = given["input"] if given["transposed"] else result
    return int(of.numel() * math.prod(weight.shape[1:]))


def _product(first: str, second: str) -> Rule:
    """Return the rule of a product (..., n, k) times (..., k, m), or times a vector (k,)."""

    def count(given: Mapping[str, Any], result: Any) -> int:
        a, b = given[first], given[second]
        return int(a.numel() * (b.shape[-1] if b.dim() > 1 else 1))

    return count


def _attention(given: Mapping[str, Any], result: Any) -> int:
    query, key, value = given["query"], given["key"], given["value"]  # (B, heads, tokens, size)
    return int(query.shape[:-1].numel() * key.shape[-2] * (query.shape[-1] + value.shape[-1]))


def _fused_attention(query: Tensor, key: Tensor, weights: list[Tensor]) -> int:
    """Count attention of (B, L, D) over (B, S, D), heads and maps included."""
    tokens = query.shape[:-1].numel()
    return tokens * (2 * key.shape[-2] * query.shape[-1] + sum(w.numel() for w in weights))


def _native_attention(given: Mapping[str, Any], result: Any) -> int:
    weights = [given["qkv_weight"], given["proj_weight"]]
    return _fused_attention(given["query"], given["key"], weights)


def _native_encoder(given: Mapping[str, Any], result: Any) -> int:
    names = ("qkv_weight", "proj_weight", "ffn_weight_1", "ffn_weight_2")
    return _fused_attention(given["src"], given["src"], [given[name] for name in names])


def _recurrence(*names: str) -> Rule:
    """Return the rule of a fused recurrent layer, given the names of its weights or lists."""

    def count(given: Mapping[str, Any], result: Any) -> int:
        frames = given["input"].shape[:-1].numel()
        found = (given[name] for name in names)
        weights = (w for each in found for w in ([each] if isinstance(each, Tensor) else each))
        return int(frames * sum(w.numel() for w in weights if w.dim() == 2))

    return count


def _pool(given: Mapping[str, Any], result: Any) -> int:
    pooled = result[0] if isinstance(result, tuple) else result
    kernel, axes = given["kernel_size"], given["self"].dim() - 2
    return int(pooled.numel() * math.prod(kernel if len(kernel) > 1 else list(kernel) * axes))


def _reduction(given: Mapping[str, Any], result: Any) -> int:
    numbers = given["self"]
    counts = numbers.is_floating_point() and "other" not in given  # torch.max(a, b) is one by one
    return int(numbers.numel()) if counts else 0


_RULES: dict[str, Rule] = {
    "convolution": _convolution,
    "_convolution": _convolution,
    "mm": _product("self", "mat2"),
    "mv": _product("self", "vec"),
    "dot": _product("self", "tensor"),
    "bmm": _product("self", "mat2"),
    "addmm": _product("mat1", "mat2"),
    "_addmm_activation": _product("mat1", "mat2"),
    "addmv": _product("mat", "vec"),
    "addbmm": _product("batch1", "batch2"),
    "baddbmm": _product("batch1", "batch2"),
    "_scaled_dot_product_flash_attention": _attention,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_scaled_dot_product_efficient_attention": _attention,
    "_scaled_dot_product_cudnn_attention": _attention,
    "_scaled_dot_product_fused_attention_overrideable": _attention,
    "_native_multi_head_attention": _native_attention,
    "_transformer_encoder_layer_fwd": _native_encoder,
    "mkldnn_rnn_layer": _recurrence("weight0", "weight1"),
    "_cudnn_rnn": _recurrence("weight"),
    "avg_pool2d": _pool,
    "avg_pool3d": _pool,
    "max_pool2d_with_indices": _pool,
    "max_pool3d_with_indices": _pool,
    "_adaptive_avg_pool2d": _reduction,
    "_adaptive_avg_pool3d": _reduction,
    "adaptive_max_pool2d": _reduction,
    "adaptive_max_pool3d": _reduction,
    **dict.fromkeys(
        ("sum", "mean", "prod", "amax", "amin", "max", "min", "var", "std", "linalg_vector_norm"),
        _reduction,
    ),
}
_WORK = re.compile(r"conv|(?<!a)mm|matmul|rnn|lstm|gru|attention|pool|^_?(tri)?linear|cdist")
_FREE = {"_thnn_fused_lstm_cell", "_thnn_fused_gru_cell"}  # what follows the products
