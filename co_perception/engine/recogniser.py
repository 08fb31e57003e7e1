# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The engine's face: the skeletons of one image, or the image, in; what is being done out.

with Recogniser.from_folder(find_model()) as recogniser:
    for stamp_ns, skeletons in images:
        activities = recogniser.update(stamp_ns, {s.body_id: s for s in skeletons})
"""

from __future__ import annotations

import logging
import operator
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.activity import Activity, ActivityEvent, Reason, Validity
from co_perception.engine.backends import StepBackend, open_chosen
from co_perception.engine.budget import LatencyBudget
from co_perception.engine.clock import TickClock, TimeStep
from co_perception.engine.config import RecogniserConfig, check_fits
from co_perception.engine.intake import make_intake
from co_perception.engine.model_folder import ModelFolder
from co_perception.engine.ownership import Ownership
from co_perception.engine.rate import RateMeter
from co_perception.engine.sample import Sample
from co_perception.engine.slots import Slots
from co_perception.engine.stepper import Stepper
from co_perception.engine.stream import Stream, to_ns
from co_perception.engine.stream_table import Counters, StreamTable
from co_perception.errors import StreamError
from co_perception.skeleton.types import Skeleton, TrackState

__all__ = ["Recogniser"]

_log = logging.getLogger(__name__)
_Item = Skeleton | NDArray[np.uint8] | None


class Recogniser:
    """Tells, image by image, what each person is doing, or what is done in the scene.

    One thread owns it: the first that calls one of its methods. Another thread gets a StreamError
    unless the owner has ended. The same calls give the same bits.

    Args:
        model: A checked model folder.
        backend: A cold backend opened on it, with one row per stream; `close` closes it.
        backend_reason: Why this backend was chosen, in words.
        config: Parameters.
        clock: Seconds, for `latency_budget_ms`; it is not read without one.

    Raises:
        ConfigError: If `config` contradicts the model.
    """

    def __init__(
        self,
        model: ModelFolder,
        backend: StepBackend,
        *,
        backend_reason: str = "given",
        config: RecogniserConfig | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.info, self.backend, self.backend_reason = model, backend, backend_reason
        self.config = config or RecogniserConfig()
        check_fits(self.config, model)
        self._intake = make_intake(model, self.config)
        self._max_gap_ns = to_ns(self.config.max_gap_sec)
        self._grace_ns = to_ns(self.config.grace_sec)
        self._clock = TickClock(
            model.expected_rate,
            max_gap_ns=self._max_gap_ns,
            max_reorder_ns=to_ns(self.config.max_reorder_sec),
        )
        self._rate = RateMeter(model.expected_rate)
        self._budget = LatencyBudget(self.config.latency_budget_ms / 1e3, clock)
        self._table = StreamTable(backend, self._make_stream, model.labels, self._budget)
        self._counters = Counters()
        self._stepper = Stepper(
            backend,
            self._table,
            self._budget,
            self._rate,
            self._counters,
            model_id=model.model_id,
            max_gap_ns=self._max_gap_ns,
        )
        self._ownership = Ownership("Recogniser")

    @classmethod
    def from_folder(
        cls,
        path: Path | str,
        backend: str = "auto",
        device: str = "cpu",
        max_streams: int = 8,
        config: RecogniserConfig | None = None,
        precision: str = "fp32",
    ) -> Recogniser:
        """Open a model folder.

        Args:
            path: The model folder; see `find_model` for the installed ones.
            backend: "auto", "native", "onnxruntime", "openvino" or "torch".
            device: "cpu", "cuda" or "tensorrt".
            max_streams: People followed at once, 1..1024; others are reported OVER_LIMIT.
            config: Parameters.
            precision: "fp32", "bf16" or "fp16": what the network computes in.

        Raises:
            ConfigError: If model.yaml or an argument is wrong.
            WeightsError: If the folder is damaged, or its files do not fit each other.
            DependencyError: If the backend's library is not installed.
            StepError: If no backend gets through a step.
        """
        config = config or RecogniserConfig()
        rows = Slots(max_streams).count
        model = ModelFolder.load(path)
        check_fits(config, model)
        opened, why = open_chosen(
            model,
            rows,
            backend=backend,
            device=device,
            precision=precision,
            threads=config.threads,
        )
        return cls(model, opened, backend_reason=why, config=config)

    def update(
        self, stamp_ns: int, inputs: Mapping[str, _Item], *, looked: bool = True
    ) -> list[Activity]:
        """Take the skeletons of one image, or the image itself, and say what is being done.

        Args:
            stamp_ns: Stamp of the image. Images may come at any rate; the network steps at the
                model's. A jump back, or a gap longer than `max_gap_sec`, begins everything anew.
            inputs: Skeleton by stream id, or, for a model of whole images, RGB image (H, W, 3)
                uint8 of any size, by camera; None for a person who is known but has no usable
                pose in this image, or a camera without one. A stream that is not named for
                longer than `grace_sec` has left.
            looked: False: nobody was looked for in this image. The skeletons then only say who is
                known; none is evidence.

        Returns:
            One activity per entry of `inputs`, in its order.

        Raises:
            StreamError: If the recogniser is closed, another thread owns it, or an id is empty.
            ConfigError: If a skeleton's layout is unknown.
            ShapeError: If a skeleton does not fit its layout, an image is no RGB image, or the
                model takes the other of the two. After any of these errors everything is as
                before the call.
        """
        self._ownership.check()
        stamp_ns = operator.index(stamp_ns)
        samples = {key: self._to_sample(key, item, stamp_ns) for key, item in inputs.items()}
        if not looked:
            samples = {k: s if isinstance(s, Reason) else Reason.NONE for k, s in samples.items()}
        self._counters.images += 1
        step = self._clock.observe(stamp_ns)
        now_ns = self._clock.newest_ns
        assert now_ns is not None
        self._follow_time(step, now_ns, inputs)
        self._relieve(now_ns)
        for stream_id, item in inputs.items():
            if not _is_removed(item) or self._table.get(stream_id):
                self._admit(stream_id, now_ns)
        is_late = step is TimeStep.STRAGGLER and not self._intake.is_per_camera
        fresh = set() if is_late else self._stepper.advance(samples, now_ns)
        return [
            self._describe(stream_id, item, samples[stream_id], now_ns, stream_id in fresh)
            for stream_id, item in inputs.items()
        ]

    def take_events(self) -> list[ActivityEvent]:
        """Return the events since the last call, oldest first."""
        self._ownership.check()
        return self._table.take_events()

    def reset(self, stream_id: str | None = None, reason: Reason = Reason.RESET_SERVICE) -> int:
        """Let one stream, or all, begin anew; people keep their ids and rows.

        Returns:
            How many streams were cleared: 0 if there is none of that id.

        Raises:
            StreamError: If the recogniser is closed, or another thread owns it.
        """
        self._ownership.check()
        chosen = [s for s in self._table if stream_id is None or s.stream_id == stream_id]
        for stream in chosen:
            self._table.reset(stream, reason)
        return len(chosen)

    def remove(self, stream_id: str) -> None:
        """Forget a person, as if the grace time were over; nothing happens if there is none.

        Raises:
            StreamError: If the recogniser is closed, or another thread owns it.
        """
        self._ownership.check()
        stream, now_ns = self._table.get(stream_id), self._clock.newest_ns
        if stream is not None and now_ns is not None:
            self._table.remove(stream, now_ns)

    def close(self) -> None:
        """Let go of the network; closing twice is fine.

        Raises:
            StreamError: If another thread owns the recogniser.
        """
        if not self._ownership.closed:
            self._ownership.close()
            self._table.clear()
            self.backend.close()

    def __enter__(self) -> Recogniser:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def counters(self) -> Counters:
        """A copy of the counters."""
        return replace(self._counters)

    @property
    def step_rate(self) -> float:
        """Model steps per second of image time, over the last seconds; 0 if nobody is seen."""
        return self._rate.per_second(self._clock.newest_ns)

    @property
    def streams(self) -> tuple[str, ...]:
        """Ids of the people that are known now."""
        return tuple(stream.stream_id for stream in self._table)

    def _make_stream(self, stream_id: str, now_ns: int) -> Stream:
        feeder = self._intake.make_feeder()
        return Stream(stream_id, now_ns, self.info, self.config, self._clock, feeder)

    def _to_sample(self, stream_id: str, item: _Item, stamp_ns: int) -> Sample | Reason:
        if not stream_id:
            raise StreamError("Recogniser: a stream id is empty; track the skeletons first.")
        return self._intake.to_sample(item, stamp_ns)

    def _follow_time(self, step: TimeStep, now_ns: int, inputs: Mapping[str, object]) -> None:
        """Count, let go of who is gone, and begin everything anew where time broke."""
        self._counters.duplicates += step is TimeStep.DUPLICATE
        self._counters.stragglers += step is TimeStep.STRAGGLER
        if step not in (TimeStep.JUMP_BACK, TimeStep.GAP):
            self._table.remove_absent(inputs.keys(), now_ns, self._grace_ns)
            return
        back = step is TimeStep.JUMP_BACK
        self._counters.time_jumps += back
        self._counters.gaps += not back
        _log.warning(
            "image stamps %s %.3f s: all streams begin anew",
            "went back to" if back else "left a gap before",
            now_ns / 1e9,
        )
        self._rate.clear()
        self._table.restart(Reason.RESET_TIME_JUMP if back else Reason.RESET_GAP, now_ns)
        # How long the others have been away cannot be told across the break.
        self._table.remove_absent(inputs.keys(), now_ns)

    def _relieve(self, now_ns: int) -> None:
        """Let the youngest stream wait if updates take longer than the latency budget."""
        shed = self._table.shed_youngest(now_ns)
        if shed is not None:
            self._counters.shed += 1
            _log.warning(
                "updates take longer than latency_budget_ms (%g): '%s' waits, OVER_LIMIT",
                self.config.latency_budget_ms,
                shed.stream_id,
            )

    def _admit(self, stream_id: str, now_ns: int) -> None:
        if self._table.admit(stream_id, now_ns).row is None:
            self._counters.over_limit += self._table.is_full
            self._counters.over_budget += not self._table.is_full

    def _describe(
        self,
        stream_id: str,
        item: _Item,
        sample: Sample | Reason,
        now_ns: int,
        fresh: bool,
    ) -> Activity:
        stream = self._table.get(stream_id)
        if stream is None:  # removed, and never heard of
            return Activity(stream_id, Validity.INVALID, Reason.LOST)
        missing = sample if isinstance(sample, Reason) else Reason.NONE
        activity, edges = stream.describe(now_ns, missing, fresh=fresh)
        self._table.note(stream, edges)
        if _is_removed(item):
            self._table.remove(stream, now_ns)
        return activity


def _is_removed(item: _Item) -> bool:
    return isinstance(item, Skeleton) and item.track_state is TrackState.REMOVED
