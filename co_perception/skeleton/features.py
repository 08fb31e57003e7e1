# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From joints in an image to what a skeleton network is fed, one frame at a time.

Networks must not see where in the image a person stands, how large they appear, or whether the
image is 4:3, 16:9 or upright. They must see how the body is posed and how it moves as a whole.
So each frame becomes five channels per joint ("root_scaled"):

====  ==================================================================================
0, 1  x to the right and y down from the middle of the hips, in body scales, within -5..5
2     visibility, 0..1; 0 for a missing joint, whose x and y are then 0 too
3, 4  velocity of the middle of the hips, the same for all joints, in units of
      `VELOCITY_UNIT` body scales per second, limited to -2..2
====  ==================================================================================

One body scale is the length of the trunk, shoulders to hips, as it would appear upright to the
camera. It is kept per stream, because the trunk of a person who bends towards the camera looks
short although the person did not shrink: it follows growth at once and shrinks slowly.

Every operation looks at this frame and at the stream's own past only, so that a stream and a clip
give the same numbers: `clip_features` runs `features_step` over the clip.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from co_perception.errors import ConfigError, ShapeError
from co_perception.skeleton.layouts import get_layout

__all__ = [
    "FEATURES",
    "ROOT_SCALED",
    "FeatureState",
    "FeatureStream",
    "clip_features",
    "feature_channels",
    "features_step",
    "init_feature_state",
]

ROOT_SCALED = "root_scaled"
FEATURES: dict[str, int] = {ROOT_SCALED: 5}
"""Names of the known inputs and their channel counts."""

LAYOUT = "common13"
VISIBILITY_FLOOR = 0.05
"""A joint less visible than this is missing: estimators place such joints by guess."""
VELOCITY_UNIT = 2.0
VELOCITY_LIMIT = 2.0
POSITION_LIMIT = 5.0
"""A raised hand is two trunks from the hips: what is farther away is an estimator's slip."""
SCALE_HALF_LIFE_SEC = 4.0
"""How slowly the body scale forgets: a squat or a bow of 2 s changes it by less than a third."""

# Segment lengths as shares of the trunk (shoulder line to hip line), from the stature shares of
# Winter, "Biomechanics and Motor Control of Human Movement", 2009, figure 4.1 (trunk 0.288 H,
# thigh 0.245 H, shank 0.246 H, upper arm 0.186 H, shoulder breadth 0.259 H).
_THIGH, _SHANK, _UPPER_ARM, _SHOULDERS = 0.85, 0.85, 0.65, 0.90
# Limbs bend towards the camera and their joints jitter: trusted a little less than the trunk.
_LIMB_TRUST = 0.95

_INDEX = {name: index for index, name in enumerate(get_layout(LAYOUT).joints)}


def _pair(joint: str) -> tuple[int, int]:
    return _INDEX[f"left_{joint}"], _INDEX[f"right_{joint}"]


_SHOULDER, _ELBOW, _HIP = _pair("shoulder"), _pair("elbow"), _pair("hip")
_KNEE, _ANKLE = _pair("knee"), _pair("ankle")


class FeatureState(NamedTuple):
    """What a stream remembers between frames; leading axes are the streams'.

    Attributes:
        root_px: (..., 2) middle of the hips in the last frame; NaN where it was not seen: the next
            frame then has no velocity, rather than one that spans the absence.
        scale_px: (...) length of one body scale; 0 before it was seen.
    """

    root_px: NDArray[np.float32]
    scale_px: NDArray[np.float32]


def init_feature_state(batch_shape: tuple[int, ...] = ()) -> FeatureState:
    """Return the state of streams that have seen nothing."""
    return FeatureState(
        np.full((*batch_shape, 2), np.nan, np.float32), np.zeros(batch_shape, np.float32)
    )


def feature_channels(name: str) -> int:
    """Return the channel count of a named input.

    Raises:
        ConfigError: If the name is unknown.
    """
    try:
        return FEATURES[name]
    except KeyError:
        known = ", ".join(sorted(FEATURES))
        raise ConfigError(f"Skeleton features: expected one of {known}; got '{name}'.") from None


def _finite(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Put 0 where there is no number (several times faster than np.nan_to_num)."""
    return np.asarray(np.where(np.isfinite(values), values, 0.0), np.float32)


def _mean_of_known(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over axis -2 without its NaN rows; NaN where all are."""
    known = np.isfinite(values).all(axis=-1, keepdims=True)
    total = np.where(known, values, 0.0).sum(axis=-2)
    count = known.sum(axis=-2)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return np.asarray(mean, np.float32)


def _length(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance between two points, 0 where one is unknown."""
    distance = np.hypot(a[..., 0] - b[..., 0], a[..., 1] - b[..., 1])
    return _finite(distance)


def _side_length(
    xy: NDArray[np.float32], outer: tuple[int, int], inner: tuple[int, int]
) -> NDArray[np.float32]:
    """The longer of the left and the right segment."""
    left = _length(xy[..., outer[0], :], xy[..., inner[0], :])
    right = _length(xy[..., outer[1], :], xy[..., inner[1], :])
    return np.maximum(left, right)


def _body_scale(xy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Estimate the body scale from one frame, (...) pixels; 0 where nothing can be measured."""
    shoulders = _mean_of_known(xy[..., _SHOULDER, :])
    hips = _mean_of_known(xy[..., _HIP, :])
    trunk = _length(shoulders, hips)
    limbs = (
        _side_length(xy, _KNEE, _HIP) / _THIGH,
        _side_length(xy, _ANKLE, _KNEE) / _SHANK,
    )
    whole = np.maximum(trunk, _LIMB_TRUST * np.maximum(*limbs))
    # Without hips and legs (a person at a desk) the arms and shoulders have to do.
    upper = np.maximum(
        _side_length(xy, _ELBOW, _SHOULDER) / _UPPER_ARM,
        _length(xy[..., _SHOULDER[0], :], xy[..., _SHOULDER[1], :]) / _SHOULDERS,
    )
    return np.asarray(np.where(whole > 0, whole, upper), np.float32)


def _root(xy: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Middle of the hips; where they are not seen, one trunk below the shoulders; else NaN."""
    hips = _mean_of_known(xy[..., _HIP, :])
    below = _mean_of_known(xy[..., _SHOULDER, :])
    below = below + np.stack([np.zeros_like(scale), scale], axis=-1)
    return np.where(np.isfinite(hips), hips, below)


def features_step(
    points: NDArray[np.floating],
    image_size: tuple[float, float],
    dt_sec: float,
    state: FeatureState,
) -> tuple[NDArray[np.float32], FeatureState]:
    """Turn one frame of every stream into network input.

    Args:
        points: (..., 13, 3) joints of layout "common13": x and y in shares of the image's width
            and height, visibility 0..1; missing joints NaN.
        image_size: Width and height; only their ratio matters.
        dt_sec: Seconds since the previous frame of the streams, > 0.
        state: From the previous call, or `init_feature_state(points.shape[:-2])`.

    Returns:
        (..., 5, 13) float32 as in the module's table, and the next state.

    Raises:
        ShapeError: If `points` is not (..., 13, 3).
    """
    points = np.asarray(points, np.float32)
    if points.ndim < 2 or points.shape[-2:] != (len(_INDEX), 3):
        raise ShapeError(
            f"Skeleton features: expected joints (..., {len(_INDEX)}, 3) of layout '{LAYOUT}', "
            f"got {points.shape}; convert with skeleton.to_layout(..., has_visibility=True)."
        )
    visibility = _finite(points[..., 2]).clip(0.0, 1.0)
    seen = np.isfinite(points[..., :2]).all(axis=-1) & (visibility >= VISIBILITY_FLOOR)
    size = np.asarray(image_size, np.float32)
    xy = np.where(seen[..., None], points[..., :2] * size, np.float32(np.nan))

    forgotten = state.scale_px * np.float32(0.5 ** (dt_sec / SCALE_HALF_LIFE_SEC))
    measured = _body_scale(xy)
    # Nothing measured: keep the scale, do not let it decay while the person is hidden.
    scale = np.where(measured > 0, np.maximum(forgotten, measured), state.scale_px)
    root = _root(xy, scale)
    moved = root - state.root_px
    # Neither hips nor shoulders: there is nothing to place the other joints against.
    seen &= np.isfinite(root).all(axis=-1, keepdims=True)

    unit = np.where(scale > 0, scale, np.float32(np.inf))[..., None]
    velocity = _finite(moved / (unit * np.float32(dt_sec * VELOCITY_UNIT)))
    velocity = velocity.clip(-VELOCITY_LIMIT, VELOCITY_LIMIT)
    relative = _finite((xy - root[..., None, :]) / unit[..., None, :])
    relative = relative.clip(-POSITION_LIMIT, POSITION_LIMIT)
    shape = (*points.shape[:-2], len(_INDEX), 2)
    channels = np.concatenate(
        [
            relative,
            np.where(seen, visibility, 0.0)[..., None],
            np.broadcast_to(velocity[..., None, :], shape),
        ],
        axis=-1,
    )
    features = np.ascontiguousarray(np.swapaxes(channels, -1, -2), np.float32)
    return features, FeatureState(root.astype(np.float32), scale.astype(np.float32))


def clip_features(
    points: NDArray[np.floating], image_size: tuple[float, float], rate: float
) -> NDArray[np.float32]:
    """Turn whole clips into network input, as a stream that starts with them would.

    Args:
        points: (..., T, 13, 3) as for `features_step`.
        image_size: Width and height; only their ratio matters.
        rate: Frames per second.

    Returns:
        (..., 5, T, 13) float32.

    Raises:
        ShapeError: If the last axes are not (13, 3).
    """
    points = np.asarray(points, np.float32)
    if points.ndim < 3:
        raise ShapeError(f"clip_features: expected (..., T, 13, 3), got {points.shape}.")
    state = init_feature_state(points.shape[:-3])
    frames = []
    for time in range(points.shape[-3]):
        frame, state = features_step(points[..., time, :, :], image_size, 1.0 / rate, state)
        frames.append(frame)
    if not frames:
        return np.zeros((*points.shape[:-3], FEATURES[ROOT_SCALED], 0, len(_INDEX)), np.float32)
    return np.stack(frames, axis=-2)


class FeatureStream:
    """The features of one person, frame by frame."""

    def __init__(self, layout: str = LAYOUT) -> None:
        if layout != LAYOUT:
            raise ConfigError(
                f"Skeleton features '{ROOT_SCALED}': expected layout '{LAYOUT}', got '{layout}'; "
                f"convert with skeleton.to_layout first."
            )
        self._state = init_feature_state()

    def reset(self) -> None:
        """Forget the person."""
        self._state = init_feature_state()

    def step(
        self, points: NDArray[np.floating], image_size: tuple[float, float], dt_sec: float
    ) -> NDArray[np.float32]:
        """Return the (5, 13) features of the next frame; see `features_step`."""
        features, self._state = features_step(points, image_size, dt_sec, self._state)
        return features
