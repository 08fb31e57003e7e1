# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What steps a network, where, and in which number format: names, and what goes together."""

from __future__ import annotations

import re
from typing import NamedTuple

from co_perception.errors import ConfigError

__all__ = ["DEVICES", "OPENABLE", "PRECISIONS", "Target", "check_place"]

OPENABLE = ("native", "onnxruntime", "openvino", "torch")
DEVICES = ("cpu", "cuda", "tensorrt")
"""cuda and tensorrt are one GPU's two ways; "cuda:1" is the second GPU's."""
PRECISIONS = ("fp32", "bf16", "fp16")

_ALL = PRECISIONS
_ABLE: dict[tuple[str, str], tuple[str, ...]] = {
    ("native", "cpu"): ("fp32", "bf16"),
    ("onnxruntime", "cpu"): ("fp32",),
    ("onnxruntime", "cuda"): ("fp32",),
    ("onnxruntime", "tensorrt"): _ALL,
    ("openvino", "cpu"): _ALL,
    ("torch", "cpu"): _ALL,
    ("torch", "cuda"): _ALL,
}
_DEVICE = re.compile(r"cpu|(cuda|tensorrt)(:\d{1,3})?")


class Target(NamedTuple):
    """A backend of `OPENABLE` on a device of `DEVICES`, in a number format of `PRECISIONS`."""

    backend: str
    device: str = "cpu"
    precision: str = "fp32"

    @property
    def kind(self) -> str:
        """The device without its number."""
        return self.device.partition(":")[0]

    @property
    def gpu(self) -> int:
        """The GPU's number: 0 for "cuda", 1 for "cuda:1"."""
        return int(self.device.partition(":")[2] or 0)

    @property
    def fits(self) -> bool:
        """Whether the backend has such a device and computes in that precision there."""
        return self.precision in _ABLE.get((self.backend, self.kind), ())

    def check(self) -> None:
        """Raise a ConfigError unless all three are known and go together."""
        _check_known("backend", self.backend, OPENABLE)
        check_place(self.device, self.precision)
        if self.fits:
            return
        kind = self.kind
        if (self.backend, kind) not in _ABLE:
            on = [device for backend, device in _ABLE if backend == self.backend]
            raise ConfigError(
                f"'device': backend '{self.backend}' steps on {_join(on)}; got {self.device!r}. "
                f"On {kind} step: {_join([b for b, device in _ABLE if device == kind])}."
            )
        others = [b for (b, d), able in _ABLE.items() if d == kind and self.precision in able]
        raise ConfigError(
            f"'precision': backend '{self.backend}' on {kind} computes in "
            f"{_join(_ABLE[self.backend, kind])}; got {self.precision!r}. On {kind} that is "
            f"computed by: {_join(others)}."
        )

    def __str__(self) -> str:
        return f"{self.backend} on {self.device} in {self.precision}"


def check_place(device: str, precision: str) -> None:
    """Raise a ConfigError unless device and precision are known."""
    if not isinstance(device, str) or not _DEVICE.fullmatch(device):
        raise ConfigError(
            f"'device': expected one of {_join(DEVICES)}, with a number where there are several "
            f"GPUs, such as cuda:1; got {device!r}."
        )
    _check_known("precision", precision, PRECISIONS)


def _check_known(key: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"'{key}': expected one of {_join(known)}; got {value!r}.")


def _join(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names))
