"""Learning rate over a run: plateau steps, exponential decay, or a fixed budget with a final descent."""

from __future__ import annotations

from training.config import ScheduleConfig


class Schedule:
    """`rate(step, hours)` gives the learning rate; `observe(score)` after every evaluation (lower is better)."""

    KINDS = ("plateau", "exponential", "budget")

    def __init__(self, config: ScheduleConfig, hours: float):
        if config.kind not in self.KINDS:
            raise ValueError(f"schedule kind must be one of {', '.join(self.KINDS)}, got {config.kind!r}")
        if config.kind == "budget" and hours <= 0:
            raise ValueError("a budget schedule needs --hours")
        self.config, self.hours = config, hours
        self.factor, self.best, self.waited = 1.0, float("inf"), 0
        self.finished = False

    def rate(self, step: int, hours: float) -> float:
        """Learning rate at an optimiser step after `hours` of training; sets `finished` when time is up."""
        config = self.config
        rate = config.rate * self.factor * min(1.0, (step + 1) / config.warmup)
        if config.kind == "budget":
            rate *= min(1.0, max(0.01, (1 - hours / self.hours) / 0.2))
        self.finished |= 0 < self.hours <= hours or self.factor * config.rate < config.stop
        return rate

    def observe(self, score: float) -> None:
        """Lower the rate after `patience` evaluations, without progress for "plateau" or at all for "exponential"."""
        self.waited += 1
        if score < self.best:
            self.best = score
            if self.config.kind == "plateau":
                self.waited = 0
        if self.config.kind != "budget" and self.waited >= self.config.patience:
            self.factor *= self.config.factor
            self.waited = 0

    def state_dict(self) -> dict:
        return {"factor": self.factor, "best": self.best, "waited": self.waited}

    def load_state_dict(self, state: dict) -> None:
        self.factor, self.best, self.waited = state["factor"], state["best"], state["waited"]
