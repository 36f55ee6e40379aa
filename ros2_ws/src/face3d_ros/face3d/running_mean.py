"""The mean of what does not change over a track, with an uncertainty that falls with every look."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from face3d import _core


@dataclass(frozen=True, eq=False)
class RunningMean:
    """Weighted mean (K,) float64 of measurements that differ by chance only.

    weight   what has been seen so far: the sum of the weights, each in (0, 1]; it ends at 1 / floor of `follow`
    spread   mean square, over elements and time, by which single measurements differ from the mean. It starts at 1:
             of whitened coefficients the spread among people, which is what one knows beforehand
    share    variance of the mean as a share of the variance of one measurement
    """

    value: np.ndarray
    weight: float = 1.0
    spread: float = 1.0
    share: float = 1.0

    @property
    def deviation(self) -> float:
        """Standard error of the mean, root mean square over the elements, if the measurements' errors are independent.

        What all of them have in common, the network's bias towards this face, is not in it.
        """
        return math.sqrt(self.spread * self.share)

    def follow(self, value: np.ndarray, floor: float, weight: float = 1.0) -> RunningMean:
        """The mean after one more measurement.

        floor   in [0, 1]: least gain of a measurement of full weight, so that a poor beginning is forgotten
        weight  in (0, 1] of this measurement
        """
        total = self.weight + weight
        if floor * total > 1.0:
            total = 1.0 / floor
        gain = min(1.0, weight / total)
        square = _core.distance(self.value, value) ** 2 / len(value)
        return RunningMean(
            _core.towards(self.value, value, gain),
            total,
            self.spread + gain * (square - self.spread),
            (1.0 - gain) ** 2 * self.share + gain**2,
        )
