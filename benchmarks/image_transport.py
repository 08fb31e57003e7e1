#!/usr/bin/env python3
# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Count images that get through from one process to another, and how long they take.

    python benchmarks/image_transport.py                 # 90 images each, 30 Hz, 640x480 to 1080p
    python benchmarks/image_transport.py --images 300 --rate 60

Publisher and subscriber are two rclpy processes on this machine, keep last 1. Each pair of
reliabilities runs with Fast DDS as it is and with config/fastdds.xml.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SIZES = {"640x480": (640, 480), "1280x720": (1280, 720), "1920x1080": (1920, 1080)}
QOS_PAIRS = (
    ("reliable", "reliable"),
    ("reliable", "best_effort"),
    ("best_effort", "best_effort"),
)
PROFILE = Path(__file__).resolve().parents[1] / "config" / "fastdds.xml"
TOPIC = "image_transport_benchmark"
WAIT_SEC = 30.0


def publish(size: str, reliability: str, images: int, rate: float) -> None:
    """Send images at a steady rate once somebody listens."""
    import rclpy
    from sensor_msgs.msg import Image

    from co_perception.nodes.conversions import header_message, image_message
    from co_perception.nodes.qos import image_subscription_qos

    rclpy.init()
    node = rclpy.create_node("benchmark_camera")
    publisher = node.create_publisher(Image, TOPIC, image_subscription_qos(reliability, depth=1))
    width, height = SIZES[size]
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    end = time.monotonic() + WAIT_SEC
    while publisher.get_subscription_count() == 0 and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)  # the other side has to know us, too
    start = time.monotonic()
    for k in range(images):
        time.sleep(max(0.0, start + k / rate - time.monotonic()))
        publisher.publish(image_message(picture, header_message(time.time_ns(), str(k))))
    time.sleep(1.0)
    rclpy.shutdown()


def subscribe(reliability: str, images: int) -> None:
    """Receive until nothing has come for two seconds; print count and delays as JSON."""
    import rclpy
    from sensor_msgs.msg import Image

    from co_perception.nodes.conversions import stamp_ns
    from co_perception.nodes.qos import image_subscription_qos

    delays_ms: list[float] = []
    rclpy.init()
    node = rclpy.create_node("benchmark_listener")

    def on_image(message: Image) -> None:
        delays_ms.append((time.time_ns() - stamp_ns(message.header.stamp)) / 1e6)

    node.create_subscription(Image, TOPIC, on_image, image_subscription_qos(reliability, depth=1))
    last_change, seen = time.monotonic(), 0
    while time.monotonic() - last_change < (3.0 if seen else WAIT_SEC) and seen < images:
        rclpy.spin_once(node, timeout_sec=0.1)
        if node.count_publishers(TOPIC) == 0 and seen == 0:
            continue
        if len(delays_ms) != seen:
            last_change, seen = time.monotonic(), len(delays_ms)
    print(json.dumps({"received": seen, "delays_ms": delays_ms}))
    rclpy.shutdown()


def measure(
    size: str, offered: str, asked: str, profile: bool, images: int, rate: float
) -> dict[str, object]:
    """Run one pair of processes."""
    environment = {
        **os.environ,
        "ROS_DOMAIN_ID": str(1 + os.getpid() % 100),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    }
    for name in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"):
        environment.pop(name, None)
        if profile:
            environment[name] = str(PROFILE)
    me = [sys.executable, __file__, "--images", str(images), "--rate", str(rate)]
    listener = subprocess.Popen(
        [*me, "--role", "listener", "--qos", asked], env=environment, stdout=subprocess.PIPE
    )
    camera = subprocess.Popen(
        [*me, "--role", "camera", "--qos", offered, "--size", size], env=environment
    )
    output, _ = listener.communicate(timeout=images / rate + 3 * WAIT_SEC)
    camera.wait(WAIT_SEC)
    result: dict[str, object] = json.loads(output)
    return result


def main() -> None:
    """Measure all combinations and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=90, help="images sent per line")
    parser.add_argument("--rate", type=float, default=30.0, help="images per second")
    parser.add_argument("--role", choices=("camera", "listener"), help=argparse.SUPPRESS)
    parser.add_argument("--qos", help=argparse.SUPPRESS)
    parser.add_argument("--size", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == "camera":
        publish(options.size, options.qos, options.images, options.rate)
        return
    if options.role == "listener":
        subscribe(options.qos, options.images)
        return
    print("| size | publisher | subscriber | Fast DDS | sent | received | delay p50 [ms] |")
    print("|---|---|---|---|---|---|---|")
    for size in SIZES:
        for offered, asked in QOS_PAIRS:
            for profile in (False, True):
                found = measure(size, offered, asked, profile, options.images, options.rate)
                delays = found["delays_ms"] or [float("nan")]
                name = "config/fastdds.xml" if profile else "default"
                print(
                    f"| {size} | {offered} | {asked} | {name} | {options.images} "
                    f"| {found['received']} | {statistics.median(delays):.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
