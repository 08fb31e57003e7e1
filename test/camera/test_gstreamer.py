# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""GStreamer pipelines through gst-launch-1.0 (skipped where it is not installed)."""

import shutil
import threading
import time

import numpy as np
import pytest

from co_perception.camera import open_source
from co_perception.errors import ConfigError, DependencyError, SourceError

needs_gstreamer = pytest.mark.skipif(
    shutil.which("gst-launch-1.0") is None,
    reason="gst-launch-1.0 is not installed (apt: gstreamer1.0-tools gstreamer1.0-plugins-base)",
)
SOLID_RED = "videotestsrc pattern=solid-color foreground-color=0xffff0000"
COLOUR_TOLERANCE = 4


@needs_gstreamer
@pytest.mark.parametrize("width", [64, 66, 97], ids=["aligned", "padded-2", "odd"])
def test_every_image_of_the_pipeline_arrives_with_its_colours(width):
    spec = f"gst:{SOLID_RED} num-buffers=15"
    with open_source(spec, width=width, height=48, real_time=False) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == list(range(15))
    for frame in frames:
        assert frame.image.shape == (48, width, 3)
        assert np.abs(frame.image.astype(int) - (0, 0, 255)).max() <= COLOUR_TOLERANCE


@needs_gstreamer
def test_another_shape_gets_borders_and_is_not_stretched():
    wide = f"gst:{SOLID_RED} num-buffers=2 ! video/x-raw,width=128,height=36"
    with open_source(wide, width=64, height=48, real_time=False) as source:
        image = source.read().image
    red = image[..., 2] > 128
    rows, columns = red.any(axis=1).sum(), red.any(axis=0).sum()
    assert columns == 64
    assert abs(rows - 18) <= 2


@needs_gstreamer
def test_a_live_pipeline_keeps_its_pace_and_closes_from_another_thread():
    spec = "gst:videotestsrc is-live=true ! video/x-raw,framerate=20/1"
    source = open_source(spec, width=64, height=48)
    frames = [source.read() for _ in range(8)]
    span_sec = (frames[-1].stamp_ns - frames[1].stamp_ns) * 1e-9
    assert 0.2 < span_sec < 2.0
    threading.Timer(0.2, source.close).start()
    began = time.monotonic()
    while source.read() is not None:
        pass
    assert time.monotonic() - began < 3.0


@needs_gstreamer
def test_a_pipeline_that_fails_on_the_way_is_started_again():
    spec = "gst:videotestsrc ! identity error-after=5"
    with open_source(spec, width=64, height=48, real_time=False, reconnect_sec=20) as source:
        frames = [source.read() for _ in range(7)]
        assert source.status.reconnects >= 1
    assert [frame.index for frame in frames] == list(range(7))
    assert "ended with code 1. It said: ERROR" in source.status.detail


@needs_gstreamer
@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        pytest.param("nosuchelement", 'no element "nosuchelement"', id="element"),
        pytest.param("filesrc location=nothing.mp4 ! decodebin", "Resource not found", id="file"),
        pytest.param("videotestsrc num-buffers=0", "ended without one", id="empty"),
        pytest.param(
            "videotestsrc ! identity sleep-time=5000000", "no image came for 0.5 s", id="silent"
        ),
    ],
)
def test_what_the_pipeline_says_is_passed_on(pipeline, message):
    with pytest.raises(SourceError, match=message):
        open_source(f"gst:{pipeline}", timeout_sec=0.5)


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        pytest.param("", "expected elements", id="empty"),
        pytest.param("videotestsrc !", "expected elements", id="open-end"),
        pytest.param("videotestsrc ! autovideosink sync=false", "without a sink", id="sink"),
        pytest.param('videotestsrc name="a', "quotes do not match", id="quotes"),
    ],
)
def test_a_wrong_pipeline_is_refused_before_anything_runs(pipeline, message):
    with pytest.raises(ConfigError, match=message):
        open_source(f"gst:{pipeline}")


def test_missing_gstreamer_names_the_apt_line(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DependencyError, match="sudo apt install gstreamer1.0-tools"):
        open_source("gst:videotestsrc")
