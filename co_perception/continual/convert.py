# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Networks of torch.nn as continual modules, with their weights.

    network = co.from_torch(nn.Sequential(nn.Conv3d(3, 8, 3, padding=1), nn.ReLU(), ...))

What is converted gives on clips what the original gives. What cannot be is listed, all of it, with
the reason. How single layers are converted stands in convert_layers, convert_pools and, for
modules with a forward of their own, convert_graph.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from torch import nn
from torch.nn.utils import parametrize

from co_perception.continual.containers import Sequential
from co_perception.continual.convert_axes import Axes
from co_perception.continual.local import Identity
from co_perception.continual.module import ContinualModule
from co_perception.errors import ConfigError, CoPerceptionError

__all__ = ["Conversion", "from_torch", "register_conversion"]

Converter: TypeAlias = Callable[[Any, "Conversion"], ContinualModule]
Function = TypeVar("Function", bound=Converter)

_CONVERTERS: dict[type[nn.Module], Converter] = {}


def register_conversion(torch_class: type[nn.Module]) -> Callable[[Function], Function]:
    """Tell `from_torch` how modules of a class become continual.

        @co.register_conversion(Block)
        def convert_block(block, conversion):
            return co.Residual(conversion.convert(block.main, "main"))

    The function gets the module and the `Conversion`. It raises ConfigError with the reason for
    what it cannot convert. Subclasses need an entry of their own; a later entry replaces the
    earlier one, those for torch.nn too.

    Args:
        torch_class: The class itself.

    Returns:
        A decorator that hands the function on.
    """

    def register(function: Function) -> Function:
        _CONVERTERS[torch_class] = function
        return function

    return register


def from_torch(
    module: nn.Module, *, window: int | None = None, share: bool = False
) -> ContinualModule:
    """Convert a network of torch.nn, with its weights, to continual modules.

    Clips are (B, C, T, ...) as for torch.nn.Conv1d/2d/3d, time first among the axes after the
    channels. Networks of sequence layers (Linear, LayerNorm, LSTM, TransformerEncoder ...), which
    torch.nn feeds (B, T, C) or (T, B, C), become modules on clips (B, C, T) and frames (B, C).

    Sequential networks keep the names of their children, and with them the keys of their state
    dicts. A module with a forward of its own is followed by torch.fx if it only calls its children
    and adds, multiplies or concatenates what they give, as residual blocks do.

    Args:
        module: The network, in training or eval mode, which is kept.
        window: Frames that layers over a whole clip (AdaptiveAvgPool and AdaptiveMaxPool with one
            output in time, TransformerEncoder) look at: a stream has no whole. On clips that bring
            exactly so many frames there the outputs are the original's; on longer ones the
            window slides.
        share: Whether the result uses the very parameters and buffers of the original, so that
            training one trains the other; else it gets copies.

    Returns:
        The continual network.

    Raises:
        ConfigError: If modules cannot be converted: lists all of them by path, with the reasons.
    """
    conversion = Conversion(window)
    converted = conversion.convert(module, "")
    if conversion.problems:
        lines = [f"  {path} ({kind}): {reason}" for path, kind, reason in conversion.problems]
        raise ConfigError(
            f"from_torch: {len(lines)} module(s) of {type(module).__name__} cannot be converted:\n"
            + "\n".join(lines)
            + "\nreplace them, or tell how with co.register_conversion"
        )
    return converted if share else copy.deepcopy(converted)


@dataclasses.dataclass
class Conversion:
    """One walk through a network, in the order of its computation.

    Attributes:
        window: Frames for layers over a whole clip, if given.
        axes: What is known of the data where the walk is.
        path: Names down to the module that is being converted.
        problems: Path, class and reason of each module that cannot be converted.
    """

    window: int | None = None
    axes: Axes = dataclasses.field(default_factory=Axes)
    path: list[str] = dataclasses.field(default_factory=list)
    problems: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)

    def convert(self, module: nn.Module, name: str) -> ContinualModule:
        """Convert a child that is fed what the module before it gave.

        Args:
            module: The child.
            name: Its name in its parent, for the report.

        Returns:
            The continual module; in its place an Identity if it cannot be converted, which is
            reported at the end.
        """
        self.path.append(name)
        try:
            return self._convert(module)
        except CoPerceptionError as error:
            path = ".".join(part for part in self.path if part)
            self.problems.append((path or "itself", type(module).__name__, str(error)))
            return Identity()
        finally:
            self.path.pop()

    def convert_branches(
        self, modules: Mapping[str, nn.Module]
    ) -> OrderedDict[str, ContinualModule]:
        """Convert children that are all fed the same, such as main path and shortcut."""
        start, branches = self.axes, OrderedDict[str, ContinualModule]()
        for name, module in modules.items():
            self.axes = start.copy()
            branches[name] = self.convert(module, name)
        return branches

    def _convert(self, module: nn.Module) -> ContinualModule:
        if isinstance(module, ContinualModule):
            return module
        _check_plain(module)
        converted = _find_converter(type(module))(module, self)
        converted.training = module.training
        return converted


@register_conversion(nn.Sequential)
def convert_sequential(module: nn.Sequential, conversion: Conversion) -> ContinualModule:
    """Convert the children one after another; names stay."""
    children = [(name, conversion.convert(child, name)) for name, child in module.named_children()]
    return Sequential(OrderedDict(children))


def _find_converter(torch_class: type[nn.Module]) -> Converter:
    """Return the entry of a class, or of the base whose behaviour it leaves as it is."""
    for i, base in enumerate(torch_class.__mro__):
        added = {name for derived in torch_class.__mro__[:i] for name in vars(derived)}
        changed = {name for name in added & set(dir(base)) if not name.startswith("__")}
        if base in _CONVERTERS and (base is nn.Module or not changed):
            return _CONVERTERS[base]
    raise AssertionError("nn.Module itself has an entry")


def torch_class_of(module: nn.Module) -> type[nn.Module]:
    """Return the class of torch.nn that a module is of, or derived from."""
    return next(c for c in type(module).__mro__ if c.__module__.startswith("torch.nn."))


def _check_plain(module: nn.Module) -> None:
    """Raise a ConfigError if a module does more than its class says."""
    if isinstance(module, nn.modules.lazy.LazyModuleMixin) and module.has_uninitialized_params():
        raise ConfigError("has no weights yet; run the network on a clip first")
    if parametrize.is_parametrized(module):
        raise ConfigError(
            "has parametrised weights; call torch.nn.utils.parametrize.remove_parametrizations "
            "first"
        )
    if module._forward_hooks or module._forward_pre_hooks:
        raise ConfigError(
            "has forward hooks, which would be lost; remove them first (weight_norm and "
            "spectral_norm: remove_weight_norm, remove_spectral_norm)"
        )


def adopt(converted: ContinualModule, module: nn.Module) -> ContinualModule:
    """Give a continual module the parameters, buffers and mode of the original, by name."""
    for kind in ("parameters", "buffers"):
        for name, tensor in getattr(module, f"named_{kind}")(remove_duplicate=False):
            parent, _, leaf = name.rpartition(".")
            getattr(converted.get_submodule(parent), f"_{kind}")[leaf] = tensor
    converted.train(module.training)
    return converted


def integers(entries: tuple[Any, ...]) -> tuple[int, ...]:
    """Return plain numbers: sizes that were computed may be numpy's, which no graph takes."""
    return tuple(int(entry) for entry in entries)
