# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What the messages of a stage before do not say outright: lost images, ages of tracks."""

from __future__ import annotations

from dataclasses import replace

from co_perception.skeleton.types import Skeleton, TrackState

__all__ = ["ImageCount", "TrackAges"]

_MOST_TRACKS = 1000
"""More births than this are not kept: publishers that die never say REMOVED."""


class ImageCount:
    """How many images were not processed between two that were.

    `arrived` numbers the images as the first stage saw them, gaps included: those that the stage
    before dropped (it says so) and those whose message was lost (its sequence jumps). What the
    mailbox replaces or a bad message takes away then shows as a gap between two `processed`.
    """

    def __init__(self) -> None:
        self._arrived = 0
        self._processed = 0
        self._sequence: int | None = None

    def arrived(self, sequence: int, dropped_images: int) -> int:
        """Return the number of a message's image, from 1.

        Args:
            sequence: Of the message: +1 for each.
            dropped_images: Images that the stage before did not process since its last message.
        """
        lost = 0
        if self._sequence is not None and sequence > self._sequence:
            lost = sequence - self._sequence - 1 + dropped_images
        # A sequence that goes back is a stage before us that was activated anew.
        self._sequence = sequence
        self._arrived += lost + 1
        return self._arrived

    def pause(self) -> None:
        """Do not count what the sequence skips until the next arrival: it was not asked for."""
        self._sequence = None

    def processed(self, number: int) -> int:
        """Return how many images before this one were not processed."""
        dropped = number - self._processed - 1
        self._processed = number
        return dropped


class TrackAges:
    """Ages of tracks by image time, which skeleton messages do not carry."""

    def __init__(self) -> None:
        self._born: dict[str, int] = {}

    def apply(self, skeletons: list[Skeleton], stamp_ns: int) -> list[Skeleton]:
        """Return the skeletons of one image with their ages; a stamp that went back is age 0."""
        aged = []
        for skeleton in skeletons:
            born = min(self._born.get(skeleton.body_id, stamp_ns), stamp_ns)
            self._born[skeleton.body_id] = born
            aged.append(replace(skeleton, track_age_ns=stamp_ns - born))
            if skeleton.track_state is TrackState.REMOVED:
                del self._born[skeleton.body_id]
        while len(self._born) > _MOST_TRACKS:
            del self._born[next(iter(self._born))]
        return aged
