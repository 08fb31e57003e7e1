# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The people that are known now: they come, get a row of the state, begin anew, and go."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from co_perception.engine.activity import ActivityEvent, EventType, Reason
from co_perception.engine.backends import StepBackend
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
        not_finite: Outputs that were not finite: withheld, and the stream began anew.
    """

    images: int = 0
    steps: int = 0
    duplicates: int = 0
    stragglers: int = 0
    time_jumps: int = 0
    gaps: int = 0
    over_limit: int = 0
    not_finite: int = 0


class StreamTable:
    """Streams by id, their rows, and the events of their lives.

    Args:
        backend: Holds the rows.
        make_stream: Makes what is remembered of a stream, from its id and the image's stamp.
        labels: Class names, for events.
    """

    def __init__(
        self,
        backend: StepBackend,
        make_stream: Callable[[str, int], Stream],
        labels: tuple[str, ...],
    ) -> None:
        self._backend, self._make_stream, self._labels = backend, make_stream, labels
        self._slots = Slots(backend.rows)
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

    def admit(self, stream_id: str, now_ns: int) -> Stream:
        """Return a stream that this image names: made known if new, with a row if one is free."""
        stream = self._streams.get(stream_id)
        if stream is None:
            stream = self._streams[stream_id] = self._make_stream(stream_id, now_ns)
            self._events.append(ActivityEvent(now_ns, stream_id, EventType.PERSON_ENTERED))
        stream.seen_ns = now_ns
        if stream.row is None:
            stream.row = self._slots.take(stream_id)
        return stream

    def reset(self, stream: Stream, reason: Reason) -> None:
        """Let a stream begin anew, in its row."""
        self.note(stream, stream.reset(reason))
        if stream.row is not None:
            self._backend.reset([stream.row])

    def restart(self, reason: Reason, now_ns: int) -> None:
        """Let all streams begin anew, after time itself broke."""
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
