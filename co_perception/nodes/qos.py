# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Quality of service of every topic, in one place.

Images are RELIABLE on both ends where the camera is ours: with Fast DDS's default shared-memory
segment of 0.5 MB, best-effort images of 0.9 MB and more are mostly lost (see
`benchmarks/image_transport.py`). A foreign camera decides for itself: a best-effort subscription
matches both, a reliable one hears nothing from a best-effort camera.
"""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSProfile,
    QoSReliabilityPolicy,
)

__all__ = [
    "ACTIVITY_EVENTS",
    "ACTIVITY_MODEL",
    "IMAGE",
    "SKELETONS",
    "VIEW",
    "activity_qos",
    "describe_qos",
    "image_subscription_qos",
]


def _reliable(depth: int) -> QoSProfile:
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=QoSReliabilityPolicy.RELIABLE,
        durability=QoSDurabilityPolicy.VOLATILE,
    )


IMAGE = _reliable(1)
SKELETONS = _reliable(5)
ACTIVITY_EVENTS = _reliable(50)
ACTIVITY_MODEL = QoSProfile(
    history=QoSHistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=QoSReliabilityPolicy.RELIABLE,
    durability=QoSDurabilityPolicy.TRANSIENT_LOCAL,
)
VIEW = QoSProfile(
    history=QoSHistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=QoSReliabilityPolicy.BEST_EFFORT,
    durability=QoSDurabilityPolicy.VOLATILE,
)
"""Pictures for people to look at: never worth a retransmission."""


def activity_qos(deadline_sec: float = 0.0) -> QoSProfile:
    """Return the profile of `activity`.

    Args:
        deadline_sec: Longest promised time between two messages, seconds; 0 promises nothing.
            A subscriber that asks for a deadline matches only a publisher that offers one as
            short or shorter.
    """
    profile = _reliable(10)
    if deadline_sec > 0.0:
        profile.deadline = Duration(nanoseconds=round(deadline_sec * 1e9))
    return profile


def image_subscription_qos(reliability: str, depth: int = 5) -> QoSProfile:
    """Return the profile of an image subscription.

    Args:
        reliability: "reliable" or "best_effort".
        depth: Images kept until the callback takes them. The mailbox keeps only the newest anyway,
            and counts the others; what a queue of one replaces, nobody could count.
    """
    profile = _reliable(depth)
    if reliability != "reliable":
        profile.reliability = QoSReliabilityPolicy.BEST_EFFORT
    return profile


def describe_qos(profile: QoSProfile) -> str:
    """Name the policies that decide whether two ends match, for a log line."""
    return f"{profile.reliability.name}, {profile.durability.name}"
