"""Quality of service of every kind of topic here, and publishers whose users may change it."""

import copy
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions


def images(depth: int, reliability: ReliabilityPolicy) -> QoSProfile:
    """Images to work on, of which `depth` may wait; with 1, whoever is slow misses images and never falls behind."""
    return QoSProfile(depth=depth, reliability=reliability)


IMAGE_IN = images(1, ReliabilityPolicy.BEST_EFFORT)
"""Newest one wins, from publishers of any kind."""

IMAGE_OUT = QoSProfile(depth=4, reliability=ReliabilityPolicy.RELIABLE)
"""Reliable, so that RViz's default subscription matches too; it costs nothing when nobody asks for it."""

OUTPUT = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
"""Results: one message per face and frame."""

LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
"""Sent once, kept for whoever comes later."""


def create_publisher(node: Node, kind: type, topic: str, qos: QoSProfile, **options: Any) -> Publisher:
    """A publisher whose `qos_overrides./TOPIC.publisher.reliability` (best_effort for a weak wireless link), `.depth`
    and `.history` are parameters.

    options  further ones of rclpy's create_publisher
    """
    overrides = QoSOverridingOptions.with_default_policies()
    # A copy: rclpy writes what is overridden into the profile.
    return node.create_publisher(kind, topic, copy.copy(qos), qos_overriding_options=overrides, **options)
