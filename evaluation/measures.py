"""Measures on points, and how sure they are. Pure functions of arrays; points are (68, 2) in pixels, iBUG order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

PARTS: dict[str, np.ndarray] = {
    "all 68": np.arange(68),
    "without the jaw": np.arange(17, 68),
    "eyes": np.arange(36, 48),
    "mouth": np.arange(48, 68),
}
"""Groups of points that errors are given for."""

# fmt: off
MIRROR68 = np.array([
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
])
# fmt: on
"""Point k of a mirrored face is point MIRROR68[k] of the face."""

PASSES = 4
"""Passes on a single picture, as `face3d image` does."""
SYNTHETIC_PASS = 3
"""The pass that the targets of the synthetic faces are about."""

Clusters: TypeAlias = Sequence[object] | np.ndarray
"""For every row the piece that it belongs to, by name or number."""
_ROUNDS = 1000  # resamplings of a bootstrap


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval, and how many independent pieces it rests on."""

    value: float
    low: float
    high: float
    count: int

    def times(self, factor: float) -> Interval:
        """In another unit."""
        return Interval(factor * self.value, factor * self.low, factor * self.high, self.count)


def face_size(points: np.ndarray) -> float:
    """Square root of the area of the points' tight box, pixels: what errors are divided by."""
    return float(np.sqrt(np.prod(np.ptp(points, axis=0))))


def nme(points: np.ndarray, reference: np.ndarray, size: float, part: str = "all 68") -> float:
    """Mean distance of a part's points, as a fraction of the face's `size`."""
    chosen = PARTS[part]
    return float(np.linalg.norm(points[chosen] - reference[chosen], axis=1).mean() / size)


def mirrored(points: np.ndarray, width: int) -> np.ndarray:
    """The points of the same face in the mirrored image of `width` pixels; its own inverse."""
    flipped = points[MIRROR68].copy()
    flipped[:, 0] = width - 1 - flipped[:, 0]
    return flipped


def eyelid_opening(points: np.ndarray) -> float:
    """Height of the eyes over their width, mean of both: 0 closed, about 0.3 open."""
    ratios = []
    for first in (36, 42):
        outer, upper1, upper2, inner, lower2, lower1 = points[first : first + 6]
        height = np.linalg.norm(upper1 - lower1) + np.linalg.norm(upper2 - lower2)
        ratios.append(height / (2 * max(float(np.linalg.norm(outer - inner)), 1e-9)))
    return float(np.mean(ratios))


def mouth_opening(points: np.ndarray) -> float:
    """Gap of the inner lips over the nose's length: 0 closed, about 1 wide open. Hardly changes with yaw."""
    gap = np.linalg.norm(points[[61, 62, 63]] - points[[67, 66, 65]], axis=1).mean()
    return float(gap / max(float(np.linalg.norm(points[27] - points[33])), 1e-9))


def head_rotation(points: np.ndarray, model_points: np.ndarray) -> np.ndarray:
    """(3, 3) model-to-camera rotation that fits model points (68, 3) best to seen ones (68, 3), jaw left out.

    Seen points: x right, y down, z away, any scale (MediaPipe's are of this kind).
    """
    inner = PARTS["without the jaw"]
    seen = points[inner] - points[inner].mean(0)
    model = model_points[inner] - model_points[inner].mean(0)
    u, _, vt = np.linalg.svd(seen.T @ model)
    return u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt


def head_yaw(points: np.ndarray, model_points: np.ndarray) -> float:
    """Degrees to the side that `head_rotation` looks; positive to the right in the picture."""
    outward = head_rotation(points, model_points)[:, 2]
    return float(np.degrees(np.arctan2(outward[0], -outward[2])))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r; 0 where one of both does not vary."""
    a, b = a - a.mean(), b - b.mean()
    norm = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / norm) if norm > 1e-12 else 0.0


def slope(a: np.ndarray, b: np.ndarray) -> float:
    """How far `a` goes when `b` goes by 1: the regression of a on b. 0 where b does not vary."""
    b = b - b.mean()
    return float((a * b).sum() / (b * b).sum()) if (b * b).sum() > 1e-12 else 0.0


def bootstrap(
    statistic: Callable[[np.ndarray], float], clusters: Clusters, seed: int = 0, rounds: int = _ROUNDS
) -> Interval:
    """95 % percentile interval of `statistic(rows)`, resampling whole clusters with replacement.

    statistic  of an array of row numbers
    clusters   for every row the piece that it belongs to: copies of one picture, or neighbouring frames of one clip,
               say the same thing twice and must be drawn together
    NaN in every field when there are no rows.
    """
    owner, count = _numbered(clusters)
    if not count:
        return _NOTHING
    members = np.split(np.argsort(owner, kind="stable"), np.cumsum(np.bincount(owner))[:-1])
    drawn = np.random.default_rng(seed).integers(count, size=(rounds, count))
    values = [statistic(np.concatenate([members[index] for index in pieces])) for pieces in drawn]
    return _interval(statistic(np.arange(len(owner))), values, count)


def mean_interval(
    values: Sequence[float] | np.ndarray, clusters: Clusters | None = None, seed: int = 0
) -> Interval:
    """`bootstrap` of the mean; every row is a cluster of its own by default."""
    array = np.asarray(values, float)
    owner, count = _numbered(range(len(array)) if clusters is None else clusters)
    if not count:
        return _NOTHING
    sums, counts = np.bincount(owner, array), np.bincount(owner)
    drawn = np.random.default_rng(seed).integers(count, size=(_ROUNDS, count))
    return _interval(array.mean(), sums[drawn].sum(1) / counts[drawn].sum(1), count)


def correlation_interval(a: np.ndarray, b: np.ndarray, clusters: Clusters) -> Interval:
    """Pearson's r and its interval. Of a time series the clusters are blocks of about a second."""
    return bootstrap(lambda rows: correlation(a[rows], b[rows]), clusters)


def slope_interval(a: np.ndarray, b: np.ndarray, clusters: Clusters) -> Interval:
    """`slope` and its interval; clusters as for `correlation_interval`."""
    return bootstrap(lambda rows: slope(a[rows], b[rows]), clusters)


_NOTHING = Interval(float("nan"), float("nan"), float("nan"), 0)


def _numbered(clusters: Clusters) -> tuple[np.ndarray, int]:
    """For every row its cluster's number, and how many clusters there are."""
    numbers = {name: index for index, name in enumerate(dict.fromkeys(clusters))}
    return np.array([numbers[name] for name in clusters], int), len(numbers)


def _interval(value: float, values: Sequence[float] | np.ndarray, count: int) -> Interval:
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Interval(float(value), float(low), float(high), count)
