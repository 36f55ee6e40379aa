"""Subscribing to a camera's images, whatever quality of service it offers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rclpy.subscription import Subscription

from face3d.ros.conversions import Picture, image_type, read_picture
from face3d.ros.diagnostics import Health
from face3d.ros.gate import Gate, take
from face3d.ros.hand_over import HandOver
from face3d.ros.line import LENGTH, Line, Waiting
from face3d.ros.qos import images


def image_topic(node: Node, transport: str) -> str:
    """Full name of the topic of images that come 'raw' or 'compressed', named as by image_transport: the compressed
    ones are below the raw ones, so that who remaps `image` has remapped both."""
    topic = node.resolve_topic_name("image")
    return topic if transport == "raw" else node.resolve_topic_name(f"{topic}/compressed")


class ImageSubscription:
    """The pictures of a topic, for a node that takes one at a time.

    They wait in a Line; where they come through a gate, only the newest waits.

    Reliable until a publisher turns up that offers best effort only, which reliable subscriptions do not match.
    Reliable, because a driver that was started without this package's Fast DDS profile has less shared memory than one
    image takes: its images go in parts, and with best effort one lost part loses the image (three of four at
    640 x 480 and 60 per second).

    transport  'raw' or 'compressed'
    health     is told of every image that is taken, of losses, and of images that cannot be read
    callback   takes a picture
    queue      more than 1: so many wait, and nothing gives way
    gate       images are taken while it is open only
    """

    def __init__(
        self,
        node: Node,
        transport: str,
        health: Health,
        callback: Callable[[Picture], None],
        queue: int = 1,
        gate: Gate | None = None,
    ) -> None:
        self._node, self._health, self._callback, self._gate = node, health, callback, gate
        self._kind = image_type(transport)
        self._topic = "image" if transport == "raw" else image_topic(node, transport)
        self._line = Line()
        self._keep_all = queue > 1
        self._depth = queue if self._keep_all else 1 if gate else LENGTH
        self._subscription = self._subscribe(
            ReliabilityPolicy.RELIABLE, SubscriptionEventCallbacks(incompatible_qos=self._on_incompatible)
        )

    @property
    def reliable(self) -> bool:
        """Whether what gets lost on the way is sent again."""
        return self._subscription.qos_profile.reliability == ReliabilityPolicy.RELIABLE

    @property
    def behind(self) -> bool:
        """Whether images were lost a moment ago: there is no time for anything that can wait."""
        return self._line.behind

    def hand_over(self) -> HandOver:
        """Take no further images from the topic, but those that are left in this place."""
        self._close()
        return HandOver(self._node, self._health, self._line, self._callback, self._gate)

    def _subscribe(self, reliability: ReliabilityPolicy, events: Any) -> Subscription:
        return self._node.create_subscription(
            self._kind,
            self._topic,
            self._on_image,
            images(self._depth, reliability),
            callback_group=self._gate,
            event_callbacks=events,
            raw=True,
        )

    def _close(self) -> None:
        self._node.destroy_subscription(self._subscription)

    def _on_incompatible(self, _: object) -> None:
        if not self.reliable:
            return
        self._node.get_logger().info(
            f"{self._subscription.topic_name} comes as best effort: images may get lost on their way"
        )
        self._close()
        self._subscription = self._subscribe(ReliabilityPolicy.BEST_EFFORT, None)

    def _on_image(self, data: bytes, info: dict) -> None:
        publishers = self._subscription.get_publisher_count()
        image = self._line.next(_waiting(data, info), self._newer, publishers)
        self._health.received(self._line.lost(), publishers)
        try:
            picture = read_picture(image.content, self._kind)
        except ValueError as error:
            self._health.problem(str(error))
            return
        self._callback(picture)

    def _newer(self) -> Waiting | None:
        taken = None if self._keep_all else take(self._subscription)
        return taken and _waiting(*taken)


def _waiting(data: bytes, info: dict) -> Waiting:
    """A message as rclpy gives it."""
    waited = 1e-9 * (time.time_ns() - info.get("received_timestamp", 0))
    return Waiting(data, info.get("publication_sequence_number"), waited)
