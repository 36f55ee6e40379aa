"""What benchmarks do with their numbers; that they are fast is nobody's test."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import against_mediapipe, compare
from benchmarks.stopwatch import Stopwatch
from benchmarks.table import Row, line, summarised


def busy(milliseconds: float) -> None:
    """Spends CPU time."""
    end = time.thread_time() + 1e-3 * milliseconds
    while time.thread_time() < end:
        pass


def test_nested_stages_count_their_own_part_only_and_are_put_back() -> None:
    things = SimpleNamespace(inner=lambda: busy(6))
    things.outer = lambda: (busy(3), things.inner(), things.inner())
    before = things.outer, things.inner
    with Stopwatch({"outer": (things, "outer"), "inner": (things, "inner")}) as watch:
        for _ in range(2):
            things.outer()
            watch.lap()
        watch.lap()  # a frame in which nothing ran
    assert (things.outer, things.inner) == before
    outer, inner = watch.times("outer"), watch.times("inner")
    assert outer.shape == inner.shape == (3,) and outer[2] == inner[2] == 0
    assert (inner[:2] >= 12).all() and (outer[:2] >= 3).all() and (outer < inner)[:2].all()


def test_rows_say_whether_demands_are_met() -> None:
    row = summarised("a", np.array([1.0, 2.0, 9.0]), limit=3.0)
    assert (row.value, row.verdict) == (2.0, "ok") and 8 < row.high <= 9 and "fastest 1.00" in row.note
    assert Row("b", 4.0, "ms", limit=3.0).verdict == "MISSED" == Row("c", 2.0, "/s", floor=3.0).verdict
    assert "at most 3" in line(row) and "ok" in line(row)


def test_runs_are_compared_by_name() -> None:
    def run(**values: float) -> dict:
        return {"rows": [{"what": what, "value": value, "unit": "ms"} for what, value in values.items()]}

    lines = compare.compare(run(a=2.0, b=3.0), run(b=6.0, c=1.0))
    assert len(lines) == 4 and lines[1].split() == ["b", "3.00", "6.00", "2.00", "ms"]
    assert lines[2:] == ["only before: a", "only after: c"]


def test_the_ratio_is_that_of_each_frame_with_an_interval() -> None:
    rng = np.random.default_rng(0)
    theirs = np.repeat(rng.uniform(1, 20, 40), 10)  # the machine is ten times slower at times: for both
    value, low, high = against_mediapipe.ratio(theirs, 1.5 * theirs * rng.normal(1, 0.02, 400))
    assert low <= value <= high and value == pytest.approx(1.5, abs=0.01) and high - low < 0.05
