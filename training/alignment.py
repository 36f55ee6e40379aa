"""The similarity (scale, rotation, translation) that brings one set of points onto another, by least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Similarity:
    """x -> matrix (x - source) + target; `matrix` (3, 3) is scale times rotation, the centres are (3,)."""

    matrix: np.ndarray
    source: np.ndarray
    target: np.ndarray

    @staticmethod
    def between(source: np.ndarray, target: np.ndarray, weight: np.ndarray | None = None) -> Similarity:
        """From points (V, 3) to points (V, 3), weighted by (V,) >= 0, by default all alike (Umeyama 1991)."""
        weight = np.ones(len(source)) if weight is None else weight
        w = (weight / weight.sum()).astype(np.float64)
        centre, goal = w @ source, w @ target
        u, s, vt = np.linalg.svd(((target - goal) * w[:, None]).T @ (source - centre))
        sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])  # no reflection
        scale = (s * sign).sum() / (w @ ((source - centre) ** 2).sum(1))
        return Similarity(scale * (u * sign) @ vt, centre, goal)

    @property
    def scale(self) -> float:
        return float(np.cbrt(np.linalg.det(self.matrix)))

    @property
    def rotation(self) -> np.ndarray:
        """(3, 3)."""
        return self.matrix / self.scale

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Points (V, 3) moved, float64."""
        return (points - self.source) @ self.matrix.T + self.target


def align(source: np.ndarray, target: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """`source` (V, 3) moved onto `target` (V, 3) by the best similarity, weighted by (V,)."""
    return Similarity.between(source, target, weight).apply(source)
