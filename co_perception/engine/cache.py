# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Small files that are made again where they are missing: in the user's cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

__all__ = ["cache_path", "read_cached", "write_cached"]


def cache_path(kind: str, *key: str) -> Path:
    """Return the place of a cached file: $XDG_CACHE_HOME/co_perception/<kind>/<hash of the key>.

    Args:
        kind: What the file is.
        key: All that its content depends on.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]
    return root / "co_perception" / kind / digest


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
