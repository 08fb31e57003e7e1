# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""camera_node: a device, file, folder, stream or the demo -> image, camera_info."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from co_perception.camera.source import Frame
from co_perception.errors import SourceError
from co_perception.nodes.config import pipeline_config
from co_perception.nodes.conversions import (
    camera_info_message,
    compressed_message,
    header_message,
    image_message,
)
from co_perception.nodes.lifecycle import PerceptionNode
from co_perception.nodes.parameters import Value
from co_perception.nodes.qos import IMAGE
from co_perception.nodes.reader import FrameReader, FrameStamper
from co_perception.nodes.runner import run_node
from co_perception.pipeline import open_camera

__all__ = ["CameraNode", "main", "make_reader", "make_stamper"]


def make_reader(
    parameters: dict[str, Value],
    on_frame: Callable[[Frame], None],
    on_end: Callable[[], None],
    on_error: Callable[[SourceError], None],
) -> FrameReader:
    """Open the camera and return its reader, not yet started.

    Raises:
        SourceError: If the camera cannot be opened.
    """
    config = pipeline_config(parameters).camera
    # The reader loops by itself: the pause between two turns is no lateness of the source's.
    config = replace(config, loop=config.camera == "demo")
    real_time = config.real_time
    return FrameReader(
        lambda: open_camera(config),
        on_frame=on_frame,
        on_end=on_end,
        on_error=on_error,
        loop=bool(parameters["loop"]),
        loop_pause_sec=float(parameters["loop_pause_sec"]) if real_time else 0.0,
    )


def make_stamper(
    node: PerceptionNode, reader: FrameReader, parameters: dict[str, Value]
) -> FrameStamper:
    """Return what turns this reader's stamps into headers' stamps."""
    return FrameStamper(
        node.now_ns,
        live=reader.info.live,
        sim_time=bool(node.get_parameter("use_sim_time").value),
        loop_pause_ns=round(float(parameters["loop_pause_sec"]) * 1e9),
    )


class CameraNode(PerceptionNode):
    """Publishes images while active; a lost camera is opened again.

    The reader's thread reads and publishes; it alone uses the source.
    """

    def __init__(self) -> None:
        super().__init__("camera_node")
        self._given: dict[str, Value] = {}
        self._reader: FrameReader | None = None
        self._outputs: list[Any] = []
        self._ended = ""

    def do_configure(self, parameters: dict[str, Value]) -> None:
        """Create the publishers; the camera itself is opened by activate."""
        self._given = parameters
        self._image = self.create_lifecycle_publisher(Image, "image", IMAGE)
        self._compressed = self.create_lifecycle_publisher(
            CompressedImage, "image/compressed", IMAGE
        )
        self._info = self.create_lifecycle_publisher(CameraInfo, "camera_info", IMAGE)
        self._outputs = [self._image, self._compressed, self._info]

    def do_activate(self) -> None:
        """Open the camera and start reading."""
        given = self._given
        self._ended = ""
        self._frame_id = str(given["frame_id"])
        self._reader = make_reader(given, self._publish, self._on_end, self._on_error)
        self._stamper = make_stamper(self, self._reader, given)
        self._reader.start()
        info = self._reader.info
        self.get_logger().info(
            f"Camera '{info.name}': {info.width}x{info.height}, {info.rate:.1f} Hz"
        )

    def do_deactivate(self) -> None:
        """Stop reading and close the camera."""
        if self._reader is not None:
            self._reader.stop()
            self._reader = None

    def do_cleanup(self) -> None:
        """Destroy the publishers."""
        for publisher in self._outputs:
            self.destroy_lifecycle_publisher(publisher)
        self._outputs = []

    def explain_silence(self, silence_sec: float) -> str:
        """Name the camera that gives nothing."""
        if self._ended:
            return ""
        camera = self._given["camera"]
        return f"No image from camera '{camera}' for {silence_sec:.0f} s."

    def note(self) -> str:
        """Say that a file is at its end."""
        return self._ended

    def more_values(self) -> dict[str, str]:
        """Tell how the source is doing."""
        if self._reader is None:
            return {}
        status = self._reader.status
        return {key: str(value) for key, value in vars(status).items()}

    def _publish(self, frame: Frame) -> None:
        stamp = self._stamper.stamp(frame)
        self.stats.received((self.now_ns() - stamp) / 1e9)
        if not self.enabled:
            return
        header = header_message(stamp, self._frame_id)
        height, width = frame.image.shape[:2]
        self._image.publish(image_message(frame.image, header))
        self._info.publish(camera_info_message(width, height, header))
        if self._compressed.get_subscription_count():
            self._compressed.publish(compressed_message(frame.image, header))
        self.stats.processed({}, people=len(frame.truth))

    def _on_end(self) -> None:
        self._ended = "at the end of the source; deactivate and activate to start over"
        self.get_logger().info(self._ended)

    def _on_error(self, error: SourceError) -> None:
        self.stats.count("errors")
        self.warn("source", str(error))


def main(args: list[str] | None = None) -> NoReturn:
    """Run the node."""
    run_node(CameraNode, args)


if __name__ == "__main__":
    main()
