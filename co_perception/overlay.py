# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Draw what is known about the people of an image on the image itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from co_perception.camera._cv2 import cv2
from co_perception.engine.activity import SCENE, UNKNOWN, Activity, Validity
from co_perception.errors import ShapeError
from co_perception.palette import NEUTRAL, label_rgb, state_words
from co_perception.skeleton.layouts import get_layout
from co_perception.skeleton.types import Skeleton, TrackState

__all__ = ["draw"]

Image: TypeAlias = NDArray[np.uint8]
Bgr: TypeAlias = tuple[int, int, int]

_LEFT: Bgr = (235, 180, 70)
_RIGHT: Bgr = (60, 150, 250)
_MIDDLE: Bgr = (225, 225, 215)
_LOST: Bgr = (150, 150, 150)
_OUTLINE: Bgr = (25, 25, 25)
_PANEL: Bgr = (32, 28, 26)
_TEXT: Bgr = (245, 245, 245)
_PANEL_OPACITY = 0.72
_VISIBLE = 0.3
"""Joints less visible than this are guesses of the estimator and are not drawn."""
_HEAD_SHARE = 0.14
"""Crown and hair above the eyes, as a share of the height from eyes to feet."""
_FONT = cv2.FONT_HERSHEY_DUPLEX
_REFERENCE_SIDE = 480
"""Line widths and letters are made for images whose shorter side has this many pixels."""


def draw(
    image: Image,
    skeletons: Sequence[Skeleton],
    activities: Sequence[Activity] = (),
    *,
    caption: str = "",
) -> Image:
    """Return a copy of the image with skeletons, labels, confidence and state drawn.

    The left side of a body is blue, the right side orange; a person out of sight is grey. The
    panel by the head shows the label with a bar for its confidence, or what stands in the way of
    an answer: warming up with a bar for its progress, held, stale, too few joints.

    Args:
        image: (H, W, 3) uint8, BGR.
        skeletons: People of the image; those REMOVED are not drawn.
        activities: What they do, matched by body id; people without one get no panel. That of a
            scene stands in the upper left corner.
        caption: A line for the lower left corner.

    Raises:
        ShapeError: If the image has another shape or type.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ShapeError(
            f"Overlay: expected a BGR image (H, W, 3) of uint8, got {image.shape} {image.dtype}."
        )
    canvas = image.copy()
    scale = max(0.4, min(image.shape[:2]) / _REFERENCE_SIDE)
    by_id = {activity.stream_id: activity for activity in activities}
    people = [s for s in skeletons if s.track_state != TrackState.REMOVED]
    for skeleton in people:
        _draw_skeleton(canvas, skeleton, scale)
    # Panels come last: no limb may cross a word.
    for skeleton in people:
        if (activity := by_id.get(skeleton.body_id)) is not None:
            _draw_panel(canvas, skeleton, activity, scale)
    if scene := by_id.get(SCENE):
        _draw_lines(canvas, _lines(scene, ""), (0, 0), scale, scene)
    if caption:
        _draw_caption(canvas, caption, scale)
    return canvas


@lru_cache(maxsize=16)
def _bones(layout: str) -> tuple[tuple[int, int, Bgr], ...]:
    """Bones of a layout with their colours."""
    found = get_layout(layout)

    def colour(a: str, b: str) -> Bgr:
        if "left" in a and "left" in b:
            return _LEFT
        return _RIGHT if "right" in a and "right" in b else _MIDDLE

    return tuple((i, j, colour(found.joints[i], found.joints[j])) for i, j in found.edge_indices)


def _draw_skeleton(canvas: Image, skeleton: Skeleton, scale: float) -> None:
    height, width = canvas.shape[:2]
    points = skeleton.points
    known = np.isfinite(points[:, :2]).all(axis=1) & (points[:, 2] >= _VISIBLE)
    # Joints far outside would overflow OpenCV's 16-bit line coordinates.
    reach = np.clip(np.nan_to_num(points[:, :2]), -2.0, 3.0)
    pixels = np.rint(reach * (width, height)).astype(int)
    at = [(int(x), int(y)) for x, y in pixels]
    lost = skeleton.track_state == TrackState.LOST
    thick = max(1, round((1.5 if lost else 3.0) * scale))
    bones = [bone for bone in _bones(skeleton.layout) if known[bone[0]] and known[bone[1]]]
    if not lost:
        for i, j, _ in bones:
            cv2.line(canvas, at[i], at[j], _OUTLINE, thick + max(2, round(2 * scale)), cv2.LINE_AA)
    for i, j, colour in bones:
        cv2.line(canvas, at[i], at[j], _LOST if lost else colour, thick, cv2.LINE_AA)
    for joint in np.flatnonzero(known):
        colour = _LOST if lost else _TEXT
        cv2.circle(canvas, at[joint], max(1, round(2 * scale)), colour, -1, cv2.LINE_AA)


def _lines(activity: Activity, track: str) -> tuple[str, str]:
    """The large and the small line of a panel."""
    state = state_words(activity)
    if not activity.usable:
        return state, track
    label = activity.label.replace("_", " ")
    if activity.label == UNKNOWN and activity.scores:
        best = activity.scores[0].label.replace("_", " ")
        state = ", ".join(filter(None, (state, f"maybe {best}")))
    return f"{label} {activity.confidence:.0%}", ", ".join(filter(None, (track, state)))


def _draw_panel(canvas: Image, skeleton: Skeleton, activity: Activity, scale: float) -> None:
    height, width = canvas.shape[:2]
    x_min, y_min, _, y_max = skeleton.box
    # The highest joints are the eyes or the nose: leave room for the rest of the head.
    top = (y_min - _HEAD_SHARE * (y_max - y_min)) * height
    # Ids are long so that they are never used again; their end tells people of one run apart.
    track = "person " + skeleton.body_id.rpartition("_")[2][-8:]
    anchor = (round(x_min * width), round(top - 4 * scale))
    _draw_lines(canvas, _lines(activity, track), anchor, scale, activity)


def _draw_lines(
    canvas: Image,
    lines: tuple[str, str],
    anchor: tuple[int, int],
    scale: float,
    activity: Activity,
) -> None:
    """Draw a panel with its lower left corner at the anchor, moved so that all of it is seen."""
    large, small = lines
    big, little = 0.62 * scale, 0.42 * scale
    margin, bar = max(3, round(7 * scale)), max(2, round(5 * scale))
    (large_width, large_height), _ = cv2.getTextSize(large, _FONT, big, 1)
    (small_width, small_height), _ = cv2.getTextSize(small, _FONT, little, 1)
    width = max(large_width, small_width, round(110 * scale)) + 2 * margin
    height = large_height + small_height + bar + 4 * margin
    left = min(max(0, anchor[0]), max(0, canvas.shape[1] - width))
    top = min(max(0, anchor[1] - height), max(0, canvas.shape[0] - height))
    _shade(canvas, left, top, width, height)
    colour = _colour(activity)
    edge = max(2, round(3 * scale))
    cv2.rectangle(canvas, (left, top), (left + edge - 1, top + height - 1), colour, -1)
    x, y = left + margin, top + margin + large_height
    text = _TEXT if activity.validity == Validity.VALID else (205, 205, 205)
    cv2.putText(canvas, large, (x, y), _FONT, big, text, 1, cv2.LINE_AA)
    y += margin
    share = activity.confidence if activity.usable else activity.warmup
    _bar(canvas, (x, y), (width - 2 * margin, bar), share, colour)
    y += bar + margin + small_height
    cv2.putText(canvas, small, (x, y), _FONT, little, (190, 190, 190), 1, cv2.LINE_AA)


def _bar(
    canvas: Image, corner: tuple[int, int], size: tuple[int, int], share: float, colour: Bgr
) -> None:
    (x, y), (width, height) = corner, size
    cv2.rectangle(canvas, (x, y), (x + width - 1, y + height - 1), (80, 78, 76), -1)
    filled = round(width * min(1.0, max(0.0, share)))
    if filled:
        cv2.rectangle(canvas, (x, y), (x + filled - 1, y + height - 1), colour, -1)


def _colour(activity: Activity) -> Bgr:
    red, green, blue = label_rgb(activity.label) if activity.usable else NEUTRAL
    if activity.validity == Validity.HELD:
        red, green, blue = (round(0.6 * c + 0.4 * n) for c, n in zip((red, green, blue), NEUTRAL))
    return (blue, green, red)


def _shade(canvas: Image, left: int, top: int, width: int, height: int) -> None:
    """Darken a rectangle so that text on it reads on any background."""
    patch = canvas[top : top + height, left : left + width]
    panel = np.full_like(patch, _PANEL)
    cv2.addWeighted(panel, _PANEL_OPACITY, patch, 1 - _PANEL_OPACITY, 0, dst=patch)


def _draw_caption(canvas: Image, caption: str, scale: float) -> None:
    size, margin = 0.45 * scale, max(3, round(6 * scale))
    (width, height), base = cv2.getTextSize(caption, _FONT, size, 1)
    full = height + base + 2 * margin
    _shade(canvas, 0, canvas.shape[0] - full, min(width + 2 * margin, canvas.shape[1]), full)
    corner = (margin, canvas.shape[0] - margin - base)
    cv2.putText(canvas, caption, corner, _FONT, size, _TEXT, 1, cv2.LINE_AA)
