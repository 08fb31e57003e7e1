# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Say why nothing arrives: the commonest question of ROS users, answered in one log line."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

from co_perception.nodes.qos import describe_qos

__all__ = ["explain_topic_silence"]


def explain_topic_silence(node: Node, topic: str, wanted: QoSProfile, silence_sec: float) -> str:
    """Describe a topic that brings nothing: its publishers and whether their QoS can match.

    Args:
        node: Asks the graph.
        topic: Full name of the topic, remapped.
        wanted: Profile of the subscription.
        silence_sec: How long nothing has come.
    """
    publishers = node.get_publishers_info_by_topic(topic)
    head = f"Nothing arrived on '{topic}' for {silence_sec:.0f} s"
    if not publishers:
        return (
            f"{head}: no publisher found. Start one, or remap the topic; "
            f"topics of this type: {_topics_like(node, topic)}."
        )
    found = "; ".join(_describe_publisher(info, wanted) for info in publishers)
    return f"{head}, subscribed as {describe_qos(wanted)}; publishers: {found}."


def _describe_publisher(info: Any, wanted: QoSProfile) -> str:
    name = f"{info.node_namespace.rstrip('/')}/{info.node_name}"
    offer = info.qos_profile
    line = f"{name} offers {describe_qos(offer)} of {info.topic_type}"
    if _misses(offer, wanted):
        return f"{line}, which CANNOT match: ask for what it offers (parameter image_reliability)"
    return line


def _misses(offer: QoSProfile, wanted: QoSProfile) -> bool:
    reliable, best_effort = QoSReliabilityPolicy.RELIABLE, QoSReliabilityPolicy.BEST_EFFORT
    if offer.reliability == best_effort and wanted.reliability == reliable:
        return True
    transient = QoSDurabilityPolicy.TRANSIENT_LOCAL
    return wanted.durability == transient and offer.durability == QoSDurabilityPolicy.VOLATILE


def _topics_like(node: Node, topic: str) -> str:
    """List topics of the type that `topic` has among the node's own subscriptions."""
    known = dict(node.get_topic_names_and_types())
    types = set(known.get(topic, []))
    same = sorted(name for name, kinds in known.items() if types & set(kinds) and name != topic)
    return ", ".join(same) or "none"
