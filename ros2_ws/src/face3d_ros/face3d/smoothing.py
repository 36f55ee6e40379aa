"""Smoothing over time: the One Euro filter (default) and the report's exponential, on vectors and on
rotations.

A filter is a rule for the gain g in (0, 1] with which the estimate follows a measurement,
    estimate += g * (measurement - estimate),
and keeps no memory itself: memory is a `Moving` value that goes in and comes out, so that a tracker's state
stays immutable and replays bit for bit.

One Euro: Casiez, Roussel, Vogel, CHI 2012. The cutoff frequency rises with speed: steady at rest, prompt in
motion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from face3d import rotation as so3


@dataclass(frozen=True, eq=False)
class Moving:
    """What a filter remembers: the smoothed value and its smoothed speed per second.

    A vector: both (K,) float64. A rotation: value (3, 3), speed (3,) rad/s in the camera frame.
    """

    value: np.ndarray
    speed: np.ndarray


class Filter(Protocol):
    """A rule for the gain."""

    def gain(self, speed: np.ndarray, dt: float) -> np.ndarray | float:
        """Gain in (0, 1] for absolute speeds (K,) in units per second, `dt` > 0 seconds after the last."""
        ...

    def speed_gain(self, dt: float) -> float:
        """Gain in (0, 1] of the speed's own smoothing."""
        ...


def low_pass_gain(cutoff: np.ndarray | float, dt: float) -> np.ndarray | float:
    """Gain of a first-order low pass of `cutoff` Hz at the step `dt` seconds."""
    return 1.0 / (1.0 + 1.0 / (2.0 * math.pi * cutoff * dt))


@dataclass(frozen=True)
class OneEuro:
    """Cutoff in Hz = min_cutoff + beta * |speed|; the speed itself passes `speed_cutoff` Hz."""

    min_cutoff: float
    beta: float
    speed_cutoff: float = 4.0

    def __post_init__(self) -> None:
        if self.min_cutoff <= 0.0 or self.beta < 0.0 or self.speed_cutoff <= 0.0:
            raise ValueError(f"cutoffs must be positive and beta not negative, got {self}")

    def gain(self, speed: np.ndarray, dt: float) -> np.ndarray | float:
        return low_pass_gain(self.min_cutoff + self.beta * speed, dt)

    def speed_gain(self, dt: float) -> float:
        return float(low_pass_gain(self.speed_cutoff, dt))


@dataclass(frozen=True)
class Exponential:
    """The report's smoothing: a constant weight of the new measurement per frame; 1 is no smoothing."""

    weight: float

    def __post_init__(self) -> None:
        if not 0.0 < self.weight <= 1.0:
            raise ValueError(f"the weight must be in (0, 1], got {self.weight}")

    def gain(self, speed: np.ndarray, dt: float) -> np.ndarray | float:
        return self.weight

    def speed_gain(self, dt: float) -> float:
        return self.weight


def start(value: np.ndarray) -> Moving:
    """Memory of a vector (K,) or a rotation (3, 3) that was just seen for the first time."""
    value = np.array(value, dtype=np.float64)
    return Moving(value, np.zeros(3 if value.ndim == 2 else value.shape))


def follow(rule: Filter, memory: Moving, value: np.ndarray, dt: float, unit: float | None = None) -> Moving:
    """One step of a filter on a vector (K,): returns the new memory.

    dt    seconds since the last step, > 0
    unit  None: every element has its own gain. A number: the vector is a position, with one gain for all
          elements from its speed in multiples of `unit`
    """
    change = value - memory.value
    speed = memory.speed + rule.speed_gain(dt) * (change / dt - memory.speed)
    size = np.abs(speed) if unit is None else np.sqrt(speed @ speed) / unit
    return Moving(memory.value + rule.gain(size, dt) * change, speed)


def follow_rotation(rule: Filter, memory: Moving, rotation: np.ndarray, dt: float) -> Moving:
    """One step of a filter on a rotation (3, 3): along the geodesic to the measurement."""
    turn = so3.log(rotation @ memory.value.T)
    speed = memory.speed + rule.speed_gain(dt) * (turn / dt - memory.speed)
    gain = rule.gain(np.sqrt(speed @ speed), dt)
    return Moving(so3.orthonormal(so3.exp(gain * turn) @ memory.value), speed)


@dataclass(frozen=True, eq=False)
class RunningMean:
    """Mean (K,) float64 of what does not change over a track: the gain falls as 1/n to a floor.

    The floor lets a poor beginning be forgotten.
    """

    value: np.ndarray
    count: int = 1

    def follow(self, value: np.ndarray, floor: float) -> RunningMean:
        """The mean after one more measurement; `floor` in [0, 1] bounds the gain from below."""
        count = self.count + 1
        return RunningMean(self.value + max(1.0 / count, floor) * (value - self.value), count)
