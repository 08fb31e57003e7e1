# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""From what a person types to an open source: `0`, `clip.mp4`, `rtsp://...`, `gst:...`, `demo`."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path

from co_perception.camera.address import is_recording
from co_perception.camera.source import FrameSource
from co_perception.errors import ConfigError, SourceError

__all__ = ["SourceKind", "open_source", "source_kind"]

_ROTATIONS = (0, 90, 180, 270)
_FORMS = (
    "'demo', a device (0, /dev/video0), a video file, a folder of images, "
    "an rtsp://, rtsps://, http:// or https:// address, or 'gst:<pipeline>'"
)


class SourceKind(Enum):
    """What a source string names."""

    DEMO = "demo"
    DEVICE = "device"
    FILE = "file"
    FOLDER = "folder"
    URL = "url"
    GSTREAMER = "gstreamer"


def source_kind(spec: str) -> SourceKind:
    """Say what a source string names, without opening it.

    Raises:
        ConfigError: If the string is empty or an address of an unknown kind.
        SourceError: If it is a path where nothing is.
    """
    spec = spec.strip()
    if not spec:
        raise ConfigError(f"Camera source: expected {_FORMS}; got an empty string.")
    if spec == "demo":
        return SourceKind.DEMO
    if spec.startswith("gst:"):
        return SourceKind.GSTREAMER
    if re.match(r"(rtsps?|https?)://", spec, re.IGNORECASE):
        return SourceKind.URL
    if scheme := re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", spec):
        raise ConfigError(f"Camera source: expected {_FORMS}; got the scheme '{scheme[1]}'.")
    if re.fullmatch(r"\d+|/dev/video\d+|/dev/v4l/.+", spec):
        return SourceKind.DEVICE
    return _path_kind(spec)


def _path_kind(spec: str) -> SourceKind:
    path = Path(spec).expanduser()
    if path.is_dir():
        return SourceKind.FOLDER
    if path.exists():
        return SourceKind.FILE
    raise SourceError(
        f"Camera source '{spec}': there is no such file or folder (looked in "
        f"'{path.absolute().parent}'). Expected {_FORMS}."
    )


def open_source(
    spec: str | int,
    *,
    width: int = 640,
    height: int = 480,
    rate: float = 30.0,
    loop: bool = False,
    real_time: bool = True,
    rotate: int = 0,
    seed: int = 0,
    persons: int = 1,
    timeout_sec: float = 5.0,
    reconnect_sec: float = 60.0,
) -> FrameSource:
    """Open a camera, video, image folder, stream, GStreamer pipeline or the demo person.

    Args:
        spec: "demo"; a device, as index or path; a video file; a folder of images (read in
            natural order); an rtsp or http address; or "gst:" and a GStreamer pipeline without
            its sink.
        width: Width in pixels, where the source lets one choose: demo, device, GStreamer.
        height: Height in pixels, likewise.
        rate: Frames per second: of the demo and of an image folder; asked for from a device.
        loop: Start over at the end (demo, file, folder).
        real_time: Give frames at their own pace and drop those that the reader is too slow for,
            as a camera does. Otherwise give every frame, as fast as it is read.
        rotate: Degrees by which images are turned clockwise: 0, 90, 180 or 270.
        seed: Of the demo person.
        persons: Number of demo persons.
        timeout_sec: How long to wait for a device or stream to open and for its next frame.
        reconnect_sec: How long to go on trying to open a cut stream or unplugged device again.

    Raises:
        ConfigError: If an argument is out of range.
        SourceError: If the source is missing, empty, unreadable or does not answer.
        DependencyError: If the source needs a program or library that is not installed.
    """
    spec = str(spec).strip()
    _check(width=width, height=height, rate=rate, persons=persons, timeout_sec=timeout_sec)
    if rotate not in _ROTATIONS:
        raise ConfigError(f"Camera 'rotate': expected one of 0, 90, 180, 270; got {rotate}.")
    kind = source_kind(spec)
    source: FrameSource
    if kind is SourceKind.DEMO:
        from co_perception.camera.demo import DemoSource

        source = DemoSource(
            width=width, height=height, rate=rate, persons=persons,
            seed=seed, loop=loop, real_time=real_time,
        )  # fmt: skip
    elif kind is SourceKind.FOLDER:
        from co_perception.camera.folder import ImageFolderSource

        source = ImageFolderSource(spec, rate=rate, loop=loop, real_time=real_time)
    elif kind is SourceKind.FILE or is_recording(spec):
        from co_perception.camera.video import VideoFileSource

        source = VideoFileSource(spec, loop=loop, real_time=real_time, timeout_sec=timeout_sec)
    else:
        source = _open_live(kind, spec, width, height, rate, real_time, timeout_sec, reconnect_sec)
    if rotate:
        from co_perception.camera.rotation import RotatedSource

        return RotatedSource(source, rotate)
    return source


def _open_live(
    kind: SourceKind,
    spec: str,
    width: int,
    height: int,
    rate: float,
    real_time: bool,
    timeout_sec: float,
    reconnect_sec: float,
) -> FrameSource:
    from co_perception.camera.grabbers import DeviceGrabber, Grabber, UrlGrabber
    from co_perception.camera.live import LiveSource

    grabber: Grabber
    if kind is SourceKind.DEVICE:
        grabber = DeviceGrabber(spec, width, height, rate, timeout_sec)
    elif kind is SourceKind.URL:
        grabber = UrlGrabber(spec, timeout_sec)
    else:
        from co_perception.camera.gstreamer import GstGrabber

        grabber = GstGrabber(spec[len("gst:") :], width, height, timeout_sec)
    return LiveSource(
        grabber, newest_only=real_time, timeout_sec=timeout_sec, reconnect_sec=reconnect_sec
    )


def _check(**positive: float) -> None:
    for name, value in positive.items():
        if not value > 0:
            raise ConfigError(f"Camera '{name}': expected a number above 0; got {value}.")
