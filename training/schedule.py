"""Learning rate over a run: plateau steps, exponential decay, or a fixed budget with a final descent."""

from __future__ import annotations

from training.config import ScheduleConfig


class Schedule:
    """`rate(step, spent)` gives the learning rate; `observe(score)` after every evaluation (lower is better)."""

    KINDS = ("plateau", "exponential", "budget")

    def __init__(self, config: ScheduleConfig, limited: bool):
        if config.kind not in self.KINDS:
            raise ValueError(f"schedule kind must be one of {', '.join(self.KINDS)}, got {config.kind!r}")
        if config.kind == "budget" and not limited:
            raise ValueError("a budget schedule needs --hours or --samples")
        self.config = config
        self.factor, self.best, self.waited = 1.0, float("inf"), 0
        self.finished = False

    def rate(self, step: int, spent: float) -> float:
        """Learning rate at an optimiser step, `spent` being the share of the run's hours or samples that is gone;
        sets `finished` when all of it is, or when the rate has become too small to learn anything."""
        config = self.config
        rate = config.rate * self.factor * min(1.0, (step + 1) / config.warmup)
        if config.kind == "budget":
            rate *= min(1.0, max(0.01, (1 - spent) / 0.2))
        self.finished |= spent >= 1 or self.factor * config.rate < config.stop
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
