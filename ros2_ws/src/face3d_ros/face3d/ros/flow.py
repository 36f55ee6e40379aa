"""Flow control between a player of files and whoever wants all of its images."""

from __future__ import annotations

import threading
import time
from collections import deque

_PATIENCE = 2.0  # seconds for an answer; an image that got lost on the way has none


class Flow:
    """At most `limit` stamps may be unanswered; 0 means any number. One thread sends, another gets answers."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sent: deque[int] = deque()
        self._changed = threading.Condition()

    def wait(self, ending: threading.Event) -> None:
        """Return when another one may be sent; unanswered ones are forgotten after a while."""
        deadline = time.monotonic() + _PATIENCE
        with self._changed:
            while self._limit and len(self._sent) >= self._limit and not ending.is_set():
                if not self._changed.wait(timeout=0.1) and time.monotonic() > deadline:
                    self._sent.clear()

    def sent(self, stamp: int) -> None:
        """An image of this stamp goes out now."""
        if self._limit:
            with self._changed:
                self._sent.append(stamp)

    def answered(self, stamp: int) -> None:
        """The image of this stamp has arrived at the end, and those before it have or never will."""
        with self._changed:
            while self._sent and self._sent[0] <= stamp:
                self._sent.popleft()
            self._changed.notify()
