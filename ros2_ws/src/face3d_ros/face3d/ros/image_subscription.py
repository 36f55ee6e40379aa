"""Subscribing to a camera's images, whatever quality of service it offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rclpy.subscription import Subscription

from face3d.ros.qos import images

_Callback = Callable[[bytes, dict], None]


class ImageSubscription:
    """Serialised images of a topic, of which `depth` may wait; the newest ones win.

    Reliable until a publisher turns up that offers best effort only, which reliable subscriptions do not match.
    Reliable, because a driver that was started without this package's Fast DDS profile has less shared memory than one
    image takes: its images go in parts, and with best effort one lost part loses the image (three of four at
    640 x 480 and 60 per second).

    callback  takes the serialised message and rclpy's message info
    """

    def __init__(self, node: Node, kind: type, topic: str, callback: _Callback, depth: int = 1) -> None:
        self._node, self._kind, self._topic = node, kind, topic
        self._callback, self._depth = callback, depth
        self._subscription = self._subscribe(
            ReliabilityPolicy.RELIABLE, SubscriptionEventCallbacks(incompatible_qos=self._on_incompatible)
        )

    @property
    def reliable(self) -> bool:
        """Whether what gets lost on the way is sent again."""
        return self._subscription.qos_profile.reliability == ReliabilityPolicy.RELIABLE

    def close(self) -> None:
        """Take no further images."""
        self._node.destroy_subscription(self._subscription)

    def _subscribe(self, reliability: ReliabilityPolicy, events: Any) -> Subscription:
        profile = images(self._depth, reliability)
        return self._node.create_subscription(
            self._kind, self._topic, self._callback, profile, event_callbacks=events, raw=True
        )

    def _on_incompatible(self, _: object) -> None:
        if not self.reliable:
            return
        self._node.get_logger().info(
            f"{self._subscription.topic_name} comes as best effort: images may get lost on their way"
        )
        self.close()
        self._subscription = self._subscribe(ReliabilityPolicy.BEST_EFFORT, None)
