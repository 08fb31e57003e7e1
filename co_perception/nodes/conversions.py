# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Time, headers and images between messages and the package's own types."""

from __future__ import annotations

from array import array

import numpy as np
from builtin_interfaces.msg import Duration, Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from co_perception.camera.encodings import encode_compressed, to_bgr

__all__ = [
    "camera_info_message",
    "compressed_message",
    "duration_message",
    "header_message",
    "image_from_message",
    "image_message",
    "stamp_ns",
    "time_message",
]

_NS = 1_000_000_000

_JPEG_QUALITY = 90
"""Percent: joints found in it differ by less than a pixel from those of the raw image."""


def stamp_ns(time: Time) -> int:
    """Return a time message in nanoseconds."""
    return int(time.sec) * _NS + int(time.nanosec)


def time_message(nanoseconds: int) -> Time:
    """Return nanoseconds as a time message; negative times, which it cannot carry, become 0."""
    sec, nanosec = divmod(max(nanoseconds, 0), _NS)
    return Time(sec=sec, nanosec=nanosec)


def duration_message(nanoseconds: int) -> Duration:
    """Return nanoseconds as a duration message; -0.5 s is sec -1, nanosec 5e8."""
    sec, nanosec = divmod(nanoseconds, _NS)
    return Duration(sec=sec, nanosec=nanosec)


def header_message(nanoseconds: int, frame_id: str) -> Header:
    """Return a header with this stamp and frame."""
    return Header(stamp=time_message(nanoseconds), frame_id=frame_id)


def image_message(image: NDArray[np.uint8], header: Header) -> Image:
    """Return a (H, W, 3) uint8 BGR image as a bgr8 message with this header.

    The bytes go in as an array('B'): rclpy checks any other sequence element by element, which
    takes 0.3 s for one image of 640x480 instead of 0.03 ms.
    """
    data = array("B")
    data.frombytes(memoryview(np.ascontiguousarray(image)).cast("B"))
    height, width = image.shape[:2]
    message = Image(
        header=header, height=height, width=width, encoding="bgr8", is_bigendian=0, step=3 * width
    )
    message.data = data
    return message


def compressed_message(image: NDArray[np.uint8], header: Header) -> CompressedImage:
    """Return a (H, W, 3) uint8 BGR image as a JPEG message with this header."""
    message = CompressedImage(header=header, format="bgr8; jpeg compressed bgr8")
    data = array("B")
    data.frombytes(encode_compressed(image, "jpeg", _JPEG_QUALITY))
    message.data = data
    return message


def image_from_message(message: Image) -> NDArray[np.uint8]:
    """Return the message's image as (H, W, 3) uint8 BGR.

    Raises:
        ConfigError: If the encoding is not known.
        StreamError: If the data do not fill the image.
    """
    return to_bgr(
        message.data,
        message.height,
        message.width,
        message.encoding,
        step=message.step,
        is_bigendian=bool(message.is_bigendian),
    )


def camera_info_message(width: int, height: int, header: Header) -> CameraInfo:
    """Return the camera info of an uncalibrated camera: size known, K zero, as ROS defines it."""
    return CameraInfo(header=header, width=width, height=height)
