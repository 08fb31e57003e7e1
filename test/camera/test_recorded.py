# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Video files and image folders: order, stamps, pace, loops, damage, and every refusal's words."""

import logging
import threading
import time

import cv2
import numpy as np
import pytest

from co_perception.camera import open_source
from co_perception.camera.folder import natural_key
from co_perception.errors import ConfigError, SourceError

RATE = 20.0
COUNT = 12


def numbered(index, height=48, width=64):
    """An image whose grey says its number, coarse enough to survive a lossy codec."""
    return np.full((height, width, 3), 15 * index + 10, np.uint8)


def number_of(image):
    return round((float(image.mean()) - 10) / 15)


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "numbers.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (64, 48))
    for index in range(COUNT):
        writer.write(numbered(index))
    writer.release()
    return path


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for index in range(COUNT):
        cv2.imwrite(str(folder / f"frame{index}.png"), numbered(index))
    (folder / "notes.txt").write_text("not an image")
    return folder


@pytest.fixture(params=["video", "folder"])
def recording(request):
    return str(request.getfixturevalue(request.param))


def test_frames_come_in_order_with_media_time(recording):
    with open_source(recording, rate=RATE, real_time=False) as source:
        frames = list(source)
        assert source.read() is None
    assert [number_of(frame.image) for frame in frames] == list(range(COUNT))
    assert [frame.index for frame in frames] == list(range(COUNT))
    expected = np.arange(COUNT) / RATE
    np.testing.assert_allclose([f.stamp_ns * 1e-9 for f in frames], expected, atol=1e-3)
    info = source.info
    assert (info.width, info.height, info.rate, info.frame_count) == (64, 48, RATE, COUNT)
    assert not info.live


def test_a_loop_starts_time_over_and_goes_on_counting(recording):
    with open_source(recording, rate=RATE, real_time=False, loop=True) as source:
        frames = [source.read() for _ in range(2 * COUNT + 3)]
    assert [frame.index for frame in frames] == list(range(2 * COUNT + 3))
    assert [frame.loop for frame in frames] == [0] * COUNT + [1] * COUNT + [2] * 3
    assert [number_of(frame.image) for frame in frames[-3:]] == [0, 1, 2]
    assert frames[COUNT].stamp_ns == 0


def test_real_time_takes_as_long_as_the_recording(recording):
    began = time.monotonic()
    with open_source(recording, rate=RATE) as source:
        count = sum(1 for _ in source)
    took = time.monotonic() - began
    assert count + source.status.dropped_frames == COUNT
    assert (COUNT - 1) / RATE <= took < 4 * COUNT / RATE


def test_a_loop_in_real_time_keeps_its_pace(recording):
    began = time.monotonic()
    with open_source(recording, rate=RATE, loop=True) as source:
        frames = [source.read() for _ in range(COUNT + 4)]
    took = time.monotonic() - began
    assert took >= (COUNT + 2) / RATE
    assert frames[-1].index <= COUNT + 6
    assert frames[-1].loop == 1


def test_a_slow_reader_in_real_time_skips_and_it_is_counted(recording):
    with open_source(recording, rate=RATE) as source:
        first = source.read()
        time.sleep(5.5 / RATE)
        second = source.read()
    assert first.index == 0
    assert second.index >= 4
    assert source.status.dropped_frames == second.index - 1
    assert number_of(second.image) == second.index


def test_a_slow_reader_without_real_time_misses_nothing(recording):
    with open_source(recording, rate=RATE, real_time=False) as source:
        source.read()
        time.sleep(4 / RATE)
        assert source.read().index == 1
    assert source.status.dropped_frames == 0


def test_close_from_another_thread_ends_a_waiting_reader(folder):
    source = open_source(str(folder), rate=0.2)
    source.read()
    threading.Timer(0.2, source.close).start()
    began = time.monotonic()
    source.read()
    assert source.read() is None
    assert time.monotonic() - began < 2.0
    source.close()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_is_clockwise(tmp_path, degrees):
    image = np.zeros((4, 6, 3), np.uint8)
    image[0, 0] = 255
    cv2.imwrite(str(tmp_path / "a.png"), image)
    with open_source(str(tmp_path), rotate=degrees, real_time=False) as source:
        turned = source.read().image
    corner = {90: (0, -1), 180: (-1, -1), 270: (-1, 0)}[degrees]
    assert turned[corner].tolist() == [255, 255, 255]
    assert turned.sum() == 3 * 255
    assert (source.info.height, source.info.width) == turned.shape[:2]


def test_damaged_images_are_left_out_counted_and_logged(folder, caplog):
    (folder / "frame3.png").write_bytes(b"\x89PNG broken")
    with caplog.at_level(logging.WARNING), open_source(str(folder), real_time=False) as source:
        numbers = [number_of(frame.image) for frame in source]
    assert numbers == [n for n in range(COUNT) if n != 3]
    assert source.status.damaged_frames == 1
    assert "cannot be decoded; it is left out" in caplog.text


def test_a_size_change_is_passed_on_counted_and_logged(folder, caplog):
    cv2.imwrite(str(folder / "frame5.png"), numbered(5, 24, 32))
    with caplog.at_level(logging.WARNING), open_source(str(folder), real_time=False) as source:
        frames = list(source)
    assert frames[5].image.shape == (24, 32, 3)
    assert frames[6].image.shape == (48, 64, 3)
    assert source.status.size_changes == 2
    assert "image size changed from (64, 48) to (32, 24)" in caplog.text


def test_names_are_sorted_as_people_count():
    names = ["b1.png", "a10.png", "a9.png", "A1.png", "1.png"]
    assert sorted(names, key=natural_key) == ["1.png", "A1.png", "a9.png", "a10.png", "b1.png"]


def test_a_missing_file_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(SourceError, match=rf"no such file or folder \(looked in '{tmp_path}'\)"):
        open_source(str(tmp_path / "nothing.mp4"))


def test_an_empty_file_is_named_empty(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    with pytest.raises(SourceError, match=r"the file is empty \(0 bytes\)"):
        open_source(str(path))


def test_a_video_without_frames_is_named_empty(tmp_path):
    path = tmp_path / "no_frames.avi"
    cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48)).release()
    with pytest.raises(SourceError, match="at least one frame|that OpenCV can decode"):
        open_source(str(path))


def test_a_file_that_is_no_video_is_refused(tmp_path):
    path = tmp_path / "letter.mp4"
    path.write_text("Dear reader,\n" * 100)
    with pytest.raises(SourceError, match="expected a video that OpenCV can decode"):
        open_source(str(path))


def test_a_truncated_video_is_refused_or_ends_early(video):
    whole = video.read_bytes()
    video.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="damaged"):
        open_source(str(video))


def test_a_folder_without_images_says_what_it_wants(tmp_path):
    (tmp_path / "readme.md").write_text("none here")
    with pytest.raises(SourceError, match=r"expected images \(.bmp.*found none among 1 entries"):
        open_source(str(tmp_path))


def test_a_folder_of_damaged_images_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"broken")
    with pytest.raises(SourceError, match="none of its 1 images can be decoded"):
        open_source(str(tmp_path))


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        pytest.param("", {}, "got an empty string", id="empty"),
        pytest.param("ftp://host/a.mp4", {}, "got the scheme 'ftp'", id="scheme"),
        pytest.param("demo", {"rotate": 45}, "0, 90, 180, 270; got 45", id="rotate"),
        pytest.param("demo", {"rate": 0.0}, "'rate': expected a number above 0", id="rate"),
        pytest.param("demo", {"width": -1}, "'width': expected a number above 0", id="width"),
    ],
)
def test_wrong_arguments_are_named(spec, options, message):
    with pytest.raises(ConfigError, match=message):
        open_source(spec, **options)


@pytest.mark.parametrize(
    ("name", "count", "size", "rate"),
    [
        ("tfjs_pose_squats.mp4", 65, (720, 1280), 5.0),
        ("tfjs_pose_1.mp4", 120, (576, 576), 30.0),
        ("intel_asl_walk.mkv", 89, (640, 480), 30.0),
    ],
)
def test_real_clips_are_read_to_the_end(clips_dir, name, count, size, rate):
    with open_source(str(clips_dir / name), real_time=False) as source:
        frames = list(source)
    assert len(frames) == count
    assert (source.info.width, source.info.height) == size
    expected = np.arange(count) / rate
    np.testing.assert_allclose([f.stamp_ns * 1e-9 for f in frames], expected, atol=2e-3)
