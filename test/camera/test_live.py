# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Streams and devices: cut and back, silent, slow reader, closing, and what cannot be opened."""

import functools
import importlib.util
import itertools
import logging
import socket
import sys
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from co_perception.camera import open_source
from co_perception.camera.address import is_recording, without_password
from co_perception.camera.grabbers import Grabber
from co_perception.camera.live import LiveSource
from co_perception.errors import SourceError

PATIENCE_SEC = 20.0


def _load_server():
    path = Path(__file__).with_name("mjpeg_server.py")
    spec = importlib.util.spec_from_file_location("mjpeg_server", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MjpegServer


MjpegServer = _load_server()


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = MjpegServer()
    yield server
    server.stop()


def read_until(source, condition):
    deadline = time.monotonic() + PATIENCE_SEC
    while time.monotonic() < deadline:
        frame = source.read()
        if condition(frame):
            return frame
    raise AssertionError(f"not reached in {PATIENCE_SEC} s: {source.status}")


def test_a_stream_is_stamped_with_the_time_of_arrival(server):
    with open_source(server.address, timeout_sec=3) as source:
        before = time.time_ns()
        frames = [source.read() for _ in range(6)][1:]
    assert all(a.stamp_ns < b.stamp_ns for a, b in itertools.pairwise(frames))
    assert all(before - 1e9 < frame.stamp_ns <= time.time_ns() for frame in frames)
    assert source.info.live
    assert (source.info.width, source.info.height) == (64, 48)


def test_a_slow_reader_of_a_live_stream_gets_the_newest_image(server):
    with open_source(server.address, timeout_sec=3) as source:
        source.read()
        time.sleep(0.5)
        frame = source.read()
        assert abs(float(frame.image.mean()) - server.count) <= 4
        assert source.status.dropped_frames >= 5
        assert frame.index == source.status.dropped_frames + 1


def test_a_cut_stream_comes_back_and_says_so(server, caplog):
    port = server.port
    with (
        caplog.at_level(logging.WARNING),
        open_source(server.address, timeout_sec=2, reconnect_sec=PATIENCE_SEC) as source,
    ):
        last = source.read()
        server.stop()
        seen = []
        threading.Timer(0.8, lambda: seen.append(source.status)).start()
        revived = []
        threading.Timer(1.2, lambda: revived.append(MjpegServer(port))).start()
        frame = read_until(source, lambda _: source.status.reconnects == 1)
        assert frame.index > last.index
        assert source.status.connected
        assert not seen[0].connected
        assert "no more images come" in caplog.text
        assert "back after" in caplog.text
        revived[0].stop()


def test_a_silent_stream_is_cut_after_the_timeout_and_opened_again(server):
    with open_source(server.address, timeout_sec=1, reconnect_sec=PATIENCE_SEC) as source:
        source.read()
        server.stalled.set()
        threading.Timer(2.5, server.stalled.clear).start()
        read_until(source, lambda _: source.status.reconnects >= 1)


def test_a_stream_that_stays_away_raises(server):
    with open_source(server.address, timeout_sec=1, reconnect_sec=1) as source:
        source.read()
        server.stop()
        with pytest.raises(SourceError, match=r"Gave up after 1 s; check cable, power and net"):
            read_until(source, lambda frame: frame is None)


def test_a_stream_may_change_its_size(server, caplog):
    with caplog.at_level(logging.WARNING), open_source(server.address, timeout_sec=3) as source:
        first = source.read()
        server.size = (96, 64)
        # OpenCV scales to the first size or passes the new one on, as its version does; either
        # way images keep coming.
        frame = read_until(source, lambda frame: frame.index > first.index + 10)
        assert frame.image.shape in ((48, 64, 3), (64, 96, 3))
        changed = frame.image.shape != first.image.shape
        assert source.status.size_changes == int(changed)


def test_close_from_another_thread_ends_a_waiting_reader(server):
    source = open_source(server.address, timeout_sec=2)
    server.stalled.set()
    threading.Timer(0.3, source.close).start()
    began = time.monotonic()
    while source.read() is not None:
        pass
    assert time.monotonic() - began < 3.0
    source.close()


@pytest.mark.parametrize("path", ["/other", "/other.mp4"], ids=["stream", "recording"])
def test_a_server_that_refuses_is_quoted(server, path):
    with pytest.raises(SourceError, match="HTTP status 404"):
        open_source(f"http://127.0.0.1:{server.port}{path}", timeout_sec=2)


def test_nobody_at_the_port_is_said_so_without_the_password():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"rtsp://user:secret@127.0.0.1:{port}/live"
    with pytest.raises(SourceError, match=r"user:\*\*\*@.*Connection refused") as raised:
        open_source(address, timeout_sec=2)
    assert "secret" not in str(raised.value)


def test_passwords_are_starred_and_recordings_known():
    assert without_password("http://a:b@h/x?u=c:d@e") == "http://a:***@h/x?u=c:d@e"
    assert without_password("clip.mp4") == "clip.mp4"
    assert is_recording("http://host/a.MP4?token=1")
    assert not is_recording("http://host/stream")
    assert not is_recording("rtsp://host/a.mp4")


def test_a_video_behind_an_address_is_read_like_a_file(tmp_path):
    path = tmp_path / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for index in range(6):
        writer.write(np.full((48, 64, 3), 40 * index, np.uint8))
    writer.release()
    handler = functools.partial(QuietFiles, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{http.server_address[1]}/film.mp4"
        with open_source(address, real_time=False, timeout_sec=5) as source:
            frames = list(source)
        http.shutdown()
    assert [round(frame.image.mean() / 40) for frame in frames] == list(range(6))
    assert [frame.stamp_ns for frame in frames] == [n * 100_000_000 for n in range(6)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="V4L2 devices are Linux's")
def test_a_device_that_does_not_exist_lists_those_that_do():
    with pytest.raises(SourceError, match=r"no device /dev/video987. Devices here: .*use 'demo'"):
        open_source(987)
    with pytest.raises(SourceError, match="no device /dev/video987"):
        open_source("/dev/video987")


class Counter(Grabber):
    """A device that never has to wait: image n is all n."""

    name = "Counter"

    def __init__(self, count):
        self.count = count
        self.next = 0

    def open(self):
        self.next = 0

    def grab(self):
        if self.next == self.count:
            return None
        self.next += 1
        return np.full((4, 4, 3), self.next - 1, np.uint8)

    def close(self):
        pass


def test_every_image_arrives_when_none_may_be_dropped():
    with LiveSource(Counter(50), newest_only=False) as source:
        values = [int(frame.image[0, 0, 0]) for frame in source]
    assert values == list(range(50))
    assert source.status.dropped_frames == 0


def test_the_last_image_before_the_end_is_not_lost():
    with LiveSource(Counter(50)) as source:
        values = [int(frame.image[0, 0, 0]) for frame in source]
    assert values[-1] == 49
    assert len(values) + source.status.dropped_frames == 50


def test_a_device_that_ends_at_once_is_an_error():
    with pytest.raises(SourceError, match="it ended without one"):
        LiveSource(Counter(0))
