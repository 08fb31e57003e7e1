# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""pytorchvideo's networks with the weights of ours: the oracle of the networks for video.

Tests and benchmarks share this. pytorchvideo comes from requirements/peers.txt.
"""

from __future__ import annotations

import re
import sys
import types
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from co_perception.continual import BatchNorm
from co_perception.models import ContinualModel

__all__ = ["make_pytorchvideo", "randomise", "see_single_frames"]

X3D_DEPTH = {"xs": 2.2, "s": 2.2, "m": 2.2, "l": 5.0}
# pytorchvideo calls the spatial half of X3D's stem conv_t and the temporal one conv_xy.
STEM = (
    (r"^s1\.conv_xy\.", "blocks.0.conv.conv_t."),
    (r"^s1\.conv\.", "blocks.0.conv{stem}."),
    (r"^s1\.bn\.", "blocks.0.norm."),
)
BLOCK = (
    (r"\.res(\d+)\.", r".res_blocks.\1."),
    (r"\.main\.([abc])\.", r".branch2.conv_\1."),
    (r"\.main\.b_bn\.", ".branch2.norm_b{norm_b}."),
    (r"\.main\.([ac])_bn\.", r".branch2.norm_\1."),
    (r"\.main\.se\.fc1\.", ".branch2.norm_b.1.block.0."),
    (r"\.main\.se\.fc2\.", ".branch2.norm_b.1.block.2."),
    (r"\.shortcut\.conv\.", ".branch1_conv."),
    (r"\.shortcut\.bn\.", ".branch1_norm."),
)
HEAD = (
    (r"^head\.conv_5\.", "blocks.{head}.pool.pre_conv."),
    (r"^head\.conv_5_bn\.", "blocks.{head}.pool.pre_norm."),
    (r"^head\.lin_5\.", "blocks.{head}.pool.post_conv."),
    (r"^head\.projection\.", "blocks.{head}.proj."),
)


@torch.no_grad()
def randomise(model: nn.Module, seed: int = 0) -> None:
    """Give a network weights that let every layer matter, statistics of batch norms included.

    Freshly made networks hide errors: their logits are nearly the last bias, the gates of
    squeeze-excitation all stand at one half, and batch norms do nothing.
    """
    torch.manual_seed(seed)
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if isinstance(module, BatchNorm):
            module.running_mean.normal_(0.0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.bias.normal_(0.0, 0.1)
            module.weight.uniform_(0.5, 1.5)
        elif isinstance(weight, Tensor):
            weight.normal_(0.0, (2.0 / weight[0].numel()) ** 0.5)
    blocks = sum(name.endswith(".c_bn") for name, _ in model.named_modules())
    for name, module in model.named_modules():
        if name.endswith(".c_bn"):  # else rounding grows from block to block, 1000 times in X3D-L
            module.weight.mul_(blocks**-0.5)
        elif name.endswith("se.fc2"):
            module.weight.mul_(3.0)
        elif name.endswith(".projection"):
            module.bias.zero_()


def make_pytorchvideo(model: ContinualModel) -> nn.Module:
    """Return pytorchvideo's network of the same options with the model's weights.

    It pools over a window that slides: clips (B, 3, T, H, W) to (B, K, T', 1, 1). Where it has no
    batch norm although the model has one (after projections that keep the number of channels),
    the model's is set to do nothing.

    Args:
        model: One of the X3D, Slow or I3D family; in eval mode.
    Raises:
        ModuleNotFoundError: If pytorchvideo is missing.
    """
    kind = model.architecture.removeprefix("co").partition("_")[0]
    peer: nn.Module = (_make_x3d if kind == "x3d" else _make_resnet)(model)
    tensors = {_to_peer_name(name, kind): v for name, v in model.network.state_dict().items()}
    wanted = peer.state_dict()
    missing = {name.rpartition(".")[0] for name in tensors.keys() - wanted.keys()}
    assert all(name.endswith(".branch1_norm") for name in missing), missing
    for name, module in model.network.named_modules():
        if _to_peer_name(f"{name}.", kind).removesuffix(".") in missing:
            _make_idle(module)
    peer.load_state_dict({name: tensors[name].reshape(v.shape) for name, v in wanted.items()})
    return peer.eval()


def see_single_frames(peer: nn.Module) -> nn.Module:
    """Let the squeeze-excitation of an X3D of pytorchvideo pool over each frame on its own."""
    for module in peer.modules():
        if type(module).__name__ == "SqueezeExcitation":
            module.forward = types.MethodType(_excite_single_frames, module)
    return peer


def _excite_single_frames(self: Any, x: Tensor) -> Tensor:
    gates: Tensor = self.block(x.mean((3, 4), keepdim=True))
    return x * gates


def _make_x3d(model: ContinualModel) -> nn.Module:
    _import_models()
    from pytorchvideo.models.x3d import create_x3d

    options = model.arguments
    return create_x3d(
        input_clip_length=options["window"],
        input_crop_size=options["image_size"],
        model_num_class=options["num_classes"],
        width_factor=2.0 * options["width"],
        depth_factor=X3D_DEPTH[model.architecture.rpartition("_")[2]],
        head_dim_out=model.network.head.lin_5.out_features,
        head_activation=None,
        head_output_with_global_average=False,
    )


def _make_resnet(model: ContinualModel) -> nn.Module:
    _import_models()
    from pytorchvideo.models.resnet import create_resnet

    options, is_i3d = model.arguments, "i3d" in model.architecture
    space = -(-options["image_size"] // 32)
    only_i3d: dict[str, Any] = {
        "stage1_pool": nn.MaxPool3d,
        "stage_conv_a_kernel_size": (
            (3, 1, 1),
            [(3, 1, 1), (1, 1, 1)],
            [(3, 1, 1), (1, 1, 1)],
            [(1, 1, 1), (3, 1, 1)],
        ),
    }
    return create_resnet(
        model_num_class=options["num_classes"],
        stem_dim_out=model.network.s1.conv.out_channels,
        stem_conv_kernel_size=(5 if is_i3d else 1, 7, 7),
        head_pool_kernel_size=(options["window"] // model.spec.time_stride, space, space),
        head_output_with_global_average=False,
        **(only_i3d if is_i3d else {}),
    )


def _to_peer_name(name: str, kind: str) -> str:
    """Return pytorchvideo's name of a tensor of ours; `kind` is "x3d", "slow" or "i3d"."""
    shift = 1 if kind == "i3d" else 0  # its pool after the first stage is a block
    parts = {
        "stem": ".conv_xy" if kind == "x3d" else "",
        "norm_b": ".0" if kind == "x3d" else "",
        "head": str(5 + shift),
    }
    stage = re.match(r"s([2-5])\.", name)
    if stage:
        number = int(stage[1])
        name = f"blocks.{number - 1 + (shift if number > 2 else 0)}.{name[stage.end() :]}"
    for pattern, replacement in (*STEM, *BLOCK, *HEAD):
        name = re.sub(pattern, _fill_in(replacement, parts), name)
    return name


def _fill_in(replacement: str, parts: dict[str, str]) -> str:
    return replacement.format(**parts) if "{" in replacement else replacement


def _make_idle(norm: nn.Module) -> None:
    assert isinstance(norm, BatchNorm)
    with torch.no_grad():
        norm.weight.fill_(1.0)
        norm.bias.zero_()
        norm.running_mean.zero_()
        norm.running_var.fill_(1.0 - norm.eps)


def _import_models() -> None:
    """Import pytorchvideo's networks without torchvision, of which they need one class unused."""
    if "pytorchvideo.models" in sys.modules:
        return
    operators = types.ModuleType("torchvision.ops")
    operators.RoIAlign = _NoRoIAlign  # type: ignore[attr-defined]
    stand_in = {"torchvision": types.ModuleType("torchvision"), "torchvision.ops": operators}
    before = {name: sys.modules.get(name) for name in stand_in}
    sys.modules.update(stand_in)
    try:
        with warnings.catch_warnings():  # fvcore compiles its losses by a way now deprecated
            warnings.filterwarnings("ignore", "`torch.jit.script` is", DeprecationWarning)
            import pytorchvideo.models  # noqa: F401
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


class _NoRoIAlign(nn.Module):
    """Stand in for the class of detection networks."""
