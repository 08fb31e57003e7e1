# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""One person, or one camera: all that is remembered of it besides its row of the state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from co_perception.engine.activity import CLASS_NONE, UNKNOWN, Activity, Reason, Validity
from co_perception.engine.clock import SECOND_NS, TickClock
from co_perception.engine.config import RecogniserConfig
from co_perception.engine.decisions import Decider, Edge, compute_probabilities, top_scores
from co_perception.engine.evidence import EvidenceWindow
from co_perception.engine.model_folder import ModelFolder
from co_perception.engine.resample import SampleTrack, TickSample
from co_perception.engine.sample import Feeder

__all__ = ["Stream", "to_ns"]


def to_ns(seconds: float) -> int:
    """Return seconds as whole nanoseconds."""
    return round(seconds * SECOND_NS)


@dataclass(frozen=True)
class _Output:
    """The newest output of the network.

    Attributes:
        probabilities: (K,) calibrated.
        span_ns: Stamps of the first and the last image that it rests on.
        enough: Whether it rests on as many real frames as the model asks for.
    """

    probabilities: NDArray[np.float64]
    span_ns: tuple[int, int]
    enough: bool


class Stream:
    """What is remembered of one stream.

    Args:
        stream_id: Body id, or "scene".
        entered_ns: Stamp of the image that named it first.
        model: The model folder.
        config: Parameters.
        clock: The tick grid of all streams.
        feeder: Makes the stream's frames.
    """

    def __init__(
        self,
        stream_id: str,
        entered_ns: int,
        model: ModelFolder,
        config: RecogniserConfig,
        clock: TickClock,
        feeder: Feeder,
    ) -> None:
        self.stream_id, self.entered_ns, self.seen_ns = stream_id, entered_ns, entered_ns
        self.row: int | None = None
        self._model, self._top_k = model, config.top_k
        self._grace_ns = to_ns(config.grace_sec)
        self.track = SampleTrack(clock, max_interpolation_ns=to_ns(config.max_interpolation_sec))
        self._feeder = feeder
        self._evidence = EvidenceWindow(model.receptive_field, model.min_evidence)
        self._decider = _make_decider(model, config)
        self._output: _Output | None = None
        self._steps = 0
        self._reset_reason = Reason.NONE

    @property
    def has_output(self) -> bool:
        """Whether the network has answered since the stream began."""
        return self._output is not None

    def reset(self, reason: Reason) -> list[Edge]:
        """Begin anew, and say why until an answer is usable again; the row is not touched."""
        self.track.reset()
        self._feeder.reset()
        self._evidence.clear()
        self._output = None
        self._steps, self._reset_reason = 0, reason
        return self._decider.clear()

    def feed(self, tick: TickSample) -> NDArray[np.float32]:
        """Return the frame that the network gets at a tick, of its step shape."""
        self._evidence.push(tick.start_ns, tick.end_ns, tick.real)
        self._steps += 1
        return self._feeder.step(tick.sample)

    def take_output(self, logits: NDArray[np.float32]) -> list[Edge]:
        """Take a valid output (K,) for the frame fed last; return the edges that it brings."""
        probabilities = compute_probabilities(logits, self._model.temperature)
        span_ns, enough = self._evidence.span_ns, self._evidence.enough
        self._output = _Output(probabilities, span_ns, enough)
        if not enough:
            return self._decider.clear()
        return self._decider.update(span_ns[1], probabilities)

    def describe(
        self, stamp_ns: int, missing: Reason, *, fresh: bool
    ) -> tuple[Activity, list[Edge]]:
        """Return what is to be said at an image, and the end of an activity that it may bring.

        Args:
            stamp_ns: Stamp of the newest image.
            missing: Why this image has no usable pose of the stream; NONE: it has.
            fresh: Whether this image brought an output.
        """
        validity = self._validity(stamp_ns, fresh=fresh)
        reason = missing if missing != Reason.NONE else self._reset_reason
        if self.row is None:
            reason = Reason.OVER_LIMIT
        age_ns = max(stamp_ns - self.entered_ns, 0)
        if validity >= Validity.HELD:
            self._reset_reason = Reason.NONE
            return self._answer(validity, reason, age_ns), []
        return self._no_answer(validity, reason, age_ns), self._decider.clear()

    def _validity(self, stamp_ns: int, *, fresh: bool) -> Validity:
        output, seen_ns = self._output, self.track.last_ns
        if output is not None and output.enough:
            if stamp_ns - output.span_ns[1] > self._grace_ns:
                return Validity.STALE
            return Validity.VALID if fresh else Validity.HELD
        if seen_ns is None or stamp_ns - seen_ns > self._grace_ns:
            return Validity.INVALID
        return Validity.WARMING_UP

    def _no_answer(self, validity: Validity, reason: Reason, age_ns: int) -> Activity:
        return Activity(
            stream_id=self.stream_id,
            validity=validity,
            reason=reason,
            warmup=self._evidence.share,
            state_steps=self._steps,
            age_ns=age_ns,
        )

    def _answer(self, validity: Validity, reason: Reason, age_ns: int) -> Activity:
        output, decision = self._output, self._decider.decision
        assert output is not None
        assert decision is not None
        known = decision.class_id != CLASS_NONE
        best = output.probabilities[decision.class_id] if known else output.probabilities.max()
        return Activity(
            stream_id=self.stream_id,
            validity=validity,
            reason=reason,
            warmup=self._evidence.share,
            state_steps=self._steps,
            evidence_start_ns=output.span_ns[0],
            evidence_end_ns=output.span_ns[1],
            label=decision.label if known else UNKNOWN,
            class_id=decision.class_id,
            confidence=float(best),
            label_since_ns=decision.since_ns,
            scores=top_scores(output.probabilities, self._model.labels, self._top_k),
            age_ns=age_ns,
        )


def _make_decider(model: ModelFolder, config: RecogniserConfig) -> Decider:
    own = model.thresholds
    hold = own.min_hold_sec if config.min_hold_sec is None else config.min_hold_sec
    return Decider(
        model.labels,
        enter=own.enter if config.enter_threshold is None else config.enter_threshold,
        exit=own.exit if config.exit_threshold is None else config.exit_threshold,
        min_hold_ns=to_ns(hold),
    )
