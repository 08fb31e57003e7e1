# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Videos read back: length, order, size and the time of each frame."""

import cv2
import numpy as np
import pytest

from co_perception.errors import ConfigError, SourceError
from co_perception.video_writer import VideoWriter

RATE = 20.0
GREY_TOLERANCE = 6
"""Brightness that a lossy codec may change."""


def grey(value, width=64, height=48):
    return np.full((height, width, 3), value, np.uint8)


def read_back(path):
    capture = cv2.VideoCapture(str(path))
    images = []
    while True:
        found, image = capture.read()
        if not found:
            return images
        images.append(image)


def brightness(images):
    return [round(float(image[20:28, 28:36].mean())) for image in images]


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm"])
def test_every_container_reads_back(tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    values = list(range(20, 240, 20))
    with VideoWriter(path, RATE) as writer:
        for index, value in enumerate(values):
            writer.write(grey(value), round(index * 1e9 / RATE))
    found = brightness(read_back(path))
    assert len(found) == len(values)
    np.testing.assert_allclose(found, values, atol=GREY_TOLERANCE)
    assert writer.codec


def test_the_video_is_as_long_as_the_recording(tmp_path):
    path = tmp_path / "film.mp4"
    with VideoWriter(path, RATE) as writer:
        writer.write(grey(50), 7_000_000_000)
        writer.write(grey(90), 7_010_000_000)  # falls on the same picture: left out
        writer.write(grey(200), 7_500_000_000)
    found = brightness(read_back(path))
    np.testing.assert_allclose(found, [50] + [90] * 9 + [200], atol=GREY_TOLERANCE)


def test_a_faster_source_does_not_lengthen_the_video(tmp_path):
    path = tmp_path / "film.mp4"
    with VideoWriter(path, RATE) as writer:
        for index in range(201):
            writer.write(grey(100), index * 5_000_000)
    assert len(read_back(path)) == 21


@pytest.mark.parametrize("jump_ns", [-3_000_000_000, 3_600_000_000_000], ids=["loop", "silence"])
def test_jumps_in_time_are_cut_out(tmp_path, jump_ns):
    path = tmp_path / "film.mp4"
    with VideoWriter(path, RATE) as writer:
        for index in range(8):
            offset = jump_ns if index >= 4 else 0
            writer.write(grey(20 + 20 * index), 5_000_000_000 + index * 50_000_000 + offset)
    np.testing.assert_allclose(
        brightness(read_back(path)), [20 + 20 * i for i in range(8)], atol=GREY_TOLERANCE
    )


def test_a_size_change_is_scaled_into_the_first_size(tmp_path):
    path = tmp_path / "film.mp4"
    with VideoWriter(path, RATE) as writer:
        writer.write(grey(200, 64, 48), 0)
        writer.write(grey(200, 100, 200), 50_000_000)
    _, second = read_back(path)
    assert second.shape == (48, 64, 3)
    assert second[:, :16].mean() < 40
    assert second[16:32, 28:36].mean() > 150


def test_odd_sizes_are_padded(tmp_path):
    path = tmp_path / "film.mp4"
    with VideoWriter(path, RATE) as writer:
        writer.write(grey(200, 63, 47), 0)
    assert read_back(path)[0].shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("name", "rate", "message"),
    [
        (
            "film.gif",
            20.0,
            "expected an ending of .avi, .m4v, .mkv, .mov, .mp4, .webm; got '.gif'",
        ),
        ("film.mp4", 0.0, "expected a rate above 0 Hz"),
        ("no/such/film.mp4", 20.0, "its folder does not exist"),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(tmp_path, name, rate, message):
    with pytest.raises(ConfigError, match=message):
        VideoWriter(tmp_path / name, rate)


def test_an_unknown_codec_is_named(tmp_path):
    writer = VideoWriter(tmp_path / "film.mp4", RATE, codec="zzzz")
    with pytest.raises(SourceError, match="none of the codecs zzzz"):
        writer.write(grey(9), 0)
