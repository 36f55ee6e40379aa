"""Images from one node to another in the same process: handed over as they are, nothing is copied or serialised."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from rclpy.node import Node

from face3d.ros.conversions import Picture
from face3d.ros.diagnostics import Health
from face3d.ros.gate import Gate
from face3d.ros.qos import SLACK, WAITING


class HandOver:
    """A place for images, in which the newest wins as it does on a topic (image_subscription).

    node      whose thread works on the images
    health    is told of every image that is taken
    callback  takes a picture
    gate      images are taken while it is open only
    """

    def __init__(
        self, node: Node, health: Health, callback: Callable[[Picture], None], gate: Gate | None = None
    ) -> None:
        self._health, self._callback = health, callback
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, float, Picture]] = deque(maxlen=WAITING)
        self._number = 0
        self._guard = node.create_guard_condition(self._take, gate)

    def offer(self, picture: Picture) -> None:
        """Leave an image; for any thread."""
        with self._lock:
            self._number += 1
            self._waiting.append((self._number, time.monotonic(), picture))
        self._guard.trigger()

    def _take(self) -> None:
        with self._lock:
            if len(self._waiting) > 1 and time.monotonic() - self._waiting[0][1] > SLACK:
                self._waiting.popleft()
            if not self._waiting:
                return
            number, _, picture = self._waiting.popleft()
            if self._waiting:
                self._guard.trigger()
        self._health.received(number)
        self._callback(picture)
