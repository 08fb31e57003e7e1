# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The memory that a native program works on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_BUFFER", "Buffers"]

NO_BUFFER = -1


class Buffers:
    """Constants, frames from outside and scratch memory, by number.

    Attributes:
        constants: Arrays by number.
        externals: Numbers by the names of the graph's inputs and outputs.
        sizes: Bytes per row of each of these, by name.
        memory: By number, after `share_memory`: which piece of scratch memory it lies in.
        pieces: Bytes per piece.
    """

    def __init__(self) -> None:
        self.constants: dict[int, NDArray[Any]] = {}
        self.externals: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.memory: dict[int, int] = {}
        self.pieces: list[int] = []
        self._sizes: dict[int, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def _new(self) -> int:
        self._count += 1
        return self._count - 1

    def constant(self, array: NDArray[Any]) -> int:
        """Return the number of a constant: float32, or bfloat16 as uint16."""
        number = self._new()
        self.constants[number] = np.ascontiguousarray(array)
        return number

    def external(self, name: str, size: int) -> int:
        """Return the number of an input or output of the graph, so many bytes per row."""
        if name not in self.externals:
            self.externals[name] = self._new()
            self.sizes[name] = size
        return self.externals[name]

    def scratch(self, size: int) -> int:
        """Return the number of a value of so many bytes that lives within a step."""
        number = self._new()
        self._sizes[number] = size
        return number

    def share_memory(self, reads: Sequence[Sequence[int]], writes: Sequence[int]) -> None:
        """Give scratch values pieces of memory, which they leave after they are last read.

        Args:
            reads: Numbers that each operation reads, in order.
            writes: The number that each writes.
        """
        last = {number: i for i, numbers in enumerate(reads) for number in numbers}
        free: list[int] = []
        for i, (numbers, written) in enumerate(zip(reads, writes)):
            if written in self._sizes:
                self._place(written, free)
            done = {n for n in (*numbers, written) if n in self._sizes and last.get(n, i) == i}
            free.extend(self.memory[n] for n in sorted(done))

    def _place(self, number: int, free: list[int]) -> None:
        """Put a value into the free piece that fits best, made larger if none is large enough."""
        size = self._sizes[number]
        if not free:
            self.pieces.append(0)
            free.append(len(self.pieces) - 1)
        fitting = [piece for piece in free if self.pieces[piece] >= size]
        by_size = self.pieces.__getitem__
        piece = min(fitting, key=by_size) if fitting else max(free, key=by_size)
        free.remove(piece)
        self.pieces[piece] = max(self.pieces[piece], size)
        self.memory[number] = piece
