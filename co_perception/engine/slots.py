# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Rows of the resident state, lent to streams."""

from __future__ import annotations

import heapq

from co_perception.errors import ConfigError, StreamError

__all__ = ["MAX_STREAMS", "Slots"]

MAX_STREAMS = 1024


class Slots:
    """Which stream has which row of a state that has a fixed number of rows.

    A new stream gets the lowest free row, so that the rows in use stay close together and a step
    of the first `used` rows covers them all.

    Args:
        count: Rows, 1..MAX_STREAMS.

    Raises:
        ConfigError: If the count is out of range.
    """

    def __init__(self, count: int) -> None:
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_STREAMS:
            raise ConfigError(
                f"Recogniser 'max_streams': expected a whole number in 1..{MAX_STREAMS}, "
                f"got {count!r}."
            )
        self._count = count
        self._rows: dict[str, int] = {}
        self._free = list(range(count))

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def count(self) -> int:
        """Rows there are."""
        return self._count

    @property
    def used(self) -> int:
        """One more than the highest row in use."""
        return max(self._rows.values(), default=-1) + 1

    def row(self, stream_id: str) -> int | None:
        """Return a stream's row; None if it has none."""
        return self._rows.get(stream_id)

    def take(self, stream_id: str) -> int | None:
        """Give a new stream the lowest free row; None if there is none left.

        Raises:
            StreamError: If the stream already has a row.
        """
        if stream_id in self._rows:
            raise StreamError(
                f"Slots: stream '{stream_id}' already has row {self._rows[stream_id]}."
            )
        if not self._free:
            return None
        self._rows[stream_id] = heapq.heappop(self._free)
        return self._rows[stream_id]

    def give_back(self, stream_id: str) -> int | None:
        """Free a stream's row and return it, to be cleared; None if it has none."""
        row = self._rows.pop(stream_id, None)
        if row is not None:
            heapq.heappush(self._free, row)
        return row
