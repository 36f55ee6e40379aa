"""Numbers and tables as Markdown. Intervals are in brackets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evaluation.measures import Interval

FEW = 5
"""Below so many independent pieces a bootstrap interval is no interval, and a target neither met nor missed."""


def number(interval: Interval, digits: int = 2) -> str:
    """Like 3.42 [3.10, 3.80], or a dash where nothing was measured."""
    if not interval.count:
        return "–"
    if interval.count < FEW:
        return f"{interval.value:.{digits}f} (only {interval.count})"
    value, low, high = (f"{x:.{digits}f}" for x in (interval.value, interval.low, interval.high))
    return f"{value} [{low}, {high}]"


def plain(value: float) -> str:
    """Like 3.42, or a dash for NaN."""
    return "–" if math.isnan(value) else f"{value:.2f}"


def verdict(interval: Interval, most: float) -> str:
    """The target in words, and whether the number meets it."""
    if not interval.count:
        return f"under {most:g}: not measured"
    if interval.count < FEW:
        return f"under {most:g}: too few to say"
    return f"under {most:g}: {'met' if interval.value < most else 'missed'}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
