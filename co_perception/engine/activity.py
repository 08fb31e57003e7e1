# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What the recogniser says of a person; field by field what PersonActivity.msg carries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "CLASS_NONE",
    "SCENE",
    "UNKNOWN",
    "Activity",
    "ActivityEvent",
    "ActivityScore",
    "EventType",
    "Reason",
    "Validity",
]

CLASS_NONE = 65535
UNKNOWN = "unknown"
SCENE = "scene"
"""Stream id of the one camera that the pipeline and the nodes have, for whole-image models."""


class Validity(IntEnum):
    """How far an activity may be believed; usable is >= HELD."""

    INVALID = 0
    WARMING_UP = 1
    STALE = 2
    HELD = 3
    VALID = 4


class Reason(IntEnum):
    """Why the validity is low, or why the state was reset."""

    NONE = 0
    NO_POSE = 1
    FEW_JOINTS = 2
    LOST = 3
    OVER_LIMIT = 4
    RESET_SERVICE = 5
    RESET_TIME_JUMP = 6
    RESET_GAP = 7
    RESET_MODEL = 8


class EventType(IntEnum):
    """Edges of activities and of presence."""

    STARTED = 0
    ENDED = 1
    PERSON_ENTERED = 2
    PERSON_LEFT = 3


@dataclass(frozen=True)
class ActivityScore:
    """Calibrated probability of one class, not smoothed."""

    class_id: int
    label: str
    score: float


@dataclass(frozen=True)
class Activity:
    """The state of one stream after one update.

    Attributes:
        stream_id: Body id, or "scene" for whole-image models.
        validity: How far this may be believed.
        reason: Why the validity is low, or why the state was reset.
        warmup: Share of the receptive field that saw real frames, 0..1.
        state_steps: Model steps in this stream's state since its last reset.
        evidence_start_ns: Stamp of the first input that the scores rest on (0: none).
        evidence_end_ns: Stamp of the last input that the scores rest on (0: none).
        label: Decision after smoothing; "unknown": usable, but no class is sure; "": not usable.
        class_id: Index of the label, CLASS_NONE unless a class is decided.
        confidence: Of the label in the newest output, 0..1; for "unknown" the best class's.
        label_since_ns: Stamp at which the label became the decision (0: none).
        scores: Best classes first.
        age_ns: Image time since the stream was first named, nanoseconds.
    """

    stream_id: str
    validity: Validity
    reason: Reason = Reason.NONE
    warmup: float = 0.0
    state_steps: int = 0
    evidence_start_ns: int = 0
    evidence_end_ns: int = 0
    label: str = ""
    class_id: int = CLASS_NONE
    confidence: float = 0.0
    label_since_ns: int = 0
    scores: tuple[ActivityScore, ...] = ()
    age_ns: int = 0

    @property
    def usable(self) -> bool:
        """Whether label and scores may be acted on."""
        return self.validity >= Validity.HELD


@dataclass(frozen=True)
class ActivityEvent:
    """An edge: an activity began or ended, a person came or left."""

    stamp_ns: int
    stream_id: str
    type: EventType
    label: str = ""
    class_id: int = CLASS_NONE
    confidence: float = 0.0
    duration_ns: int = 0
