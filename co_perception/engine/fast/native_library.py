# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The library of native kernels, which the package's build makes (CMakeLists.txt, native/)."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from co_perception.errors import DependencyError

__all__ = ["find_native_library", "require_native_library"]

_NAME = "_native_step.so"
_VERSION = 1
"""Of native/step_program.h."""


def find_native_library() -> Path | None:
    """Return where the library is: beside the package, or beside its generated messages."""
    package = sys.modules[__name__.partition(".")[0]]
    places = [Path(folder) / _NAME for folder in package.__path__]
    return next((place for place in places if place.is_file()), None)


@lru_cache(maxsize=1)
def require_native_library() -> Any:
    """Return the library, its functions declared.

    Raises:
        DependencyError: If it was not built, does not load, or is of another release.
    """
    path = find_native_library()
    if path is None:
        raise DependencyError(
            "Backend 'native' needs the library that the package's build makes, and there is "
            "none; build the package with a C compiler installed (colcon build, pip install ., "
            "or make setup in a checkout), or use backend='onnxruntime'."
        )
    try:
        library = ctypes.CDLL(str(path))
        version = library.co_perception_program_version()
    except (OSError, AttributeError) as error:
        raise DependencyError(f"{path.name} does not load ({error}); build it again.") from error
    if version != _VERSION:
        raise DependencyError(
            f"{path.name}: expected programs of version {_VERSION}, got {version}; build the "
            "package again."
        )
    pointer, number = ctypes.c_void_p, ctypes.c_int32
    library.co_perception_run_step.argtypes = [pointer, number, pointer, pointer, number, number]
    library.co_perception_run_step.restype = None
    library.co_perception_instructions.restype = ctypes.c_char_p
    library.co_perception_use_instructions.argtypes = [ctypes.c_char_p]
    return library
