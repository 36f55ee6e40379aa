"""Rows of the speed table: what every benchmark yields, and how it is measured and printed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """One measured number.

    limit  the most it may be; floor  the least it must be; None: no demand is made
    note   spread, sizes, what was used
    """

    what: str
    value: float
    unit: str
    limit: float | None = None
    floor: float | None = None
    note: str = ""

    @property
    def demand(self) -> str:
        """The demand in words, e.g. "at most 15"."""
        if self.limit is not None:
            return f"at most {self.limit:g}"
        return "" if self.floor is None else f"at least {self.floor:g}"

    @property
    def verdict(self) -> str:
        """"ok", "MISSED", or nothing where nothing is demanded."""
        if not self.demand:
            return ""
        met = self.value <= self.limit if self.limit is not None else self.value >= self.floor
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


def timed(
    what: str, call: Callable[[], object], runs: int, limit: float | None = None, note: str = ""
) -> Row:
    """A row with the median of some runs; the note has the 95th percentile."""
    times = milliseconds(call, runs)
    spread = f"95 %: {np.percentile(times, 95):.2f}"
    return Row(what, float(np.median(times)), "ms", limit, note=f"{spread}{note and ', ' + note}")


HEADER = f"{'what':<52} {'value':>9} {'':<8} {'demand':<12} {'':<7} note"


def line(row: Row) -> str:
    """The row as a line of the table."""
    number = f"{row.value:9.2f}" if row.value < 100.0 else f"{row.value:9.0f}"
    return f"{row.what:<52} {number} {row.unit:<8} {row.demand:<12} {row.verdict:<7} {row.note}".rstrip()
