"""The images that wait for a node: one after the other while it keeps up, the newest alone when it does not."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from face3d.ros.sequences import Sequences

LENGTH = 8
"""Images that wait at most: as many as come in PATIENCE from a quick camera, and some."""

PATIENCE = 0.08
"""Seconds after which an image that waits gives way to a newer one. Longer would lose fewer images on a machine that is
nearly full, and make all of them late there (docs/PERFORMANCE.md)."""

_BEHIND = 0.3  # seconds for which a loss shows that there is too little time


class Waiting(NamedTuple):
    """An image that has waited for so many seconds; `number` as for Line.next."""

    content: Any
    number: int | None
    waited: float


class Line:
    """Whose turn it is.

    After a short delay no image is lost: those that came meanwhile are taken in their order. One that has waited for
    longer than PATIENCE means that the node does not keep up: the newest is taken and the others are passed over, and
    from then on only the newest one counts, as whatever waits in a line that is always full comes late and is lost all
    the same. When nothing has been lost for a moment, images wait in line again.

    clock  seconds, of whatever beginning
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sequences = Sequences()
        self._lost = 0
        self._last_loss = -math.inf

    @property
    def behind(self) -> bool:
        """Whether images were lost a moment ago: there is no time for anything that can wait."""
        return self._clock() - self._last_loss < _BEHIND

    def next(self, first: Waiting, newer: Callable[[], Waiting | None], publishers: int = 1) -> Waiting:
        """The image to work on now.

        first       the one that has waited longest. Its number, that its publisher gave it, shows what was lost before;
                    None where there is no counting
        newer       takes the next one that waits; None when there is none
        publishers  of the images, now
        """
        self._arrived(first.number, publishers)
        image = first
        while (self.behind or image.waited > PATIENCE) and (following := newer()) is not None:
            self._count(1)
            self._arrived(following.number, publishers)
            image = following
        return image

    def lost(self) -> int:
        """How many images were passed over, or got lost on their way, since the last call."""
        lost, self._lost = self._lost, 0
        return lost

    def _arrived(self, number: int | None, publishers: int) -> None:
        self._count(self._sequences.missing(number, publishers))

    def _count(self, lost: int) -> None:
        if lost:
            self._lost += lost
            self._last_loss = self._clock()
