"""Detections that wait for their image: both come over topics of their own, in any order."""

from __future__ import annotations

from collections import deque

from face3d.track import BACK

_AHEAD = 10.0  # seconds; detections farther ahead of the images are of another recording
_WAITING = 100


class Detections:
    """The boxes of detected faces by stamp, each handed out once.

    With a queue of images the detector is ahead of the tracker: what it found in an image that is still to come
    waits for that image.

    max_age  seconds by which detections may be older than the image that they start faces in
    """

    def __init__(self, max_age: float) -> None:
        self._max_age = max_age
        self._waiting: deque[tuple[int, list]] = deque(maxlen=_WAITING)
        self._last = 0  # stamp of the last image

    def add(self, stamp: int, boxes: list) -> None:
        """What was found in the image of this stamp, nanoseconds."""
        self._waiting.append((stamp, boxes))

    def take(self, stamp: int) -> list:
        """The newest boxes up to the image of this stamp, nanoseconds; none when they are too old for it."""
        if stamp < self._last - BACK * 1e9:  # a recording begins again: what waits is from before
            self._waiting.clear()
        self._last = stamp
        due = [entry for entry in self._waiting if entry[0] <= stamp]
        later = [entry for entry in self._waiting if stamp < entry[0] <= stamp + _AHEAD * 1e9]
        self._waiting = deque(later, maxlen=_WAITING)
        if not due:
            return []
        found, boxes = max(due, key=lambda entry: entry[0])
        return boxes if stamp - found <= self._max_age * 1e9 else []
