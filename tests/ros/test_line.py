"""Images that wait: in order and all of them after a short delay, the newest alone when there is too little time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import pytest

from face3d.ros.line import LENGTH, PATIENCE, Line, Waiting

PERIOD = 1.0 / 60.0


class Day:
    """A node that works on images: when each was taken, and how long it had waited; times in seconds.

    arrivals  of the images, rising; their numbers count from 1
    work      seconds that an image takes which is begun at this time
    """

    def __init__(self, arrivals: np.ndarray, work: Callable[[float], float], counted: bool = True) -> None:
        self.now, self.lost = 0.0, 0
        self.taken: list[int] = []
        self.begun: list[float] = []
        self.waited: list[float] = []
        self.newer: list[bool] = []  # whether others waited, too, before it was taken
        line = Line(lambda: self.now)
        waiting: deque[int] = deque(maxlen=LENGTH)
        coming = deque(range(1, len(arrivals) + 1))

        def oldest() -> Waiting | None:
            if not waiting:
                return None
            number = waiting.popleft()
            return Waiting(number, number if counted else None, self.now - arrivals[number - 1])

        while coming or waiting:
            if not waiting:
                self.now = max(self.now, arrivals[coming[0] - 1])
            while coming and arrivals[coming[0] - 1] <= self.now:
                waiting.append(coming.popleft())
            self.newer.append(len(waiting) > 1)
            image = line.next(oldest(), oldest)
            self.lost += line.lost()
            self.taken.append(image.content)
            self.begun.append(self.now)
            self.waited.append(image.waited)
            self.now += work(self.now)


@pytest.mark.parametrize("delay", [0.02, 0.05, 0.08])
def test_a_short_delay_loses_nothing(delay: float) -> None:
    """Once a second an image takes `delay` longer than usual."""
    arrivals = np.arange(600) * PERIOD + np.random.default_rng(0).uniform(0.0, 0.004, 600)
    hiccups = deque(np.arange(0.5, 10.0))

    def work(now: float) -> float:
        if not hiccups or now < hiccups[0]:
            return 0.008
        hiccups.popleft()
        return 0.008 + delay

    day = Day(arrivals, work)
    assert day.taken == list(range(1, 601)) and day.lost == 0
    assert max(day.waited) <= delay + 0.008
    assert np.median(day.waited) < 0.001, "and what waited is made up for"


@pytest.mark.parametrize("load", [1.2, 2.0, 3.7, 10.0])
def test_a_lasting_overload_makes_nothing_late(load: float) -> None:
    """Images take `load` times the time there is: as many as possible are worked on, and those are new."""
    arrivals, need = np.arange(1200) * PERIOD, load * PERIOD
    day = Day(arrivals, lambda now: need)
    assert day.taken == sorted(set(day.taken)), "in order"
    assert len(day.taken) + day.lost == 1200 == day.taken[-1]
    assert len(day.taken) == pytest.approx(1200 / load, rel=0.02), "it never rests"
    assert max(day.waited) <= PATIENCE + PERIOD, "in the beginning"
    settled = [waited for waited, begun in zip(day.waited, day.begun) if 2.0 < begun < arrivals[-1]]
    assert max(settled) < PERIOD + 1e-6, "the newest one, always"


def test_when_there_is_time_again_images_wait_again() -> None:
    """A second of overload, then time enough with a short delay."""
    arrivals = np.arange(300) * PERIOD
    slow = {True: 0.04, False: 0.008}
    day = Day(arrivals, lambda now: 0.06 if 3.0 < now < 3.04 else slow[now < 1.0])
    later = [number for number in day.taken if arrivals[number - 1] > 1.5]
    assert day.lost > 20
    assert later == list(range(later[0], 301))
    assert any(newer for newer, begun in zip(day.newer, day.begun) if begun > 3.0)


@pytest.mark.parametrize("seed", range(20))
def test_every_image_is_taken_or_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrivals = np.cumsum(rng.exponential(rng.uniform(0.004, 0.05), 500))
    day = Day(arrivals, lambda now: rng.exponential(0.02) + 0.15 * (rng.random() < 0.02))
    assert day.taken == sorted(set(day.taken))
    assert len(day.taken) + day.lost == 500 == day.taken[-1]
    newest = np.searchsorted(arrivals, day.begun, side="right")  # number of the newest one at that time
    for number, waited, newer in zip(day.taken, day.waited, newest):
        assert waited <= PATIENCE or number == newer, "who has waited for long is the newest"


def test_a_line_that_is_too_long_means_that_only_the_newest_counts() -> None:
    """So many images come at once that the oldest ones find no place, as after the process stood still."""
    arrivals = np.concatenate([[0.0], 1.0 + 1e-6 * np.arange(3 * LENGTH)])
    assert Day(arrivals[: 1 + LENGTH], lambda now: 0.001).lost == 0

    def work(now: float) -> float:
        return 1.1 if now == 0.0 else 0.001

    day = Day(arrivals, work)
    assert (day.taken, day.lost) == ([1, 3 * LENGTH + 1], 3 * LENGTH - 1)


def test_what_gets_lost_on_the_way_is_counted() -> None:
    now = 0.0
    line = Line(lambda: now)

    def lost(*numbers: int | None, publishers: int = 1) -> int:
        for number in numbers:
            line.next(Waiting("image", number, 0.0), lambda: None, publishers)
        return line.lost()

    assert lost(5, 6, 9, 10) == 2
    assert lost(1, 2, 4) == 1, "another publisher took over"
    assert line.behind
    now = 1.0
    assert not line.behind
    assert lost(None, 900) == 0 and not line.behind, "not every middleware counts"
    assert lost(900, 20, 903, 21, 23, publishers=2) == 2 + 1, "one more camera on the topic"


def test_without_numbers_what_is_passed_over_is_counted_all_the_same() -> None:
    day = Day(np.arange(6) * 0.01, lambda now: 0.2, counted=False)
    assert (day.taken, day.lost) == ([1, 6], 4)
