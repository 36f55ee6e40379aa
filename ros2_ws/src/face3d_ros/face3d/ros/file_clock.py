"""The pace at which a recording is played."""

from __future__ import annotations

import math
import time

_LATE = 0.5  # seconds behind its pace from which a file goes on from now instead of catching up
_CATCH_UP = 0.8  # of the time between two images is the least that passes when it is behind
_PAUSE = 10.0  # longest pause of a file that is waited out in full, seconds


class FileClock:
    """When the images of a file are due: its own times, divided by `pace`, from the first image on.

    A recording may hold a pause of hours, or a clock that was set in between: nobody wants to wait for that. After a
    hiccup it catches up, but not all at once: whoever takes the newest image only would lose the others.
    first  stamp of the first image, nanoseconds; now  the time at which it is published, nanoseconds
    """

    def __init__(self, first: int, pace: float, now: int) -> None:
        self._first, self._pace, self._now = first, pace, now
        self._begin = time.monotonic()
        self._paused = 0.0
        self._last, self._sent = first, -math.inf

    def early(self, stamp: int) -> float:
        """Seconds until the image is due. Far behind, it goes on from now instead of hurrying after; a pause is
        shortened to ten seconds."""
        now = time.monotonic()
        late = now - self._begin - self._paused - (stamp - self._first) * 1e-9 / self._pace
        if late > _LATE:
            self._paused += late
        elif late < -_PAUSE:
            skipped = -late - _PAUSE
            self._first += round(skipped * 1e9 * self._pace)
            late = -_PAUSE
        soonest = self._sent + _CATCH_UP * (stamp - self._last) * 1e-9 / self._pace
        wait = max(0.0, -late, min(soonest - now, _PAUSE))
        self._last, self._sent = stamp, now + wait
        return wait

    def stamp(self, stamp: int) -> int:
        """The image's time if every image were published when it is due, nanoseconds."""
        return self._now + round((stamp - self._first) / self._pace)
