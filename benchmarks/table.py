"""Rows of the speed table: what every benchmark yields, and how it is measured and printed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


class NotHere(RuntimeError):
    """A benchmark lacks something on this machine; the text says what."""


@dataclass(frozen=True)
class Row:
    """One measured number; `what` names it in every run, so that runs can be compared.

    high   95th percentile, where the value is a median
    limit  the most it may be; floor  the least it must be; None: no demand is made
    note   sizes, what was used
    """

    what: str
    value: float
    unit: str
    limit: float | None = None
    floor: float | None = None
    note: str = ""
    high: float | None = None

    @property
    def demand(self) -> str:
        """The demand in words, e.g. "at most 15"."""
        if self.limit is not None:
            return f"at most {self.limit:g}"
        return "" if self.floor is None else f"at least {self.floor:g}"

    @property
    def verdict(self) -> str:
        """Says "ok" or "MISSED", or nothing where nothing is demanded."""
        if self.limit is not None:
            met = self.value <= self.limit
        elif self.floor is not None:
            met = self.value >= self.floor
        else:
            return ""
        return "ok" if met else "MISSED"


def milliseconds(call: Callable[[], object], runs: int) -> np.ndarray:
    """(runs,) wall times of a call in ms, after one that does not count."""
    call()
    times = np.empty(runs)
    for run in range(runs):
        start = time.perf_counter()
        call()
        times[run] = time.perf_counter() - start
    return times * 1e3


def summarised(what: str, times: np.ndarray, limit: float | None = None, note: str = "") -> Row:
    """A row with median and 95th percentile of times in ms; the note has the fastest, which other work on the
    machine disturbs least."""
    fastest = f"fastest {times.min():.2f}"
    note = f"{fastest}, {note}" if note else fastest
    return Row(what, float(np.median(times)), "ms", limit, note=note, high=float(np.percentile(times, 95)))


def timed(
    what: str, call: Callable[[], object], runs: int, limit: float | None = None, note: str = ""
) -> Row:
    """`summarised` times of some runs of a call."""
    return summarised(what, milliseconds(call, runs), limit, note)


HEADER = f"{'what':<58} {'value':>9} {'95 %':>8} {'':<4} {'demand':<12} {'':<7} note"


def line(row: Row) -> str:
    """The row as a line of the table."""
    high = "" if row.high is None else _number(row.high)
    return (
        f"{row.what:<58} {_number(row.value):>9} {high:>8} {row.unit:<4} {row.demand:<12} {row.verdict:<7} {row.note}"
    ).rstrip()


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 100.0 else f"{value:.0f}"
