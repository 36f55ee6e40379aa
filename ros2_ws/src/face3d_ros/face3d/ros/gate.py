"""What a node does not want to be woken for: topics whose messages are taken now and then only.

A round of rclpy's executor takes 0.2 ms and more for every message, wanted or not, and taking an image as much again.
What no executor waits for costs nothing; its newest message stays where it is until somebody takes it.
"""

from __future__ import annotations

from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from face3d.ros.qos import IMAGE_IN


class Gate(MutuallyExclusiveCallbackGroup):
    """A callback group that the executor waits for while it is `open` only; to be opened and closed in callbacks."""

    def __init__(self) -> None:
        super().__init__()
        self.open = False

    def can_execute(self, entity: Any) -> bool:
        """Whether the executor may wait for the entity, and call its callback."""
        return self.open and super().can_execute(entity)


class Polled:
    """The newest message of a topic, serialised, for whoever asks for it."""

    def __init__(self, node: Node, kind: type, topic: str) -> None:
        self._subscription = node.create_subscription(
            kind, topic, lambda _: None, IMAGE_IN, callback_group=Gate(), raw=True
        )

    def take(self) -> bytes | None:
        """The message that came since the last call, the newest if there were several; None if there was none."""
        taken = take(self._subscription)
        return taken and taken[0]


def take(subscription: Any) -> tuple[Any, dict] | None:
    """The next message that waits in a subscription, with rclpy's message info; None when there is none."""
    with subscription.handle:
        return subscription.handle.take_message(subscription.msg_type, subscription.raw)
