# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a torch file asks to import, read from its opcodes without unpickling anything.

Training code leaves more than tensors in its checkpoints: options, best scores, names of
callbacks. Torch's restricted unpickler refuses a file for any of them. So that such files load
all the same, names from packages known to be common there are stood in for by classes that do
nothing; the named code is neither imported nor run. Every other name is left to torch to refuse.
"""

from __future__ import annotations

import pickletools
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["inert_classes", "pickled_names"]

# Leftovers of training: options (argparse, omegaconf, yacs), scores (numpy), callbacks and options
# of Lightning and Ride.
_LEFTOVERS = (
    "argparse",
    "fvcore",
    "lightning",
    "numpy",
    "omegaconf",
    "pathlib",
    "pytorch_lightning",
    "ride",
    "yacs",
)
_MAX_PICKLE_BYTES = 256 << 20
"""Of names and structure; the numbers lie elsewhere in the file."""
_LEGACY_PICKLES = 4
"""Magic number, protocol, machine, content: what a file of torch.save before 1.6 begins with."""


class _Inert:
    """Takes whatever it is built from, and drops it."""

    def __new__(cls, *_: object, **__: object) -> _Inert:
        return object.__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def inert_classes(path: Path, *, is_zip: bool) -> list[Any]:
    """Return a class that does nothing for every leftover that a torch file names."""
    classes = []
    for name in sorted(pickled_names(path, is_zip=is_zip)):
        module, _, attribute = name.rpartition(".")
        if module.partition(".")[0] in _LEFTOVERS:
            body = {"__module__": module, "__qualname__": attribute}
            classes.append(type(attribute, (_Inert,), body))
    return classes


def pickled_names(path: Path, *, is_zip: bool) -> set[str]:
    """Return the dotted names that a torch file would import.

    Raises:
        ValueError: If the file is no pickle where it should be, or its pickle is far too large.
        zipfile.BadZipFile, OSError: If it cannot be read.
    """
    if not is_zip:
        with path.open("rb") as file:
            return set().union(*(_names(file) for _ in range(_LEGACY_PICKLES)))
    with zipfile.ZipFile(path) as archive:
        names: set[str] = set()
        for entry in archive.infolist():
            if not entry.filename.endswith(".pkl"):
                continue
            if entry.file_size > _MAX_PICKLE_BYTES:
                raise ValueError(f"its {entry.filename} has {entry.file_size} bytes")
            with archive.open(entry) as file:
                names |= _names(file)  # type: ignore[arg-type]
        return names


def _names(file: BinaryIO) -> set[str]:
    operations = pickletools.genops(file)
    found = (argument for code, argument, _ in operations if code.name == "GLOBAL")
    return {str(name).replace(" ", ".") for name in found}
