# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Reading files of weights without running anything that is in them.

Safetensors files hold tensors only. Torch files are pickles: they are read by torch's restricted
unpickler, which builds tensors, plain values and a few harmless classes, and refuses the rest
before any of it runs. Everything else is refused by its first bytes, with a word on what it is.
"""

from __future__ import annotations

import dataclasses
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from co_perception.errors import DependencyError, WeightsError
from co_perception.models.pickled_names import inert_classes

__all__ = ["MAX_BYTES", "WeightFile", "no_safetensors", "read_weight_file"]

MAX_BYTES = 4 << 30
"""The largest file, and the largest sum of tensors, that is read; published ones are < 0.3 GB."""

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The pickled magic number that files of torch.save before 1.6 begin with."""
_HEAD_BYTES = 512

# Where training code puts the weights beside optimiser states, epoch numbers and the like.
_WRAPPERS = ("model_state", "model_state_dict", "state_dict", "model", "net", "weights")
_PREFIXES = ("module.", "model.")
"""What torch's DataParallel and Lightning put before every name."""


@dataclasses.dataclass(frozen=True)
class WeightFile:
    """The tensors of a file.

    Attributes:
        path: The file.
        container: "safetensors" or "torch".
        tensors: By name, without wrappers and prefixes.
        wrapper: Where in the file the tensors were, such as "model_state"; "" at the top.
        prefix: What was cut off every name, such as "module."; "" if nothing.
        beside: Names of what else lies in the file, such as "epoch"; not looked at.
        metadata: Of a safetensors file.
    """

    path: Path
    container: str
    tensors: Mapping[str, Tensor]
    wrapper: str = ""
    prefix: str = ""
    beside: tuple[str, ...] = ()
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)


def read_weight_file(path: Path | str) -> WeightFile:
    """Read the tensors of a safetensors or torch file; no code of the file runs.

    Raises:
        WeightsError: If the file is missing, damaged, far too large, or holds other things.
        DependencyError: If it is a safetensors file and that library is missing.
    """
    file = Path(path)
    _check_is_file(file)
    with file.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
    _refuse_by_head(file, head)
    if head.startswith((_ZIP, _LEGACY_TORCH)):
        return _read_torch(file, is_zip=head.startswith(_ZIP))
    return _read_safetensors(file)


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise WeightsError(
            f"{path}: expected a file of weights, got a folder; for a model folder, name the "
            "weights.safetensors in it"
        )
    if not path.is_file():
        raise WeightsError(f"{path}: expected a file of weights, found none; check the path")
    size = path.stat().st_size
    if size == 0:
        raise WeightsError(f"{path}: the file is empty; fetch it again")
    if size > MAX_BYTES:
        raise WeightsError(f"{path}: expected at most {MAX_BYTES} bytes of weights, got {size}")


def _refuse_by_head(path: Path, head: bytes) -> None:
    """Raise for what is plainly no file of weights, saying what it is."""
    text = head.lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        what = "a web page: the download failed, or needs a login; fetch the file itself"
    elif text.startswith(b"version https://git-lfs"):
        what = "a Git LFS pointer: run `git lfs pull` to get the file that it stands for"
    elif head.startswith(_PICKLE) and not (head.startswith(_LEGACY_TORCH) or _has_header(head)):
        what = (
            "a plain pickle (Caffe2 model zoos use them): to read one is to run it, so it is "
            "refused. Take the .pyth or .pt of the same model, or convert it where you trust it"
        )
    elif not (head.startswith(_ZIP) or _has_header(head)) and _is_text(head):
        what = "text"
    else:
        return
    raise WeightsError(f"{path}: expected a safetensors file or one of torch.save, got {what}")


def _has_header(head: bytes) -> bool:
    """Tell whether this may be safetensors: a length of 8 bytes of any value, then JSON."""
    return head[8:9] == b"{"


def _is_text(head: bytes) -> bool:
    try:
        return head.decode("utf-8").isprintable() or (b"\n" in head and b"\0" not in head)
    except UnicodeDecodeError:
        return False


def _read_safetensors(path: Path) -> WeightFile:
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise no_safetensors(path) from error
    try:
        with safe_open(path, "pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            metadata = dict(opened.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path}: expected a safetensors file (or one of torch.save), but it is damaged or "
            f"cut off: {error}"
        ) from error
    return WeightFile(path, "safetensors", tensors, metadata=metadata)


def _read_torch(path: Path, *, is_zip: bool) -> WeightFile:
    try:
        if is_zip:
            _check_archive(path)
        with (
            warnings.catch_warnings(),
            torch.serialization.safe_globals(inert_classes(path, is_zip=is_zip)),
        ):
            warnings.simplefilter("ignore")  # torch wonders about protocols in damaged files
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path}: expected a torch file of tensors, but it holds other Python objects, which "
            f"are never run: {_asked_for(error)}. Load it where you trust it, and save its "
            "state_dict alone"
        ) from error
    except WeightsError:
        raise
    except Exception as error:  # torch raises anything on scrambled bytes, AssertionError too
        raise WeightsError(
            f"{path}: expected a torch file of tensors, but it is damaged or cut off: {error}"
        ) from error
    return _unwrap(path, content)


def _check_archive(path: Path) -> None:
    """Raise for archives that unpack to far more than they are; torch does not compress."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > path.stat().st_size:
        raise WeightsError(
            f"{path}: expected an archive as torch.save writes it, got one of "
            f"{path.stat().st_size} bytes that claims to unpack to {unpacked}; refused"
        )


def _asked_for(error: pickle.UnpicklingError) -> str:
    """Shorten torch's advice, which is to allow the thing, to what the file asked for."""
    names = re.findall(r"GLOBAL (\S+)", str(error))
    return f"it asks for {', '.join(names)}" if names else str(error).splitlines()[0]


def _unwrap(path: Path, content: object) -> WeightFile:
    """Find the one dict of tensors in what a torch file holds."""
    wrapper: list[str] = []
    beside: list[str] = []
    while True:
        if not isinstance(content, Mapping) or not all(isinstance(key, str) for key in content):
            raise _no_tensors(path, content)
        tensors = {key: value for key, value in content.items() if isinstance(value, Tensor)}
        inner = next((key for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
        beside += [key for key in content if key not in tensors and key != inner]
        if tensors and inner is None:
            break
        if inner is None:
            raise _no_tensors(path, content)
        beside += tensors
        wrapper.append(inner)
        content = content[inner]
    _check_tensors(path, tensors)
    tensors, prefix = _strip_prefix(tensors)
    return WeightFile(path, "torch", tensors, ".".join(wrapper), prefix, tuple(sorted(beside)))


def _strip_prefix(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    cut = ""
    while prefix := next((p for p in _PREFIXES if all(k.startswith(p) for k in tensors)), None):
        tensors = {name[len(prefix) :]: tensor for name, tensor in tensors.items()}
        cut += prefix
    return tensors, cut


def _check_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raise for tensors that are not plain, or are views of far less memory than they say."""
    odd = [k for k, v in tensors.items() if v.layout != torch.strided or v.is_quantized]
    if odd:
        raise WeightsError(
            f"{path}: expected plain tensors, got sparse or quantised ones: {', '.join(odd[:5])}; "
            "save the weights of the network before it was compressed"
        )
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if total > MAX_BYTES:
        raise WeightsError(
            f"{path}: expected at most {MAX_BYTES} bytes of tensors, got tensors that unfold to "
            f"{total}; refused"
        )


def _no_tensors(path: Path, content: object) -> WeightsError:
    got = type(content).__name__
    if isinstance(content, Mapping):
        got = f"a dict of {sorted({type(v).__name__ for v in content.values()})}"
    return WeightsError(
        f"{path}: expected a dict of tensors by name, at the top or under one of "
        f"{sorted(_WRAPPERS)}, got {got}"
    )


def no_safetensors(path: Path) -> DependencyError:
    """Return the error for a missing library."""
    return DependencyError(f"{path} needs the safetensors library: pip install safetensors")
