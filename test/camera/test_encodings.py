# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Encodings: hand-made bytes of known colours come out as BGR; what does not fit is refused."""

import cv2
import numpy as np
import pytest

from co_perception.camera.encodings import (
    ENCODINGS,
    OUTPUT_ENCODINGS,
    decode_compressed,
    encode_compressed,
    from_bgr,
    to_bgr,
)
from co_perception.errors import ConfigError, StreamError

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)
YUV_TOLERANCE = 3
"""Rounding of 8-bit limited-range YUV."""
# BT.601, limited range: Y, U, V of pure red.
RED_YUV = (81, 90, 240)


def picture(rng, height=8, width=12):
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize(
    ("encoding", "make"),
    [
        pytest.param("bgr8", lambda i: i, id="bgr8"),
        pytest.param("8UC3", lambda i: i, id="8UC3"),
        pytest.param("8uc3", lambda i: i, id="lower-case"),
        pytest.param("rgb8", lambda i: i[..., ::-1], id="rgb8"),
        pytest.param("bgra8", lambda i: np.dstack([i, i[..., :1]]), id="bgra8"),
        pytest.param("rgba8", lambda i: np.dstack([i[..., ::-1], i[..., :1]]), id="rgba8"),
        pytest.param("bgr16", lambda i: i.astype("<u2") * 256 + 99, id="bgr16"),
        pytest.param("rgb16", lambda i: i[..., ::-1].astype("<u2") * 256 + 99, id="rgb16"),
    ],
)
def test_colour_encodings_are_exact(rng, encoding, make):
    image = picture(rng)
    data = np.ascontiguousarray(make(image)).tobytes()
    np.testing.assert_array_equal(to_bgr(data, 8, 12, encoding), image)


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("encoding", OUTPUT_ENCODINGS)
def test_written_encodings_come_back(rng, encoding, padding):
    image = picture(rng)
    if encoding == "mono8":
        image = np.repeat(image[..., :1], 3, axis=2)
    rows, step = from_bgr(image, encoding)
    padded = np.pad(rows.reshape(8, step), ((0, 0), (0, padding)), constant_values=77)
    np.testing.assert_array_equal(to_bgr(padded.tobytes(), 8, 12, encoding, step + padding), image)


@pytest.mark.parametrize("big", [False, True])
def test_mono16_keeps_the_high_byte_in_either_byte_order(big):
    values = np.array([[0x1234, 0xFF00], [0x00FF, 0x8001]], ">u2" if big else "<u2")
    out = to_bgr(values.tobytes(), 2, 2, "mono16", 4, is_bigendian=big)
    np.testing.assert_array_equal(out[..., 0], [[0x12, 0xFF], [0x00, 0x80]])


@pytest.mark.parametrize(
    ("encoding", "order"),
    [
        ("uyvy", "UYVY"),
        ("yuv422", "UYVY"),
        ("yuyv", "YUYV"),
        ("yuv422_yuy2", "YUYV"),
    ],
)
def test_packed_yuv_red(encoding, order):
    y, u, v = RED_YUV
    row = [{"Y": y, "U": u, "V": v}[letter] for letter in order] * 3
    out = to_bgr(bytes(row * 4), 4, 6, encoding)
    assert np.abs(out.astype(int) - RED).max() <= YUV_TOLERANCE


@pytest.mark.parametrize(
    ("encoding", "chroma"), [("nv12", "UV"), ("nv21", "VU"), ("i420", "plane")]
)
def test_planar_yuv_red_with_padded_rows(encoding, chroma):
    y, u, v = RED_YUV
    height, width, step = 4, 6, 6 if chroma == "plane" else 8
    luma = np.full((height, step), y, np.uint8)
    if chroma == "plane":
        below = np.repeat([u, v], height * width // 4).astype(np.uint8).reshape(-1, step)
    else:
        pair = [u, v] if chroma == "UV" else [v, u]
        below = np.tile(np.array(pair, np.uint8), (height // 2, step // 2))
    out = to_bgr(np.vstack([luma, below]).tobytes(), height, width, encoding, step)
    assert out.shape == (height, width, 3)
    assert np.abs(out.astype(int) - RED).max() <= YUV_TOLERANCE


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
@pytest.mark.parametrize(("name", "colour"), [("r", RED), ("g", GREEN), ("b", BLUE)])
def test_bayer_patterns_show_the_colour_whose_filter_is_lit(pattern, name, colour, bits):
    cell = np.array([255 if letter == name else 0 for letter in pattern]).reshape(2, 2)
    mosaic = np.tile(cell, (4, 4)).astype(np.uint8 if bits == 8 else "<u2") * (257 ** (bits // 16))
    out = to_bgr(mosaic.tobytes(), 8, 8, f"bayer_{pattern}{bits}")
    np.testing.assert_array_equal(out[2:-2, 2:-2], np.broadcast_to(colour, (4, 4, 3)))


def test_every_encoding_gives_an_array_that_owns_its_memory():
    for encoding in ENCODINGS:
        data = np.zeros(8 * 8 * 8, np.uint8)
        out = to_bgr(data, 8, 8, encoding)
        assert out.shape == (8, 8, 3)
        assert out.dtype == np.uint8
        assert out.flags.writeable
        assert not np.shares_memory(out, data), encoding


def test_unknown_encoding_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"expected one of .*bgr8.*yuyv; got '32FC1'"):
        to_bgr(bytes(64), 4, 4, "32FC1")
    with pytest.raises(ConfigError, match="bgr8, bgra8, mono8, rgb8, rgba8; got 'nv12'"):
        from_bgr(np.zeros((2, 2, 3), np.uint8), "nv12")


@pytest.mark.parametrize(
    ("size", "step", "message"),
    [
        pytest.param(35, 12, "got step 12 and 35 bytes", id="too-short"),
        pytest.param(48, 8, "at least 12 bytes per row", id="step-below-row"),
    ],
)
def test_data_that_does_not_fit_is_refused(size, step, message):
    with pytest.raises(StreamError, match=message):
        to_bgr(bytes(size), 3, 4, "bgr8", step)


def test_the_last_row_may_come_without_its_padding(rng):
    image = picture(rng, 3, 4)
    padded = np.pad(image.reshape(3, 12), ((0, 0), (0, 4))).tobytes()
    np.testing.assert_array_equal(to_bgr(padded[:-4], 3, 4, "bgr8", 16), image)


@pytest.mark.parametrize(("height", "width"), [(0, 4), (3, 4), (4, 3)])
def test_sizes_that_chroma_cannot_have_are_refused(height, width):
    with pytest.raises(StreamError, match=f"multiple of 2.*got {width} x {height}"):
        to_bgr(bytes(100), height, width, "nv12")


def test_compressed_images_come_back(rng):
    image = picture(rng, 16, 24)
    np.testing.assert_array_equal(decode_compressed(encode_compressed(image, "png"), "png"), image)
    smooth = cv2.GaussianBlur(image, (0, 0), 4)
    jpeg = decode_compressed(encode_compressed(smooth, "jpeg", 95), "jpeg")
    assert np.abs(jpeg.astype(int) - smooth).mean() < 4
    with pytest.raises(StreamError, match="got 7 bytes that are none"):
        decode_compressed(b"no jpeg", "jpeg")
    with pytest.raises(StreamError, match="got 0 bytes"):
        decode_compressed(b"", "jpeg")
    with pytest.raises(ConfigError, match="'jpeg' or 'png'; got 'gif'"):
        encode_compressed(image, "gif")
