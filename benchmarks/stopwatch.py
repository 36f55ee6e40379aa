"""Where the time of a call goes, measured where it is spent: functions are timed inside of the whole.

Times are CPU time of the calling thread: other work on the machine then disturbs them through the caches only.
"""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from typing import Any

import numpy as np


class Stopwatch:
    """Times functions while it is entered; of nested ones each counts its own part only.

    stages  label -> the object or module that holds the function, and its name
    """

    def __init__(self, stages: dict[str, tuple[Any, str]]) -> None:
        self._stages = stages
        self._originals: list[tuple[Any, str, Any]] = []
        self._open: list[float] = []  # time of inner stages, one entry per stage that runs
        self._now: dict[str, float] = defaultdict(float)
        self.laps: list[dict[str, float]] = []

    def __enter__(self) -> Stopwatch:
        for label, (holder, name) in self._stages.items():
            self._originals.append((holder, name, getattr(holder, name)))
            setattr(holder, name, self._timed(label, getattr(holder, name)))
        return self

    def __exit__(self, *error: object) -> None:
        for holder, name, original in self._originals:
            setattr(holder, name, original)

    def lap(self) -> None:
        """A frame ends: what was measured since the last one is one entry of `laps`, milliseconds."""
        self.laps.append({label: 1e3 * seconds for label, seconds in self._now.items()})
        self._now.clear()

    def times(self, label: str) -> np.ndarray:
        """(laps,) milliseconds."""
        return np.array([lap.get(label, 0.0) for lap in self.laps])

    def _timed(self, label: str, call: Any) -> Any:
        @functools.wraps(call)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._open.append(0.0)
            start = time.thread_time()
            try:
                return call(*args, **kwargs)
            finally:
                spent = time.thread_time() - start
                self._now[label] += spent - self._open.pop()
                if self._open:
                    self._open[-1] += spent

        return timed
