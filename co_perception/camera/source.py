# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What a camera is to the rest of the package: a source of stamped frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Frame", "FrameSource", "PersonTruth", "SourceInfo", "SourceStatus"]


@dataclass(frozen=True)
class PersonTruth:
    """What is known about a rendered person in one frame.

    Attributes:
        name: Name of the person in the script.
        label: Activity performed at this frame.
        since_ns: Stamp at which this activity began.
        joints_px: (13, 2) float32 pixels in the order of the layout "common13".
        visible: (13,) bool: inside the image and not hidden.
    """

    name: str
    label: str
    since_ns: int
    joints_px: NDArray[np.float32]
    visible: NDArray[np.bool_]


@dataclass(frozen=True)
class Frame:
    """One image with its acquisition time.

    Attributes:
        image: (H, W, 3) uint8, BGR.
        stamp_ns: Acquisition time in nanoseconds: system time for live sources, media time for
            files (offset by the caller where wall time is wanted; it starts over with a loop).
        index: Number of the frame since the source was opened, from 0, never reset by a loop.
        loop: How often the source has started over.
        truth: Known content of a rendered frame; empty for real cameras.
    """

    image: NDArray[np.uint8]
    stamp_ns: int
    index: int
    loop: int = 0
    truth: tuple[PersonTruth, ...] = field(default=())


@dataclass(frozen=True)
class SourceInfo:
    """What a source says of itself once it is open (rate 0.0: unknown)."""

    name: str
    width: int
    height: int
    rate: float
    live: bool
    frame_count: int | None = None


@dataclass(frozen=True)
class SourceStatus:
    """How a source is doing, for diagnostics; all counts since it was opened.

    Attributes:
        connected: False while a cut stream is being opened again.
        reconnects: How often a cut stream came back.
        dropped_frames: Frames that the reader was too slow for and never saw.
        damaged_frames: Images that could not be decoded and were left out.
        size_changes: How often the image size changed from one frame to the next.
        detail: The last trouble in words; "" when there was none.
    """

    connected: bool = True
    reconnects: int = 0
    dropped_frames: int = 0
    damaged_frames: int = 0
    size_changes: int = 0
    detail: str = ""


class FrameSource(ABC):
    """A source of frames, read by one thread; `close` may be called from another.

    A frame always has the size of its own image: when a source changes size on the way, the next
    frames simply have the new one and `status.size_changes` counts it.
    """

    info: SourceInfo

    @property
    def status(self) -> SourceStatus:
        """How the source is doing; may be read from any thread."""
        return SourceStatus()

    @abstractmethod
    def read(self) -> Frame | None:
        """Return the next frame, waiting for it where the source has a pace; None at the end.

        Raises:
            SourceError: If the source failed in a way that reading on cannot mend.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the device, file or process; a second call does nothing."""

    def __enter__(self) -> FrameSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self.read()) is not None:
            yield frame
