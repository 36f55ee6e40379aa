"""Images from one node to another in the same process: handed over as they are, nothing is copied or serialised."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from rclpy.node import Node
from std_msgs.msg import Header


class Picture(NamedTuple):
    """An image (H, W, 3) uint8 RGB, which nobody may change any more, with its header."""

    image: np.ndarray
    header: Header


class HandOver:
    """A place for one image, in which the newest one wins.

    node      whose thread works on the images
    callback  takes an image, and an info like rclpy's, whose sequence number tells what was passed over
    """

    def __init__(self, node: Node, callback: Callable[[Picture, dict], None]) -> None:
        self._callback = callback
        self._lock = threading.Lock()
        self._newest: tuple[Picture, dict] | None = None
        self._number = 0
        self._guard = node.create_guard_condition(self._take)

    def offer(self, picture: Picture) -> None:
        """Leave an image; for any thread."""
        with self._lock:
            self._number += 1
            self._newest = (picture, {"publication_sequence_number": self._number})
        self._guard.trigger()

    def _take(self) -> None:
        with self._lock:
            newest, self._newest = self._newest, None
        if newest is not None:
            self._callback(*newest)
