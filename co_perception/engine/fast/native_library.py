# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The library of native kernels, which the package's build makes (CMakeLists.txt, native/)."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ConfigError, DependencyError

__all__ = ["NativeKernels", "find_native_library", "require_native_library"]

_NAME = "_native_step.so"
_VERSION = 2
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
    pointer, number, text = ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p
    library.co_perception_find_kernels.argtypes = [text, text]
    library.co_perception_instructions.argtypes = [number]
    library.co_perception_instructions.restype = text
    library.co_perception_lanes.argtypes = [number]
    library.co_perception_run_step.argtypes = [
        *(number, pointer, number, pointer, pointer, number, number, pointer)
    ]
    library.co_perception_run_step.restype = None
    return library


class NativeKernels:
    """The fastest kernels of a precision that this CPU runs, or those with given instructions.

    Args:
        precision: "fp32" or "bf16".
        instructions: "portable", "avx2", "avx512" or "avx512_bf16"; None: the fastest.

    Attributes:
        instructions: The set that is used.
        lanes: Channels per vector.

    Raises:
        DependencyError: If the library was not built, or does not load.
        ConfigError: If this CPU has none such.
    """

    def __init__(self, precision: str, instructions: str | None = None) -> None:
        self._library = require_native_library()
        wanted = instructions.encode() if instructions else None
        self._number = self._library.co_perception_find_kernels(precision.encode(), wanted)
        if self._number < 0:
            raise ConfigError(
                f"Backend 'native': this CPU has no kernels in {precision} with "
                f"{instructions or 'any'} instructions."
            )
        self.instructions = self._library.co_perception_instructions(self._number).decode()
        self.lanes: int = self._library.co_perception_lanes(self._number)

    def run(
        self,
        operations: NDArray[np.int32],
        pointers: NDArray[np.uintp],
        steps: NDArray[np.int64],
        rows: int,
        nanoseconds: NDArray[np.int64] | None = None,
    ) -> None:
        """Run a step.

        Args:
            operations: (n, FIELDS) of a NativeProgram.
            pointers: Where its buffers lie.
            steps: Bytes from row to row of each.
            rows: How many.
            nanoseconds: (n,) that each operation's time is added to.
        """
        self._library.co_perception_run_step(
            self._number,
            *(operations.ctypes.data, len(operations)),
            *(pointers.ctypes.data, steps.ctypes.data, len(pointers)),
            rows,
            None if nanoseconds is None else nanoseconds.ctypes.data,
        )
