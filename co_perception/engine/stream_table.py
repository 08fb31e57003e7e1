# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The people that are known now: they come, get a row of the state, begin anew, and go."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from co_perception.engine.activity import ActivityEvent, EventType, Reason
from co_perception.engine.backends import StepBackend
from co_perception.engine.budget import LatencyBudget
from co_perception.engine.decisions import Edge
from co_perception.engine.slots import Slots
from co_perception.engine.stream import Stream

__all__ = ["Counters", "StreamTable"]

_MAX_EVENTS = 10_000
"""Events kept for a caller who never takes them; the oldest are dropped."""


@dataclass
class Counters:
    """What happened since the recogniser was made.

    Attributes:
        images: Calls of `update`.
        steps: Steps of the network, each for all rows that were due.
        duplicates: Images with the stamp of the one before.
        stragglers: Images a little older than the newest one; they changed nothing, unless they
            are the newest of a camera among several.
        time_jumps: Times that the stamps went back, and every stream began anew.
        gaps: Times that a stream, or all together, began anew after a long gap.
        over_limit: Times that a stream got no answer because all rows were taken.
        over_budget: Times that a stream got no answer because one more would not fit into
            `latency_budget_ms`.
        shed: Times that a stream lost its row because updates took longer than that.
        late: Updates that took longer than that.
        not_finite: Outputs that were not finite: withheld, and the stream began anew.
        failed_steps: Steps that the backend could not do; the streams in them began anew.
    """

    images: int = 0
    steps: int = 0
    duplicates: int = 0
    stragglers: int = 0
    time_jumps: int = 0
    gaps: int = 0
    over_limit: int = 0
    over_budget: int = 0
    shed: int = 0
    late: int = 0
    not_finite: int = 0
    failed_steps: int = 0


class StreamTable:
    """Streams by id, their rows, and the events of their lives.

    Args:
        backend: Holds the rows.
        make_stream: Makes what is remembered of a stream, from its id and the image's stamp.
        labels: Class names, for events.
        budget: Says whether one more stream may have a row.
    """

    def __init__(
        self,
        backend: StepBackend,
        make_stream: Callable[[str, int], Stream],
        labels: tuple[str, ...],
        budget: LatencyBudget,
    ) -> None:
        self._backend, self._make_stream, self._labels = backend, make_stream, labels
        self._budget = budget
        self._slots = Slots(backend.rows)
        self._uncleared: set[int] = set()
        self._streams: dict[str, Stream] = {}
        self._events: deque[ActivityEvent] = deque(maxlen=_MAX_EVENTS)

    def __iter__(self) -> Iterator[Stream]:
        return iter(list(self._streams.values()))

    def get(self, stream_id: str) -> Stream | None:
        """Return a stream; None if it is not known."""
        return self._streams.get(stream_id)

    @property
    def used_rows(self) -> int:
        """One more than the highest row in use."""
        return self._slots.used

    @property
    def is_full(self) -> bool:
        """Whether every row is taken."""
        return len(self._slots) == self._slots.count

    def admit(self, stream_id: str, now_ns: int) -> Stream:
        """Return a stream that this image names: made known if new, with a row if there is one.

        There is one if a row is free and the budget has room for one more stream.
        """
        stream = self._streams.get(stream_id)
        if stream is None:
            stream = self._streams[stream_id] = self._make_stream(stream_id, now_ns)
            self._events.append(ActivityEvent(now_ns, stream_id, EventType.PERSON_ENTERED))
        stream.seen_ns = now_ns
        if stream.row is None and self._budget.has_room(len(self._slots), now_ns):
            stream.row = self._slots.take(stream_id)
        return stream

    def shed_youngest(self, now_ns: int) -> Stream | None:
        """Take the youngest stream's row if updates take too long; the last row stays.

        Returns:
            The stream that begins anew once it gets a row again; None if there is none.
        """
        if not self._budget.is_exceeded(now_ns):
            return None
        holders = [stream for stream in self if stream.row is not None]
        if len(holders) < 2:
            return None
        youngest = max(reversed(holders), key=lambda stream: stream.entered_ns)
        self.reset(youngest, Reason.OVER_LIMIT)
        self._slots.give_back(youngest.stream_id)
        youngest.row = None
        self._budget.shed(now_ns)
        return youngest

    def reset(self, stream: Stream, reason: Reason, *, now: bool = True) -> None:
        """Let a stream begin anew, in its row.

        Args:
            stream: The stream.
            reason: Why.
            now: False: leave the row to the next `clear_rows`, as the backend fails now.
        """
        self.note(stream, stream.reset(reason))
        if stream.row is not None:
            self._uncleared.add(stream.row)
            if now:
                self.clear_rows()

    def clear_rows(self) -> None:
        """Clear the rows of streams that began anew; those where that failed are not forgotten."""
        if self._uncleared:
            self._backend.reset(sorted(self._uncleared))
            self._uncleared.clear()

    def restart(self, reason: Reason, now_ns: int) -> None:
        """Let all streams begin anew, after time itself broke."""
        self._budget.restart()
        for stream in self:
            self.reset(stream, reason)
            stream.entered_ns = min(stream.entered_ns, now_ns)

    def remove(self, stream: Stream, now_ns: int) -> None:
        """Forget a stream and clear its row for the next one."""
        self.reset(stream, Reason.NONE)
        self._slots.give_back(stream.stream_id)
        del self._streams[stream.stream_id]
        duration_ns = max(stream.seen_ns - stream.entered_ns, 0)
        self._events.append(
            ActivityEvent(now_ns, stream.stream_id, EventType.PERSON_LEFT, duration_ns=duration_ns)
        )

    def remove_absent(
        self, present: Collection[str], now_ns: int, grace_ns: int | None = None
    ) -> None:
        """Forget who is not present, and was not for longer than the grace time (None: at all)."""
        for stream in self:
            absent = stream.stream_id not in present
            if absent and (grace_ns is None or now_ns - stream.seen_ns > grace_ns):
                self.remove(stream, now_ns)

    def note(self, stream: Stream, edges: list[Edge]) -> None:
        """Keep the edges of a stream's label as events."""
        for edge in edges:
            self._events.append(
                ActivityEvent(
                    stamp_ns=edge.stamp_ns,
                    stream_id=stream.stream_id,
                    type=EventType.STARTED if edge.started else EventType.ENDED,
                    label=self._labels[edge.class_id],
                    class_id=edge.class_id,
                    confidence=edge.confidence,
                    duration_ns=edge.duration_ns,
                )
            )

    def take_events(self) -> list[ActivityEvent]:
        """Return the events since the last call, oldest first."""
        events = list(self._events)
        self._events.clear()
        return events

    def clear(self) -> None:
        """Forget everything, silently."""
        self._streams.clear()
        self._events.clear()
