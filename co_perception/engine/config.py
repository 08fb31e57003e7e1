# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the recogniser, checked when they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from co_perception.engine.model_folder import ModelFolder
from co_perception.errors import ConfigError

__all__ = ["RecogniserConfig", "check_fits"]


@dataclass(frozen=True)
class RecogniserConfig:
    """How time, missing poses and decisions are treated; what is None comes from the model folder.

    Attributes:
        grace_sec: Scores held longer than this are STALE, and a stream not named for longer has
            left; 0.1..60 s.
        max_gap_sec: Longest time between two poses that is bridged by interpolation; after a
            longer one the stream starts anew, and all do after a longer one between two images;
            0.05..60 s.
        max_interpolation_sec: Frames interpolated between poses farther apart than this are fed,
            but do not count as evidence; 0..60 s, at most `max_gap_sec`.
        max_reorder_sec: An image older than the newest one by up to this is a straggler and
            changes nothing; an older one is a jump back in time, which starts everything anew;
            0..1 s.
        min_joints: Fewer visible joints of the model's layout than this are no pose; 1..100.
        min_visibility: A joint less visible than this does not count as visible; 0..1.
        top_k: Scores given per person, best first; 1..100.
        latency_budget_ms: Time that the steps of one update may take: a new stream that would
            not fit gets no row, and the youngest loses its row where updates take longer for two
            seconds; both are OVER_LIMIT. 0: no budget; 0..10000 ms.
        threads: Threads of the onnxruntime backend; 1..256.
        enter_threshold: Probability at which a class may become the label, 0..1.
        exit_threshold: Probability below which it stops being the label, 0..enter.
        min_hold_sec: How long a change must last before the label follows; 0..60 s.
    """

    grace_sec: float = 1.0
    max_gap_sec: float = 1.0
    max_interpolation_sec: float = 0.25
    max_reorder_sec: float = 0.05
    min_joints: int = 6
    min_visibility: float = 0.3
    top_k: int = 5
    latency_budget_ms: float = 0.0
    threads: int = 1
    enter_threshold: float | None = None
    exit_threshold: float | None = None
    min_hold_sec: float | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            _check(name, getattr(self, name), low, high)
        if self.max_interpolation_sec > self.max_gap_sec:
            raise ConfigError(
                f"Recogniser 'max_interpolation_sec': expected at most max_gap_sec "
                f"({self.max_gap_sec}), got {self.max_interpolation_sec}."
            )


_RANGES: dict[str, tuple[float, float]] = {
    "grace_sec": (0.1, 60.0),
    "max_gap_sec": (0.05, 60.0),
    "max_interpolation_sec": (0.0, 60.0),
    "max_reorder_sec": (0.0, 1.0),
    "min_joints": (1, 100),
    "min_visibility": (0.0, 1.0),
    "top_k": (1, 100),
    "latency_budget_ms": (0.0, 10_000.0),
    "threads": (1, 256),
    "enter_threshold": (0.0, 1.0),
    "exit_threshold": (0.0, 1.0),
    "min_hold_sec": (0.0, 60.0),
}
_WHOLE = {field.name for field in fields(RecogniserConfig) if field.type == "int"}
_OPTIONAL = {field.name for field in fields(RecogniserConfig) if field.type == "float | None"}


def _check(name: str, value: object, low: float, high: float) -> None:
    """Raise a ConfigError unless the value is a number of the right kind within its range."""
    if value is None and name in _OPTIONAL:
        return
    whole = name in _WHOLE
    right_type = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if right_type and math.isfinite(value) and low <= value <= high:  # type: ignore[arg-type, operator]
        return
    kind = "a whole number" if whole else "a number"
    raise ConfigError(f"Recogniser '{name}': expected {kind} in {low:g}..{high:g}, got {value!r}.")


def check_fits(config: RecogniserConfig, model: ModelFolder) -> None:
    """Check the parameters against what the model folder says.

    Raises:
        ConfigError: Where they contradict each other.
    """
    if not model.input.is_made_here:
        raise ConfigError(
            f"Recogniser: expected a model that takes images, or skeletons as skeleton.features "
            f"makes them, got one that takes {model.input}, prepared by the caller: {model.path}. "
            "Step it yourself with engine.open_backend"
        )
    enter, leave = config.enter_threshold, config.exit_threshold
    enter = model.thresholds.enter if enter is None else enter
    leave = model.thresholds.exit if leave is None else leave
    if leave > enter:
        raise ConfigError(
            f"Recogniser 'exit_threshold': expected at most enter_threshold ({enter:g}), got "
            f"{leave:g}; what is not set comes from {model.path}."
        )
    if model.input.kind == "video":
        return
    joints = len(model.layout)
    if config.min_joints > joints:
        raise ConfigError(
            f"Recogniser 'min_joints': expected at most {joints}, the joints of the model's "
            f"layout '{model.joint_layout}'; got {config.min_joints}."
        )
