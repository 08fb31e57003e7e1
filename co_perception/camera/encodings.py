# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Image bytes as ROS messages carry them, to and from BGR arrays.

Names and memory layouts: sensor_msgs/image_encodings.hpp of ROS 2 (Humble to Lyrical). This stands
in for cv_bridge, whose binaries are tied to one major version of numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from co_perception.camera._cv2 import cv2
from co_perception.errors import ConfigError, StreamError

__all__ = [
    "ENCODINGS",
    "OUTPUT_ENCODINGS",
    "decode_compressed",
    "encode_compressed",
    "from_bgr",
    "to_bgr",
]

ImageU8: TypeAlias = NDArray[np.uint8]
Buffer: TypeAlias = bytes | bytearray | memoryview | NDArray[np.uint8]


@dataclass(frozen=True)
class _Encoding:
    """Memory layout of one encoding.

    Attributes:
        channels: Values per pixel in a row; planar YUV counts its luma plane.
        convert: From (H, W, channels) or (rows, W) values to (H, W, 3) BGR uint8.
        depth: Bytes per value.
        rows: Rows in memory per image row: 3/2 where chroma planes lie below the luma plane.
        even: Width and height must be multiples of these.
    """

    channels: int
    convert: Callable[[NDArray[np.generic]], ImageU8]
    depth: int = 1
    rows: float = 1.0
    even: tuple[int, int] = (1, 1)


def _cvt(code: int) -> Callable[[NDArray[np.generic]], ImageU8]:
    return lambda values: np.asarray(cv2.cvtColor(np.asarray(values), code), np.uint8)


def _copy(values: NDArray[np.generic]) -> ImageU8:
    return np.array(values, np.uint8)


def _narrow(values: NDArray[np.generic]) -> ImageU8:
    """Keep the high byte of 16-bit values."""
    return (np.asarray(values, np.uint16) >> 8).astype(np.uint8)


def _narrow_then(code: int | None) -> Callable[[NDArray[np.generic]], ImageU8]:
    return (lambda v: _narrow(v)) if code is None else (lambda v: _cvt(code)(_narrow(v)))


# OpenCV names a Bayer pattern by the second row's second and third pixel, ROS by the first
# row's first two: rggb in ROS is BayerBG in OpenCV.
_BAYER = {
    "rggb": cv2.COLOR_BayerBG2BGR,
    "bggr": cv2.COLOR_BayerRG2BGR,
    "gbrg": cv2.COLOR_BayerGR2BGR,
    "grbg": cv2.COLOR_BayerGB2BGR,
}

_UYVY = _Encoding(2, _cvt(cv2.COLOR_YUV2BGR_UYVY), even=(2, 1))
_YUYV = _Encoding(2, _cvt(cv2.COLOR_YUV2BGR_YUY2), even=(2, 1))

_TABLE: dict[str, _Encoding] = {
    "bgr8": _Encoding(3, _copy),
    "rgb8": _Encoding(3, _cvt(cv2.COLOR_RGB2BGR)),
    "bgra8": _Encoding(4, _cvt(cv2.COLOR_BGRA2BGR)),
    "rgba8": _Encoding(4, _cvt(cv2.COLOR_RGBA2BGR)),
    "mono8": _Encoding(1, _cvt(cv2.COLOR_GRAY2BGR)),
    "bgr16": _Encoding(3, _narrow_then(None), depth=2),
    "rgb16": _Encoding(3, _narrow_then(cv2.COLOR_RGB2BGR), depth=2),
    "bgra16": _Encoding(4, _narrow_then(cv2.COLOR_BGRA2BGR), depth=2),
    "rgba16": _Encoding(4, _narrow_then(cv2.COLOR_RGBA2BGR), depth=2),
    "mono16": _Encoding(1, _narrow_then(cv2.COLOR_GRAY2BGR), depth=2),
    # The names of OpenCV's types say nothing of colour; the order is then OpenCV's own.
    "8UC1": _Encoding(1, _cvt(cv2.COLOR_GRAY2BGR)),
    "8UC3": _Encoding(3, _copy),
    "8UC4": _Encoding(4, _cvt(cv2.COLOR_BGRA2BGR)),
    "16UC1": _Encoding(1, _narrow_then(cv2.COLOR_GRAY2BGR), depth=2),
    "16UC3": _Encoding(3, _narrow_then(None), depth=2),
    # "yuv422" is UYVY, "yuv422_yuy2" is YUYV; later distributions name them by their bytes.
    "yuv422": _UYVY,
    "uyvy": _UYVY,
    "yuv422_yuy2": _YUYV,
    "yuyv": _YUYV,
    "nv12": _Encoding(1, _cvt(cv2.COLOR_YUV2BGR_NV12), rows=1.5, even=(2, 2)),
    "nv21": _Encoding(1, _cvt(cv2.COLOR_YUV2BGR_NV21), rows=1.5, even=(2, 2)),
    "i420": _Encoding(1, _cvt(cv2.COLOR_YUV2BGR_I420), rows=1.5, even=(2, 2)),
    **{f"bayer_{name}8": _Encoding(1, _cvt(code), even=(2, 2)) for name, code in _BAYER.items()},
    **{
        f"bayer_{name}16": _Encoding(1, _narrow_then(code), depth=2, even=(2, 2))
        for name, code in _BAYER.items()
    },
}

ENCODINGS = tuple(sorted(_TABLE))
"""Encodings that `to_bgr` reads."""

_OUTPUT: dict[str, int | None] = {
    "bgr8": None,
    "rgb8": cv2.COLOR_BGR2RGB,
    "bgra8": cv2.COLOR_BGR2BGRA,
    "rgba8": cv2.COLOR_BGR2RGBA,
    "mono8": cv2.COLOR_BGR2GRAY,
}
OUTPUT_ENCODINGS = tuple(sorted(_OUTPUT))
"""Encodings that `from_bgr` writes."""


def to_bgr(
    data: Buffer,
    height: int,
    width: int,
    encoding: str,
    step: int = 0,
    is_bigendian: bool = False,
) -> ImageU8:
    """Convert the content of a sensor_msgs/Image to a BGR array that owns its memory.

    Args:
        data: The message's bytes.
        height: Rows of the image.
        width: Columns of the image.
        encoding: As in the message, e.g. "bgr8"; upper and lower case alike.
        step: Bytes per row, padding included; 0: rows are not padded.
        is_bigendian: Byte order of 16-bit values.

    Returns:
        (height, width, 3) uint8. 16-bit images keep their high byte.

    Raises:
        ConfigError: If the encoding is unknown.
        StreamError: If size, step or amount of data do not fit the encoding.
    """
    layout = _lookup(encoding)
    _check_size(height, width, encoding, layout)
    row_bytes = width * layout.channels * layout.depth
    step = step or row_bytes
    rows = int(height * layout.rows)
    raw = np.frombuffer(data, np.uint8)
    # The last row may come without its padding.
    needed = step * (rows - 1) + row_bytes
    if step < row_bytes or raw.size < needed:
        raise StreamError(
            f"Image {width} x {height}, '{encoding}': expected at least {row_bytes} bytes per row "
            f"and {needed} bytes in all; got step {step} and {raw.size} bytes."
        )
    values = np.lib.stride_tricks.as_strided(raw, (rows, row_bytes), (step, 1), writeable=False)
    return layout.convert(_shape_values(values, layout, width, is_bigendian))


def _lookup(encoding: str) -> _Encoding:
    for name in (encoding, encoding.lower(), encoding.upper()):
        if name in _TABLE:
            return _TABLE[name]
    raise ConfigError(
        f"Image encoding: expected one of {', '.join(ENCODINGS)}; got '{encoding}'. Set the "
        "camera driver to one of these, for example 'bgr8'."
    )


def _check_size(height: int, width: int, encoding: str, layout: _Encoding) -> None:
    across, down = layout.even
    if height < 1 or width < 1 or width % across or height % down:
        raise StreamError(
            f"Image '{encoding}': expected a width that is a multiple of {across} and a height "
            f"that is a multiple of {down}, both above 0; got {width} x {height}."
        )


def _shape_values(
    values: ImageU8, layout: _Encoding, width: int, is_bigendian: bool
) -> NDArray[np.generic]:
    """From rows of bytes to rows of pixels in the machine's byte order."""
    rows = np.ascontiguousarray(values)
    shaped: NDArray[np.generic] = rows
    if layout.depth == 2:
        shaped = rows.view(">u2" if is_bigendian else "<u2").astype(np.uint16)
    if layout.channels == 1:
        return shaped
    return shaped.reshape(len(rows), width, layout.channels)


def from_bgr(image: ImageU8, encoding: str = "bgr8") -> tuple[ImageU8, int]:
    """Convert a BGR image to what a sensor_msgs/Image of that encoding carries.

    Args:
        image: (H, W, 3) uint8.
        encoding: One of OUTPUT_ENCODINGS.

    Returns:
        Contiguous (H, W) or (H, W, C) uint8, and the bytes per row.

    Raises:
        ConfigError: If the encoding cannot be written.
    """
    if encoding not in _OUTPUT:
        raise ConfigError(
            f"Image encoding: expected one of {', '.join(OUTPUT_ENCODINGS)}; got '{encoding}'."
        )
    code = _OUTPUT[encoding]
    out = image if code is None else np.asarray(cv2.cvtColor(image, code), np.uint8)
    out = np.ascontiguousarray(out)
    return out, out.strides[0]


def decode_compressed(data: Buffer, encoding: str = "") -> ImageU8:
    """Decode the content of a sensor_msgs/CompressedImage (JPEG, PNG, WebP ...) to BGR.

    Args:
        data: The message's bytes.
        encoding: The message's `format` field, for the error message only.

    Raises:
        StreamError: If the bytes are no image.
    """
    raw = np.frombuffer(data, np.uint8)
    image = cv2.imdecode(raw, cv2.IMREAD_COLOR) if raw.size else None
    if image is None:
        raise StreamError(
            f"Compressed image '{encoding}': expected JPEG, PNG or another format that OpenCV "
            f"decodes; got {raw.size} bytes that are none."
        )
    return np.asarray(image, np.uint8)


def encode_compressed(image: ImageU8, encoding: str = "jpeg", quality: int = 80) -> bytes:
    """Encode a BGR image for a sensor_msgs/CompressedImage.

    Args:
        image: (H, W, 3) uint8.
        encoding: "jpeg" or "png".
        quality: Of JPEG, 1..100.

    Raises:
        ConfigError: If the format is another one.
    """
    options = {"jpeg": [int(cv2.IMWRITE_JPEG_QUALITY), quality], "png": []}
    if encoding not in options:
        raise ConfigError(f"Compressed image: expected 'jpeg' or 'png'; got '{encoding}'.")
    done, data = cv2.imencode(f".{encoding}", image, options[encoding])
    if not done:
        raise StreamError(f"Compressed image: OpenCV cannot write {image.shape} as '{encoding}'.")
    return data.tobytes()
