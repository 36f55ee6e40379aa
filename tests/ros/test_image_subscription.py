"""Images arrive from publishers of either reliability, and from both at once."""

from __future__ import annotations

import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from face3d.ros.conversions import from_rgb, read_image
from face3d.ros.image_subscription import ImageSubscription
from tests.ros.probe import Probe, picture

BEST_EFFORT, RELIABLE = ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE


@pytest.mark.parametrize(
    "offered, reliable", [([RELIABLE], True), ([BEST_EFFORT], False), ([RELIABLE, BEST_EFFORT], False)]
)
def test_publishers_of_every_kind_are_heard(probe: Probe, offered: list, reliable: bool) -> None:
    got: set[str] = set()
    images = ImageSubscription(
        probe.node, Image, "pictures", lambda data, info: got.add(read_image(data, Image).header.frame_id)
    )
    assert images.reliable
    publishers = {
        str(kind): probe.node.create_publisher(Image, "pictures", QoSProfile(depth=1, reliability=kind))
        for kind in offered
    }

    def all_heard() -> bool:
        for name in set(publishers) - got:  # one after the other: the newest wins
            publishers[name].publish(from_rgb(picture(), Header(frame_id=name)))
            probe.rest(0.05)
        return got == set(publishers)

    probe.spin(all_heard)
    assert images.reliable == reliable
