# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Small files that are made again where they are missing: in the user's cache folder."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import tempfile
from pathlib import Path

__all__ = ["cache_path", "read_cached", "read_processor", "write_cached"]

_FACTS = ("model name", "flags", "Features", "CPU part")
"""Lines of /proc/cpuinfo; the last two on ARM."""


def cache_path(kind: str, *key: str) -> Path:
    """Return the place of a cached file: $XDG_CACHE_HOME/co_perception/<kind>/<hash of the key>.

    The processor is part of every key: home folders travel, with disks and container images, to
    machines of other vector lengths.

    Args:
        kind: What the file is.
        key: All else that its content depends on.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    digest = hashlib.sha256("\0".join((read_processor(), *key)).encode()).hexdigest()[:32]
    return root / "co_perception" / kind / digest


@functools.cache
def read_processor(root: Path = Path("/")) -> str:
    """Return what the system says of the first processor: its name and instructions.

    Args:
        root: Where `proc` is.
    """
    try:
        lines = (root / "proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    facts = dict.fromkeys(line for line in lines if line.startswith(_FACTS))
    return "\n".join((platform.machine(), *facts))


def read_cached(path: Path) -> bytes | None:
    """Return a cached file's content; None if it is not there or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def write_cached(path: Path, content: bytes) -> None:
    """Keep a file, whole or not at all; a cache that cannot be written is no fault."""
    with contextlib.suppress(OSError, RuntimeError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(name, path)
        except OSError:
            os.unlink(name)
