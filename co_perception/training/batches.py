# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From recordings to what the network is trained on: features, labels and weights per frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from co_perception.skeleton.features import clip_features
from co_perception.training.augment import mirror, move_cameras, vary_bodies, vary_postures
from co_perception.training.compose import MotionPool, compose_stream, frame_weights
from co_perception.training.degrade import degrade
from co_perception.training.motions import TRAINING_RATE, Motion
from co_perception.training.views import look_at_motions

__all__ = ["Mixture", "Part", "TrainingSet", "motion_features", "pose_features"]

_BATCH = 256
_ANISOTROPY = 0.06


@dataclass(frozen=True)
class TrainingSet:
    """Frame-wise examples.

    Attributes:
        features: (N, 5, T, 13) float32.
        labels: (N, T) int16 class ids, `IGNORE` or `OTHER`.
        weights: (N, T) float32, 0..1.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int16]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class Part:
    """One source of a mixture.

    Attributes:
        pool: Its recordings.
        share: How often it is drawn, relative to the other parts that have the class.
        in_place: Whether its walks and runs are in place.
    """

    pool: MotionPool
    share: float = 1.0
    in_place: bool = False


def pose_features(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn (..., T, 13, 3) image-plane points with visibility into (..., 5, T, 13) features."""
    return clip_features(points, (1.0, 1.0), TRAINING_RATE)


def motion_features(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn clean (..., T, 13, 2) image-plane points into features, every joint fully visible."""
    seen = np.ones((*points.shape[:-1], 1), np.float32)
    return pose_features(np.concatenate([points, seen], axis=-1))


class Mixture:
    """Draws training examples from several sources, each class equally often.

    Args:
        parts: The sources.
        frames: Length of each example.
        other_share: How often an activity that is no class is drawn, compared to one class.
        strength: Scale of the jitter (see `degrade.degrade`).
    """

    def __init__(
        self,
        parts: list[Part],
        *,
        frames: int,
        other_share: float = 1.5,
        strength: float = 1.0,
    ) -> None:
        self.parts, self.frames, self.strength = parts, frames, strength
        self.classes = sorted({label for part in parts for label in part.pool.classes})
        weights = np.array([1.0 if label >= 0 else other_share for label in self.classes])
        self._chances = weights / weights.sum()

    def draw(self, count: int, rng: np.random.Generator) -> TrainingSet:
        """Return `count` examples; equal generators give equal examples."""
        sets = [self._draw_batch(min(_BATCH, count - n), rng) for n in range(0, count, _BATCH)]
        return TrainingSet(
            np.concatenate([s.features for s in sets]),
            np.concatenate([s.labels for s in sets]),
            np.concatenate([s.weights for s in sets]),
        )

    def _draw_stream(self, rng: np.random.Generator) -> Motion:
        label = int(rng.choice(self.classes, p=self._chances))
        having = [part for part in self.parts if label in part.pool.classes]
        shares = np.array([part.share for part in having])
        part = having[int(rng.choice(len(having), p=shares / shares.sum()))]
        return compose_stream(part.pool, label, self.frames, rng, in_place=part.in_place)

    def _draw_batch(self, count: int, rng: np.random.Generator) -> TrainingSet:
        streams = [self._draw_stream(rng) for _ in range(count)]
        flat = np.zeros((count, self.frames, 13, 2), np.float32)
        deep = np.array([stream.points.shape[-1] == 3 for stream in streams])
        if deep.any():
            solid = np.stack([s.points for s, d in zip(streams, deep, strict=True) if d])
            varied = vary_bodies(vary_postures(solid, rng), rng)
            flat[deep] = look_at_motions(varied, rng)
        if not deep.all():
            drawn = np.stack([s.points for s, d in zip(streams, deep, strict=True) if not d])
            flat[~deep] = vary_bodies(drawn, rng)
        flip = rng.random(count) < 0.5
        flat[flip] = mirror(flat[flip])
        flat[..., 0] *= np.exp(rng.normal(0.0, _ANISOTROPY, (count, 1, 1)))
        labels = np.stack([stream.labels for stream in streams])
        points = degrade(move_cameras(flat, rng), rng, self.strength)
        return TrainingSet(pose_features(points), labels, frame_weights(labels))
