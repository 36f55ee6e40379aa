"""One Euro and the exponential mean as their papers write them, one number at a time: what the kernels must give."""

from __future__ import annotations

import math

import numpy as np

from face3d.smoothing import Exponential, OneEuro

SURPRISE = 3.0


def low_pass(cutoff: float, dt: float) -> float:
    """Gain of a first-order low pass."""
    return 1.0 / (1.0 + 1.0 / (2.0 * math.pi * cutoff * dt))


def trust(rule: OneEuro | Exponential, speed: float) -> float:
    if isinstance(rule, Exponential) or math.isinf(rule.lead):
        return 0.0
    return speed**2 / (speed**2 + rule.lead**2)


def gain(rule: OneEuro | Exponential, speed: float, error: float, dt: float) -> float:
    if isinstance(rule, Exponential):
        return rule.weight
    surprise = -math.inf if math.isinf(rule.slack) else SURPRISE / dt * (error - rule.slack)
    return low_pass(rule.min_cutoff + rule.beta * max(speed, surprise), dt)


def follow(rule, value: np.ndarray, speed: np.ndarray, measured: np.ndarray, dt: float, unit: float | None):
    """Value and speed (K,) after a measurement (K,)."""

    def sizes(vector: np.ndarray) -> np.ndarray:
        return np.abs(vector) if unit is None else np.full(len(vector), np.linalg.norm(vector) / unit)

    ahead = np.array([trust(rule, s) for s in sizes(speed)]) * speed * dt
    error = measured - (value + ahead)
    smooth = rule.weight if isinstance(rule, Exponential) else low_pass(rule.speed_cutoff, dt)
    speed = (1.0 - smooth) * speed + smooth * (measured - value) / dt
    gains = np.array([gain(rule, s, e, dt) for s, e in zip(sizes(speed), sizes(error))])
    return value + ahead + gains * error, speed
