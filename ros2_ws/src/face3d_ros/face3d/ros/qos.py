"""Quality of service of every kind of topic here."""

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy


def image_in(depth: int) -> QoSProfile:
    """Images to work on, of which `depth` may wait; whoever lets them wait wants all of them: reliable."""
    reliability = ReliabilityPolicy.BEST_EFFORT if depth == 1 else ReliabilityPolicy.RELIABLE
    return QoSProfile(depth=depth, reliability=reliability)


IMAGE_IN = image_in(1)
"""Newest frame wins: whoever is slow misses frames and never falls behind."""

IMAGE_OUT = QoSProfile(depth=4, reliability=ReliabilityPolicy.RELIABLE)
"""Reliable, so that RViz's default subscription matches too; it costs nothing when nobody asks for it."""

OUTPUT = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
"""Results: one message per face and frame."""

LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
"""Sent once, kept for whoever comes later."""
