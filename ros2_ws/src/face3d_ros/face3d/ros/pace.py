"""So many a second and no more: for what people look at."""

from __future__ import annotations

import math


class Pace:
    """Lets `rate` images per second through; 0: all of them."""

    def __init__(self, rate: float) -> None:
        self._period = 1.0 / rate if rate else 0.0
        self._due = self._last = -math.inf

    def lets(self, now: float, apart: float = 0.0) -> bool:
        """Whether what comes at the time `now` (seconds) is let through; `apart`: not so soon after the last one.

        Cameras are not exact: an image that is early by a quarter of the period counts.
        """
        if not self._period:
            return True
        if now < self._due - 0.25 * self._period or now < self._last + apart:
            return False
        # One that is late does not delay those after it; what came long before is not made up for.
        self._due = (self._due if now < self._due + self._period else now) + self._period
        self._last = now
        return True
