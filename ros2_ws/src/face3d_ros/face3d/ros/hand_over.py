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
from face3d.ros.line import LENGTH, Line, Waiting


class HandOver:
    """A place for images, in which they wait as on a topic (image_subscription).

    node      whose thread works on the images
    health    is told of every image that is taken, and of losses
    line      whose turn it is
    callback  takes a picture
    gate      images are taken while it is open only
    """

    def __init__(
        self,
        node: Node,
        health: Health,
        line: Line,
        callback: Callable[[Picture], None],
        gate: Gate | None = None,
    ) -> None:
        self._health, self._line, self._callback, self._gate = health, line, callback, gate
        self._lock = threading.Condition()
        self._working = False
        self._waiting: deque[tuple[int, float, Picture]] = deque(maxlen=1 if gate else LENGTH)
        self._number = 0
        self._guard = node.create_guard_condition(self._take, gate)

    def offer(self, picture: Picture) -> None:
        """Leave an image; for any thread."""
        with self._lock:
            self._number += 1
            self._waiting.append((self._number, time.monotonic(), picture))
        self._guard.trigger()

    def settle(self, seconds: float) -> None:
        """Wait until what was left here is worked on, but so long at most; for another thread than the node's.

        What waits behind a gate need not be worked on at all.
        """
        with self._lock:
            self._lock.wait_for(
                lambda: not (self._working or (self._waiting and self._gate is None)), seconds
            )

    def _take(self) -> None:
        with self._lock:
            first = self._oldest()
            if first is None:
                return
            image = self._line.next(first, self._oldest)
            if self._waiting:
                self._guard.trigger()
            self._working = True
        self._health.received(self._line.lost())
        self._callback(image.content)
        with self._lock:
            self._working = False
            self._lock.notify_all()

    def _oldest(self) -> Waiting | None:
        """The image that has waited longest; under the lock."""
        if not self._waiting:
            return None
        number, since, picture = self._waiting.popleft()
        return Waiting(picture, number, time.monotonic() - since)
