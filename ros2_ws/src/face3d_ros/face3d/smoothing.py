"""Smoothing over time: a One Euro filter that looks ahead (default) and the report's exponential, on vectors and
on rotations.

A filter is a rule: how far the estimate goes on by itself with the speed it had, and the gain g in (0, 1] with
which it then follows the measurement,
    predicted = estimate + trust * speed * dt,      estimate = predicted + g * (measurement - predicted).
It keeps no memory: memory is a `Moving` value that goes in and comes out, so that a tracker's state stays immutable
and replays bit for bit.

One Euro: Casiez, Roussel, Vogel, CHI 2012. The cutoff frequency rises with speed: steady at rest, prompt in
motion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from face3d import _core


@dataclass(frozen=True, eq=False)
class Moving:
    """What a filter remembers: the smoothed value and its smoothed speed per second.

    A vector: both (K,) float64. A rotation: value (3, 3), speed (3,) rad/s in the camera frame.
    """

    value: np.ndarray
    speed: np.ndarray


class Filter(Protocol):
    """A rule for trust and gain, as the compiled filters take it."""

    @property
    def numbers(self) -> np.ndarray:
        """(6,) float64: min_cutoff, beta, speed_cutoff, lead and slack of One Euro; weight of the exponential, or 0."""
        ...


@dataclass(frozen=True)
class OneEuro:
    """Cutoff in Hz = min_cutoff + beta * |speed|; the speed itself passes `speed_cutoff` Hz.

    lead   speed from which the estimate goes on with its own speed, so that steady motion has no lag; inf never
    slack  error up to which a measurement may be noise. What exceeds it counts as (threefold) speed at once: smoothed
           speed says nothing yet of a blink or of a head that starts or turns round. inf: wait for the speed.
    """

    min_cutoff: float
    beta: float
    speed_cutoff: float = 4.0
    lead: float = math.inf
    slack: float = math.inf

    def __post_init__(self) -> None:
        if self.min_cutoff <= 0.0 or self.beta < 0.0 or self.speed_cutoff <= 0.0:
            raise ValueError(f"cutoffs must be positive and beta not negative, got {self}")
        if self.lead <= 0.0 or self.slack < 0.0:
            raise ValueError(f"lead must be positive and slack not negative, got {self}")

    def steadier(self, factor: float) -> OneEuro:
        """The same filter for noise that is `factor` times as large."""
        return replace(self, beta=self.beta / factor, lead=self.lead * factor, slack=self.slack * factor)

    @cached_property
    def numbers(self) -> np.ndarray:
        return np.array([self.min_cutoff, self.beta, self.speed_cutoff, self.lead, self.slack, 0.0])


@dataclass(frozen=True)
class Exponential:
    """The report's smoothing: a constant weight of the new measurement per frame; 1 is no smoothing."""

    weight: float

    def __post_init__(self) -> None:
        if not 0.0 < self.weight <= 1.0:
            raise ValueError(f"the weight must be in (0, 1], got {self.weight}")

    @cached_property
    def numbers(self) -> np.ndarray:
        return np.array([1.0, 0.0, 1.0, math.inf, math.inf, self.weight])


def start(value: np.ndarray) -> Moving:
    """Memory of a vector (K,) or a rotation (3, 3) that was just seen for the first time."""
    value = np.array(value, dtype=np.float64)
    return Moving(value, np.zeros(3 if value.ndim == 2 else value.shape))


def step(rule: Filter, memory: Moving, dt: float, unit: float | None = None) -> np.ndarray:
    """Where the estimate goes by itself in `dt` seconds: (K,), of a rotation a rotation vector (3,).

    unit  None: every element has its own trust. A number: the vector is a position, with one trust for all elements
          from its speed in multiples of `unit`. A rotation always has one, of its speed in rad/s
    """
    if memory.value.ndim == 2:
        unit = 1.0
    return _core.step(rule.numbers, memory.speed, dt, unit or 0.0)


def follow(rule: Filter, memory: Moving, value: np.ndarray, dt: float, unit: float | None = None) -> Moving:
    """One step of a filter on a vector (K,): returns the new memory.

    dt    seconds since the last step, > 0
    unit  as for `step`; a position's gain, too, is one for all elements
    """
    value = np.asarray(value, np.float64)
    return Moving(*_core.follow(rule.numbers, memory.value, memory.speed, value, dt, unit or 0.0))


def follow_rotation(rule: Filter, memory: Moving, rotation: np.ndarray, dt: float) -> Moving:
    """One step of a filter on a rotation (3, 3): along the geodesics to the prediction and the measurement."""
    rotation = np.asarray(rotation, np.float64)
    return Moving(*_core.follow_rotation(rule.numbers, memory.value, memory.speed, rotation, dt))
