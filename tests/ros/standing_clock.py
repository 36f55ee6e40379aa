"""A clock of the tests' own: what keeps time by it does not depend on how busy the machine is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class StandingClock:
    """Stands in for the module `time`. `now`, seconds, stands still until somebody sets it."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return round(1e9 * self.now)
