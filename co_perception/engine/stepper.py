# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The network's steps for the streams of an image, tick by tick, and what to do when one fails."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.activity import Reason
from co_perception.engine.backends import StepBackend
from co_perception.engine.budget import LatencyBudget
from co_perception.engine.rate import RateMeter
from co_perception.engine.resample import TickSample
from co_perception.engine.sample import Sample
from co_perception.engine.stream import Stream
from co_perception.engine.stream_table import Counters, StreamTable
from co_perception.errors import CoPerceptionError

__all__ = ["Stepper"]

_log = logging.getLogger(__name__)
_Group = list[tuple[Stream, TickSample]]


class Stepper:
    """Feeds the samples of streams to the network: those of one tick in one step.

    Args:
        backend: The network.
        table: The streams.
        budget: Is told what an image's steps cost.
        rate: Is told of every tick that was stepped.
        counters: Where gaps, steps and faults are counted.
        model_id: For log lines.
        max_gap_ns: After a longer time between two samples a stream begins anew.
    """

    def __init__(
        self,
        backend: StepBackend,
        table: StreamTable,
        budget: LatencyBudget,
        rate: RateMeter,
        counters: Counters,
        *,
        model_id: str,
        max_gap_ns: int,
    ) -> None:
        self._backend, self._table, self._budget = backend, table, budget
        self._rate, self._counters = rate, counters
        self._model_id, self._max_gap_ns = model_id, max_gap_ns
        shape = (backend.rows, *backend.step_shape)
        self._frames: NDArray[np.float32] = np.zeros(shape, np.float32)
        self._failures = 0

    def advance(self, samples: Mapping[str, Sample | Reason], now_ns: int) -> set[str]:
        """Feed the samples of an image; return the ids of the streams that got an output.

        Args:
            samples: By stream id; reasons, and streams without a row, are passed over.
            now_ns: Stamp of the newest image.
        """
        due: dict[int, _Group] = defaultdict(list)
        for stream_id, sample in samples.items():
            stream = self._table.get(stream_id)
            if stream is None or stream.row is None or isinstance(sample, Reason):
                continue
            last_ns = stream.track.last_ns
            if last_ns is not None and sample.stamp_ns <= last_ns:
                continue
            if last_ns is not None and sample.stamp_ns - last_ns > self._max_gap_ns:
                self._counters.gaps += 1
                self._table.reset(stream, Reason.RESET_GAP)
            for tick in stream.track.push(sample):
                due[tick.tick].append((stream, tick))
        fresh: set[str] = set()
        self._budget.start()
        for index in sorted(due):
            # Who began anew at an earlier tick of this image goes on with the next image.
            group = [(s, tick) for s, tick in due[index] if s.track.last_ns is not None]
            answered = self._step(group) if group else None
            if answered is not None:
                fresh |= answered
                self._rate.count(index, now_ns)
        stepped = {stream.stream_id for group in due.values() for stream, _ in group}
        self._counters.late += self._budget.stop(len(stepped), now_ns)
        return fresh

    def _step(self, group: _Group) -> set[str] | None:
        """Step the rows of a group by one frame.

        Returns:
            The ids of those that got an output; None if the step failed.
        """
        used = self._table.used_rows
        update: NDArray[np.bool_] = np.zeros(used, np.bool_)
        for stream, tick in group:
            assert stream.row is not None
            self._frames[stream.row] = stream.feed(tick)
            update[stream.row] = True
        try:
            self._table.clear_rows()
            logits, valid = self._backend.step(self._frames[:used], update)
        except (CoPerceptionError, RuntimeError) as error:
            self._give_up(group, error)
            return None
        self._counters.steps += 1
        self._failures = 0
        answered = [stream for stream, _ in group if valid[stream.row]]
        for stream in answered:
            if np.isfinite(logits[stream.row]).all():
                self._table.note(stream, stream.take_output(logits[stream.row]))
            else:
                self._refuse_output(stream)
        return {stream.stream_id for stream in answered if stream.has_output}

    def _give_up(self, group: _Group, error: Exception) -> None:
        """Let the streams of a step that failed begin anew: they have lost a frame."""
        self._counters.failed_steps += 1
        self._failures += 1
        if self._failures == 1:  # a device that is gone fails at every step
            _log.warning(
                "model %s: a step failed, its %d streams begin anew; further failures are counted "
                "only, until a step succeeds: %s",
                self._model_id,
                len(group),
                error,
            )
        for stream, _ in group:
            self._table.reset(stream, Reason.RESET_MODEL, now=False)

    def _refuse_output(self, stream: Stream) -> None:
        self._counters.not_finite += 1
        _log.warning(
            "model %s gave numbers that are not finite for '%s': withheld, the stream begins anew",
            self._model_id,
            stream.stream_id,
        )
        self._table.reset(stream, Reason.RESET_MODEL)
