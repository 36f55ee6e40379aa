"""Where the frames of a recording lie in a video of constant rate."""

from __future__ import annotations

_LATE = 60  # frames that one may be behind; farther back, the source has begun again
_HELD = 10.0  # longest stretch, in seconds, for which the video shows a still image


class Timeline:
    """Places stamps on the frames of a video of `fps` frames per second that begins with the first stamp."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._first: int | None = None
        self._last = 0
        self._before, self._end = 0, -1  # the first stamp and the last place before the last jump

    def place(self, stamp: int) -> int:
        """Number of the video's frame at a stamp in nanoseconds. After a jump of the stamps, or when they begin
        again, it goes on; what is late from before the jump still goes where it belongs."""
        if self._first is None:
            self._first = stamp
        place = self._count(stamp - self._first)
        before = self._count(stamp - self._before)
        if before <= self._end and abs(before - self._last) < min(abs(place - self._last), _LATE):
            return before
        if not self._last - _LATE <= place <= self._last + _HELD * self._fps:
            place = self._last + 1
            self._before, self._end = self._first, self._last
            self._first = stamp - round(place * 1e9 / self._fps)
        self._last = max(self._last, place)
        return place

    def _count(self, duration: int) -> int:
        return round(duration * 1e-9 * self._fps)
