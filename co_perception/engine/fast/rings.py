# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The memory of a ring: frames of all rows, turned instead of moved."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.fast.bfloat16 import from_bfloat16, to_bfloat16
from co_perception.engine.fast.plan import Ring

__all__ = ["RingBuffer", "Rows", "Views"]

Rows = NDArray[np.intp]
Views = dict[str, NDArray[Any]]


class RingBuffer:
    """Slots for the frames of a ring and, but for a total, the one to come; for some rows.

    `turn` is how often the ring was turned: the frame to come is written to slot turn % slots.

    Args:
        ring: What it is of.
        rows: Streams.
        memory: `needed_bytes` zeros to lie in; None: memory of its own.
    """

    def __init__(self, ring: Ring, rows: int, memory: NDArray[np.uint8] | None = None) -> None:
        self.ring, self.rows = ring, rows
        self.is_total = ring.kind == "total"
        self.slots = ring.length if self.is_total else ring.length + 1
        self._blank = self._pack(np.float32(-np.inf if ring.blank == "lowest" else 0.0))
        if memory is None:
            memory = np.zeros(self.needed_bytes(ring, rows), np.uint8)
        shape = (self.slots, rows * ring.places, *ring.shape)
        self._memory: NDArray[Any] = memory.view(self._blank.dtype).reshape(shape)
        if self._blank:
            self._memory[...] = self._blank
        self._frames = self._memory.reshape(self.slots, rows, ring.places, *ring.shape)
        numbers = np.arange(ring.length)
        self._orders = [(first + numbers) % self.slots for first in range(self.slots)]
        if self.is_total:
            self._total = np.zeros((rows, *ring.shape), np.float32)
            self._fresh = np.zeros((rows, *ring.shape), np.float32)

    @staticmethod
    def needed_bytes(ring: Ring, rows: int) -> int:
        """Return the bytes that the slots of some rows take."""
        slots = ring.length + (ring.kind != "total")
        size = 2 if ring.dtype == "bfloat16" else 4
        return slots * rows * ring.places * math.prod(ring.shape) * size

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self._memory.nbytes)

    def views(self, turn: int, rows: int) -> tuple[Views, Views]:
        """Return what the graph reads and writes by name, for the first rows, at a turn."""
        ring, name = self.ring, self.ring.name
        if self.is_total:
            return {f"past.{name}.total": self._total[:rows]}, {
                f"new.{name}.0": self._fresh[:rows]
            }
        back = 1 if ring.kind == "sums" else -1  # sums are read ahead, frames back
        entries = rows * ring.places
        reads = {
            f"past.{name}.{number}": self._slot(turn + back * number)[:entries]
            for number in ring.reads
        }
        writes = range(ring.length) if ring.kind == "sums" else (0,)
        ahead = 1 if ring.kind == "sums" else 0
        fresh = {
            f"new.{name}.{number}": self._slot(turn + ahead + number)[:entries]
            for number in writes
        }
        return (
            ({**reads, "frame": fresh[f"new.{name}.0"]}, {}) if ring.is_input else (reads, fresh)
        )

    def _slot(self, turn: int) -> NDArray[np.float32]:
        return self._memory[turn % self.slots]

    def add_up(self, turn: int, rows: int) -> None:
        """Make the total for a step of the first rows."""
        np.add.reduce(self._memory[self._order(turn), :rows], axis=0, out=self._total[:rows])

    def take(self, turn: int, rows: int) -> None:
        """Take in what a step of the first rows gave to a total's ring."""
        self._slot(turn)[:rows] = self._fresh[:rows]

    def blank_new(self, turn: int, rows: Rows) -> None:
        """Make what a step gave these rows as if it had not come."""
        if self.ring.kind == "sums":
            self._frames[:, rows] = self._blank
        else:
            self._frames[turn % self.slots, rows] = self._blank

    def repeat_new(self, turn: int, rows: Rows) -> None:
        """Let all frames of these rows be the newest one."""
        self._frames[:, rows] = self._frames[turn % self.slots, rows]

    def copy(self, rows: Rows) -> NDArray[np.float32]:
        """Return all slots of some rows."""
        return self._frames[:, rows]

    def put(self, rows: Rows, frames: NDArray[np.float32]) -> None:
        """Put back the slots that `copy` gave."""
        self._frames[:, rows] = frames

    def put_turned(self, rows: Rows, frames: NDArray[np.float32]) -> None:
        """Put slots that `copy` gave, one turn on: for the ring as it turned, nothing has come."""
        self.put(rows, np.roll(frames, 1, axis=0))

    def take_row(
        self, row: int, turn: int, source: RingBuffer, other: int, other_turn: int
    ) -> None:
        """Copy a row from a ring of the same kind that was turned another number of times."""
        shift = turn - other_turn
        self._frames[:, row] = np.roll(source._frames[:, other], shift, axis=0)

    def clear(self, rows: Rows) -> None:
        """Make rows cold."""
        self._frames[:, rows] = self._blank

    def save(self, turn: int) -> NDArray[np.float32]:
        """Return what is kept, oldest first, in the form of the reference step's windows.

        That is (rows, C, frames, H, W) for images, (rows, C, frames, V) for joints, (rows, C,
        frames) for vectors.
        """
        order = self._order(turn)
        frames = self._unpack(self._frames[order])  # (frames, rows, places, *shape)
        if self._blank:
            frames = np.where(np.isinf(frames), np.float32(0.0), frames)
        if len(self.ring.shape) == 3:
            return np.ascontiguousarray(self._unblock(frames[:, :, 0]).transpose(1, 2, 0, 3, 4))
        moved = frames.transpose(1, 3, 0, 2)
        return np.ascontiguousarray(moved if self.ring.places > 1 else moved[..., 0])

    def load(self, turn: int, saved: NDArray[Any], known: NDArray[np.int64]) -> None:
        """Take what `save` gave.

        Args:
            turn: Where the ring stands.
            saved: (rows, C, frames, ...).
            known: (rows,) frames of it that came; those before are blank.
        """
        if len(self.ring.shape) == 3:
            frames = self._to_blocks(saved.transpose(2, 0, 1, 3, 4))[:, :, None]
        else:
            full = saved if self.ring.places > 1 else saved[..., None]
            frames = full.transpose(2, 0, 3, 1)
        self._frames[...] = self._blank
        self._frames[self._order(turn)] = self._pack(frames)
        if self._blank:
            age = np.arange(len(frames), 0, -1)[:, None]
            old, row = np.nonzero(age > known)
            self._frames[self._order(turn)[old], row] = self._blank

    def saved_shape(self) -> tuple[int, ...]:
        """Return the shape of what `save` gives."""
        ring = self.ring
        space = ring.shape[1:] if len(ring.shape) == 3 else (ring.places,) * (ring.places > 1)
        return (self.rows, ring.channels, ring.length, *space)

    def _order(self, turn: int) -> NDArray[np.intp]:
        """Return the slots from the oldest frame to the newest, or from the nearest sum on."""
        first = turn - self.ring.length if self.ring.kind == "slots" else turn
        return self._orders[first % self.slots]

    def _pack(self, frames: NDArray[Any] | np.float32) -> NDArray[Any]:
        """Return numbers in the format that the ring keeps."""
        return to_bfloat16(frames) if self.ring.dtype == "bfloat16" else np.asarray(frames)

    def _unpack(self, frames: NDArray[Any]) -> NDArray[np.float32]:
        """Return the inverse of `_pack`."""
        return from_bfloat16(frames) if self.ring.dtype == "bfloat16" else frames

    def _unblock(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return images (n, rows, C, H, W) in the plain layout, without padded channels."""
        block, (padded, height, width) = self.ring.block, self.ring.shape
        lead = frames.shape[:2]
        parts = frames.reshape(*lead, padded // block, height, width, block)
        plain = parts.transpose(0, 1, 2, 5, 3, 4).reshape(*lead, padded, height, width)
        return plain[:, :, : self.ring.channels]

    def _to_blocks(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return the inverse of `_unblock`."""
        block, (padded, height, width) = self.ring.block, self.ring.shape
        lead = images.shape[:2]
        missing = padded - images.shape[2]
        full = np.pad(images, ((0, 0), (0, 0), (0, missing), (0, 0), (0, 0)))
        parts = full.reshape(*lead, padded // block, block, height, width)
        return parts.transpose(0, 1, 2, 4, 5, 3).reshape(*lead, padded, height, width)
