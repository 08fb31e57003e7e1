# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion of modules with a forward of their own, by following it with torch.fx.

Followed is what calls children, adds, multiplies or concatenates what they give, and applies plain
activations. Where paths part and meet again, the part between becomes a BroadcastReduce:

    y = self.conv2(relu(self.conv1(x)))        conv1 - relu - conv2 --|
    return relu(y + x)                         Identity --------------+-- add - relu
"""

from __future__ import annotations

import functools
import operator
from collections import OrderedDict
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from co_perception.continual import activation
from co_perception.continual.branches import BroadcastReduce
from co_perception.continual.containers import Sequential
from co_perception.continual.convert import Conversion, register_conversion
from co_perception.continual.local import Identity
from co_perception.continual.module import ContinualModule
from co_perception.continual.reduction import Reduction
from co_perception.continual.shape import Add, Multiply
from co_perception.errors import ConfigError

__all__ = ["convert_graph"]

_JOINS: dict[Any, Reduction] = {
    operator.add: "sum",
    operator.iadd: "sum",
    torch.add: "sum",
    "add": "sum",
    "add_": "sum",
    operator.mul: "mul",
    operator.imul: "mul",
    torch.mul: "mul",
    "mul": "mul",
    torch.maximum: "max",
    torch.cat: "concat",
    torch.concat: "concat",
}
_ACTIVATIONS: dict[Any, type[ContinualModule]] = {
    functional.relu: activation.ReLU,
    torch.relu: activation.ReLU,
    "relu": activation.ReLU,
    "relu_": activation.ReLU,
    functional.silu: activation.SiLU,
    functional.hardswish: activation.Hardswish,
    functional.gelu: activation.GELU,
    functional.sigmoid: activation.Sigmoid,
    torch.sigmoid: activation.Sigmoid,
    "sigmoid": activation.Sigmoid,
    functional.tanh: activation.Tanh,
    torch.tanh: activation.Tanh,
    "tanh": activation.Tanh,
}
_ADVICE = (
    "write it with co.Sequential, co.Residual and co.BroadcastReduce, or tell how with "
    "co.register_conversion"
)


class _Tracer(fx.Tracer):
    """Follows one forward and calls nothing inside the children."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


@register_conversion(nn.Module)
def convert_graph(module: nn.Module, conversion: Conversion) -> ContinualModule:
    """Convert a module by following its forward.

    Raises:
        ConfigError: If the forward does what cannot be followed.
    """
    if type(module).__module__.startswith("torch.nn."):
        raise ConfigError("has no continual form here; tell how with co.register_conversion")
    try:
        graph = _Tracer().trace(module)
    except Exception as error:  # whatever a forward does with what is no tensor
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ConfigError(
            f"has a forward that cannot be followed ({reason}); {_ADVICE}"
        ) from error
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    output = next(node for node in graph.nodes if node.op == "output").args[0]
    if len(inputs) != 1 or not isinstance(output, fx.Node):
        raise ConfigError(f"has a forward of other than one input and one output; {_ADVICE}")
    return _Walk(module, conversion, graph).convert_chain(inputs[0], output)


class _Walk:
    """A walk through the graph of one forward, from its end to its input and back."""

    def __init__(self, module: nn.Module, conversion: Conversion, graph: fx.Graph) -> None:
        self.module, self.conversion = module, conversion
        self.dominators = _find_dominators(graph)
        self.seen: set[fx.Node] = set()

    def convert_chain(self, start: fx.Node, end: fx.Node) -> Sequential:
        """Convert all that lies on paths from one node, not included, to another."""
        links = []
        while end is not start:
            if end in self.seen:
                raise ConfigError(
                    f"uses '{end.name}' in paths that do not meet again in one place; {_ADVICE}"
                )
            self.seen.add(end)
            links.append(end)
            end = self.dominators[end]
        children: OrderedDict[str, ContinualModule] = OrderedDict()
        for node in reversed(links):
            name = str(node.target) if node.op == "call_module" else node.name
            name = node.name if "." in name or name in children else name
            children[name] = self._convert_node(node)
        return Sequential(children)

    def _convert_node(self, node: fx.Node) -> ContinualModule:
        if node.op == "call_module" and len(node.args) == 1 and not node.kwargs:
            target = str(node.target)
            return self.conversion.convert(self.module.get_submodule(target), target)
        key = node.target if node.op in ("call_function", "call_method") else None
        if key in _JOINS:
            return self._convert_join(node, _JOINS[key])
        is_plain = len(node.all_input_nodes) == len(node.args) == 1
        if key in _ACTIVATIONS and is_plain and not set(node.kwargs) - {"inplace"}:
            return _ACTIVATIONS[key]()
        if key in (torch.flatten, "flatten"):
            return self.conversion.convert(nn.Flatten(*_flatten_axes(node)), node.name)
        what = getattr(key, "__name__", key) if key is not None else f"{node.op} {node.target}"
        raise ConfigError(f"has a forward with '{what}', which is not followed; {_ADVICE}")

    def _convert_join(self, node: fx.Node, reduce: Reduction) -> ContinualModule:
        """Convert what lies between a join and the node where its operands part."""
        operands = node.args
        if reduce == "concat":
            operands = tuple(node.args[0])  # type: ignore[arg-type]
            dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
            if self.conversion.axes.find_axis(dim) != 1:  # type: ignore[arg-type]
                raise ConfigError(f"concatenates along axis {dim}; only channels (1) can be")
        elif node.kwargs:
            raise ConfigError(f"calls '{node.name}' with {sorted(node.kwargs)}; {_ADVICE}")
        numbers = [float(x) for x in operands if isinstance(x, int | float)]
        if len(operands) == 2 and len(numbers) == 1 and reduce in ("sum", "mul"):
            return (Add if reduce == "sum" else Multiply)(numbers[0])
        if not all(isinstance(x, fx.Node) for x in operands):
            raise ConfigError(f"has a forward with '{node.name}' of other than tensors; {_ADVICE}")
        return self._convert_branches(self.dominators[node], operands, reduce)

    def _convert_branches(
        self, start: fx.Node, ends: tuple[Any, ...], reduce: Reduction
    ) -> ContinualModule:
        axes = self.conversion.axes
        branches: OrderedDict[str, ContinualModule] = OrderedDict()
        for i, end in enumerate(ends):
            self.conversion.axes = axes.copy()
            chain = self.convert_chain(start, end)
            branches[str(i)] = chain if len(chain) else Identity()
        return BroadcastReduce(branches, reduce=reduce)


def _find_dominators(graph: fx.Graph) -> dict[fx.Node, fx.Node]:
    """Return for each node the last one that all paths to it go through."""
    order: dict[fx.Node, int] = {node: i for i, node in enumerate(graph.nodes)}
    above: dict[fx.Node, fx.Node] = {}

    def meet(a: fx.Node, b: fx.Node) -> fx.Node:
        while a is not b:
            if order[a] < order[b]:
                b = above[b]
            else:
                a = above[a]
        return a

    root = next(iter(graph.nodes))
    for node in graph.nodes:
        if node is not root:
            inputs = list(node.all_input_nodes) or [root]
            above[node] = functools.reduce(meet, inputs)
    return above


def _flatten_axes(node: fx.Node) -> tuple[int, int]:
    """Return start and end of a call of flatten."""
    given: list[Any] = list(node.args[1:])
    start = node.kwargs.get("start_dim", given[0] if given else 0)
    end = node.kwargs.get("end_dim", given[1] if len(given) > 1 else -1)
    return start, end  # type: ignore[return-value]
