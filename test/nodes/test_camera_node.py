# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""camera_node as its own process: images, stamps, transitions, bad sources, clean ends."""

import signal

import pytest
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from co_perception.nodes.conversions import image_from_message, stamp_ns
from co_perception.nodes.qos import IMAGE


def stamps_of(messages):
    return [stamp_ns(message.header.stamp) for message in messages]


def test_camera_publishes_a_file_with_wall_stamps_and_ends_cleanly(ros, clip):
    images = ros.listen(Image, "image", IMAGE)
    infos = ros.listen(CameraInfo, "camera_info", IMAGE)
    small = ros.listen(CompressedImage, "image/compressed", IMAGE)
    node = ros.start("camera_node", {"camera": str(clip), "loop": True, "frame_id": "head"})
    ros.until(lambda: len(images) >= 20 and infos and small, "images")
    assert node.stop() == 0
    assert "Traceback" not in node.output
    image = images[0]
    assert (image.width, image.height, image.encoding, image.header.frame_id) == (
        320, 240, "bgr8", "head",
    )  # fmt: skip
    assert image_from_message(image).shape == (240, 320, 3)
    assert (infos[0].width, infos[0].height, infos[0].k[0]) == (320, 240, 0.0)
    stamps = stamps_of(images)
    assert stamps == sorted(set(stamps))
    assert abs(stamps[-1] - ros.node.get_clock().now().nanoseconds) < 30e9
    steps = [b - a for a, b in zip(stamps, stamps[1:], strict=False)]
    assert min(steps) == pytest.approx(50e6, rel=0.05)


def test_loop_pauses_so_that_everything_downstream_starts_anew(ros, clip):
    images = ros.listen(Image, "image", IMAGE)
    ros.start("camera_node", {"camera": str(clip), "loop": True, "loop_pause_sec": 0.7})

    def has_looped():
        stamps = stamps_of(images)
        gaps = [b - a for a, b in zip(stamps, stamps[1:], strict=False)]
        return [gap for gap in gaps if gap >= 0.7e9]

    ros.until(has_looped, "a second turn")
    stamps = stamps_of(images)
    assert stamps == sorted(stamps)


def test_lifecycle_opens_and_closes_the_camera_several_times(ros, clip):
    images = ros.listen(Image, "image", IMAGE)
    diagnostics = ros.diagnostics()
    node = ros.start("camera_node", {"camera": str(clip), "autostart": False, "loop": True})
    assert ros.state("camera_node") == "unconfigured"
    assert not images
    for _ in range(5):
        assert ros.change("camera_node", "configure")
        assert ros.change("camera_node", "activate")
        images.clear()
        ros.until(lambda: len(images) > 2, "images after activate")
        assert not ros.change("camera_node", "configure")  # illegal; must not end the node
        assert ros.change("camera_node", "deactivate")
        ros.spin(0.2)
        images.clear()
        ros.spin(0.3)
        assert not images
        assert ros.change("camera_node", "cleanup")
    assert "is not possible while active" in node.output
    ros.until(lambda: "camera_node" in diagnostics, "diagnostics")
    assert ros.state("camera_node") == "unconfigured"
    assert node.stop(signal.SIGTERM) == 0
    assert "Traceback" not in node.output


def test_two_interrupts_in_a_row_end_it_cleanly(ros, clip):
    images = ros.listen(Image, "image", IMAGE)
    node = ros.start("camera_node", {"camera": str(clip), "loop": True})
    ros.until(lambda: images, "images")
    assert node.stop(signal.SIGINT, signal.SIGINT, signal.SIGTERM) == 0
    assert "Traceback" not in node.output


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        pytest.param({"camera": "/nowhere/clip.mp4"}, "no such file", id="missing-file"),
        pytest.param({"rotate": 45}, "one of 0, 180, 270, 90 degrees, got 45", id="choice"),
        pytest.param({"rate": 2000.0}, "expected 0.1 to 1000 Hz, got 2000", id="range"),
        pytest.param({"loop": 3}, "a value of type bool, got 3", id="type"),
    ],
)
def test_bad_parameter_ends_the_node_with_a_reason(ros, parameters, said):
    node = ros.start("camera_node", parameters)
    assert node.wait() == 1
    assert said in node.output
    assert "Traceback" not in node.output


def test_file_at_its_end_is_said(ros, clip):
    diagnostics = ros.diagnostics()
    node = ros.start("camera_node", {"camera": str(clip), "real_time": False})

    def is_at_end():
        return "end of the source" in diagnostics.get("camera_node", {}).get("message", "")

    ros.until(is_at_end, "the end of the file")
    assert ros.change("camera_node", "deactivate")
    assert ros.change("camera_node", "activate")
    assert node.stop() == 0
