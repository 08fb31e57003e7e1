# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Pose estimators behind one interface: an image and its stamp in, skeletons of people out."""

from __future__ import annotations

import importlib.util
import os
from abc import ABC, abstractmethod
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ConfigError, StreamError
from co_perception.pose.gates import GateConfig
from co_perception.pose.persons import PersonGate
from co_perception.pose.raw import LAYOUT, PoseDetector, RawPose, check_image
from co_perception.skeleton.types import Skeleton

__all__ = ["BACKENDS", "ESTIMATORS", "GatedEstimator", "PoseEstimator", "create_estimator"]

ESTIMATORS = ("mediapipe",)
BACKENDS = ("auto", "solutions", "tasks")

_BACK_NS = 200_000_000  # a smaller step back is a late image, a larger one another time
_REPEAT_NS = 1_000_000  # how far time goes on when a stamp repeats
_CORE = list(range(13)) + [23, 24]  # head, shoulders, hips: what the confidence rests on


class PoseEstimator(ABC):
    """Finds people in the images of one camera; one thread owns it.

    Attributes:
        name: Of the backend that runs.
        layout: Joint layout of the skeletons.
    """

    name: str
    layout: str

    @abstractmethod
    def estimate(self, image_bgr: NDArray[np.uint8], stamp_ns: int) -> list[Skeleton]:
        """Return the people in one image: no ids, not smoothed, empty where nobody is.

        Args:
            image_bgr: (height, width, 3) uint8, any size; it may change.
            stamp_ns: Time of the image, nanoseconds. A stamp that repeats is no fault; one that
                goes back by more than 0.2 s resets the estimator.

        Raises:
            ShapeError: If the image is not (height, width, 3) uint8.
            StreamError: If the estimator is closed.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget everything seen, as for another camera or another time."""

    @abstractmethod
    def close(self) -> None:
        """Free the networks; a second call does nothing."""

    def __enter__(self) -> PoseEstimator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class GatedEstimator(PoseEstimator):
    """A pose detector whose figures pass the gates before they count as people.

    Args:
        detector: The network; the estimator owns it from now on.
        gates: Thresholds.
    """

    layout = LAYOUT

    def __init__(self, detector: PoseDetector, gates: GateConfig | None = None) -> None:
        self.name = detector.name
        self._detector: PoseDetector | None = detector
        self._gate = PersonGate(detector.look, gates)
        self._image_size: tuple[int, int] | None = None
        self._stamp_ns: int | None = None
        self._now_ns = 0

    @property
    def refusals(self) -> dict[str, int]:
        """How often each gate refused a figure since the last reset, by its name."""
        return dict(self._gate.refusals)

    def estimate(self, image_bgr: NDArray[np.uint8], stamp_ns: int) -> list[Skeleton]:
        """Return the people in one image (see `PoseEstimator.estimate`)."""
        size = check_image(image_bgr)
        detector = self._open_detector()
        if self._is_new_stream(size, stamp_ns):
            self.reset()
        self._advance(size, stamp_ns)
        people = self._gate.admit(image_bgr, detector.follow(image_bgr), self._now_ns)
        if self._gate.misled:
            detector.forget()
        return [_to_skeleton(pose, size) for pose in people]

    def reset(self) -> None:
        """Forget everything seen."""
        self._open_detector().forget()
        self._gate.reset()
        self._image_size = self._stamp_ns = None

    def close(self) -> None:
        """Free the networks."""
        if self._detector is not None:
            self._detector.close()
        self._detector = None

    def _open_detector(self) -> PoseDetector:
        if self._detector is None:
            raise StreamError("pose estimator: it is closed; create another one")
        return self._detector

    def _is_new_stream(self, size: tuple[int, int], stamp_ns: int) -> bool:
        if self._stamp_ns is None or self._image_size is None:
            return False
        return size != self._image_size or stamp_ns < self._stamp_ns - _BACK_NS

    def _advance(self, size: tuple[int, int], stamp_ns: int) -> None:
        """Keep a clock that always goes forward, whatever the stamps do."""
        started = self._stamp_ns is not None
        self._now_ns = max(stamp_ns, self._now_ns + _REPEAT_NS) if started else stamp_ns
        self._stamp_ns = stamp_ns
        self._image_size = size


def create_estimator(
    name: str = "mediapipe",
    *,
    max_people: int = 1,
    model_path: str | os.PathLike[str] | None = None,
    min_confidence: float = 0.5,
    backend: str = "auto",
    gates: GateConfig | None = None,
) -> GatedEstimator:
    """Return a pose estimator by name.

    Args:
        name: "mediapipe".
        max_people: Most people per image, at least 1; `mp.solutions` can only do 1.
        model_path: Pose landmarker bundle for the Tasks API; the cached one by default.
        min_confidence: Of MediaPipe's detection, presence and tracking, 0..1.
        backend: "tasks", "solutions", or "auto": solutions only where an older mediapipe is
            installed and there is no asset for Tasks.
        gates: Thresholds of the gates.

    Raises:
        ConfigError: If an argument is not allowed.
        DependencyError: If mediapipe is missing.
        WeightsError: If the asset is missing or damaged; the message names the command.
    """
    _check_choice("name", name, ESTIMATORS)
    _check_choice("backend", backend, BACKENDS)
    if max_people < 1:
        raise ConfigError(f"pose estimator: max_people: expected at least 1, got {max_people}")
    if not 0.0 <= min_confidence <= 1.0:
        raise ConfigError(f"pose estimator: min_confidence: expected 0..1, got {min_confidence}")
    detector = _create_detector(
        _choose(backend, model_path), max_people, model_path, min_confidence
    )
    return GatedEstimator(detector, gates)


def _check_choice(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(
            f"pose estimator: {key}: expected one of {', '.join(sorted(allowed))}, got '{value}'"
        )


def _choose(backend: str, model_path: str | os.PathLike[str] | None) -> str:
    """Prefer Tasks; take solutions where they exist and nobody has made or named an asset."""
    from co_perception.pose.asset import ASSET_VARIABLE, default_asset_path

    if backend != "auto":
        return backend
    asset_is_wanted = (
        model_path or os.environ.get(ASSET_VARIABLE) or default_asset_path().is_file()
    )
    return "solutions" if not asset_is_wanted and _has_solutions() else "tasks"


def _has_solutions() -> bool:
    try:
        return importlib.util.find_spec("mediapipe.python.solutions") is not None
    except ImportError:
        return False


def _create_detector(
    backend: str,
    max_people: int,
    model_path: str | os.PathLike[str] | None,
    min_confidence: float,
) -> PoseDetector:
    if backend == "solutions":
        if max_people > 1:
            raise ConfigError(
                f"pose estimator: backend 'solutions' finds one person, max_people is "
                f"{max_people}; use backend 'tasks'"
            )
        from co_perception.pose.mediapipe_solutions import SolutionsDetector

        return SolutionsDetector(min_confidence=min_confidence)
    from co_perception.pose.asset import find_pose_asset
    from co_perception.pose.mediapipe_tasks import TasksDetector

    asset = find_pose_asset(model_path)
    return TasksDetector(asset, max_people=max_people, min_confidence=min_confidence)


def _to_skeleton(pose: RawPose, image_size: tuple[int, int]) -> Skeleton:
    """Pack a pose; a joint is as visible as both of the network's opinions allow."""
    visibility = np.clip(np.minimum(pose.visibility, pose.presence), 0.0, 1.0)
    return Skeleton(
        layout=LAYOUT,
        points=np.column_stack([pose.points, visibility]).astype(np.float32),
        image_size=image_size,
        confidence=float(visibility[_CORE].mean()),
        world=pose.world,
    )
