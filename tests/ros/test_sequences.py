"""Losses are counted by the publishers' numbers, however many publishers there are and whatever their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from face3d.ros.sequences import Sequences


@pytest.mark.parametrize(
    "starts", [(1,), (5000,), (1, 1), (1, 2), (10, 300), (300, 10), (1, 5000, 40), (7, 7, 7, 8)]
)
def test_what_is_lost_of_any_publishers_is_counted(starts: tuple) -> None:
    """Cameras of different rates, of whose images one in ten gets lost, a few at once."""
    rng = np.random.default_rng(len(starts) + sum(starts))
    sequences, numbers = Sequences(), list(starts)
    for number in starts:
        assert sequences.missing(number, len(starts)) == 0, "of what was before nothing is known"
    found = lost = 0
    for _ in range(4000):
        which = int(
            rng.choice(len(numbers), p=np.arange(1, len(numbers) + 1) / sum(range(1, len(numbers) + 1)))
        )
        gap = int(rng.integers(1, 6)) if rng.random() < 0.1 else 0
        numbers[which] += 1 + gap
        lost += gap
        missing = sequences.missing(numbers[which], len(starts))
        assert missing >= 0
        found += missing
    assert found == lost


def test_who_begins_or_comes_later_has_lost_nothing() -> None:
    sequences = Sequences()
    assert [sequences.missing(number) for number in (3, 4, 1, 2, 4)] == [0, 0, 0, 0, 1], "begun anew"
    assert [sequences.missing(number) for number in (5000, 5001)] == [0, 0], "another one, far ahead"
    assert [sequences.missing(number, 2) for number in (5040, 5002, 5041, 5004)] == [0, 0, 0, 1], "one more"
    assert [sequences.missing(number, 1) for number in (5042, 5045)] == [0, 2], "and it stays alone"
    assert [sequences.missing(number) for number in (None, 7000, 0, 7300)] == [0] * 4, (
        "not every middleware counts"
    )
