"""Drawing and publishing the overlay beside the tracking, so that a picture for people never delays a mesh."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

import numpy as np
from rclpy.logging import get_logger
from rclpy.publisher import Publisher
from std_msgs.msg import Header

from face3d.overlay import Overlay
from face3d.ros.conversions import from_rgb
from face3d.ros.pace import Pace
from face3d.track import Face

_WAITING = 4  # images; more would only make the picture late
_HURRIED = 0.2  # seconds between two overlays while images get lost
_QUIET = 5.0  # seconds between two complaints about drawing


class OverlayPublisher:
    """A thread that draws; `skipped` counts images without a picture: passed over, or they could not be drawn.

    rate  pictures per second at most; images between them are passed over. 0: one for every image
    """

    def __init__(self, publisher: Publisher, overlay: Overlay, rate: float = 0.0) -> None:
        self.skipped = 0
        self._pace = Pace(rate)
        self._publisher, self._overlay = publisher, overlay
        self._jobs: deque[tuple[np.ndarray, Sequence[Face], Header]] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="overlay", daemon=True)
        self._thread.start()

    def submit(self, image: np.ndarray, faces: Sequence[Face], header: Header, behind: bool = False) -> None:
        """Draw the faces over an image (H, W, 3) uint8 RGB, which nobody may change any more, and publish it.

        Nothing happens while nobody subscribes; the oldest waiting image gives way when there are too many.
        `behind`: images get lost for want of time, so that only few are drawn (but with a rate of 0 all of them).
        """
        if not self._publisher.get_subscription_count():
            return
        if not self._pace.lets(time.monotonic(), _HURRIED if behind else 0.0):
            with self._changed:
                self.skipped += 1
            return
        with self._changed:
            if len(self._jobs) == _WAITING:
                self._jobs.popleft()
                self.skipped += 1
            self._jobs.append((image, faces, header))
            self._changed.notify()

    def close(self) -> None:
        """Forget what waits, and end."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(timeout=2.0)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._ending)
                if self._ending:
                    return
                image, faces, header = self._jobs.popleft()
            try:
                message = from_rgb(self._overlay.draw(image, faces), header)
            except Exception as error:  # whatever it is: the next picture may be fine
                with self._changed:
                    self.skipped += 1
                text = f"this overlay could not be drawn: {type(error).__name__}: {error}"
                get_logger("overlay").error(text, throttle_duration_sec=_QUIET)
                continue
            try:
                self._publisher.publish(message)
            except RuntimeError:  # the context was shut down meanwhile; `close` follows
                return
