"""Eyelids: how far they are open, the shade that they throw on the eyeball, and the lashes on their rims."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from training.faces.head_fields import HeadFields
from training.faces.poses import View
from training.faces.render import OPEN
from training.head import HeadAssets

FINE = 3  # lashes are drawn this much finer than the image, then averaged
# left, right: two corners, upper, lower points
RIMS = ((42, 45, (43, 44), (46, 47)), (36, 39, (37, 38), (40, 41)))
DARK = np.array([13, 9, 8], np.float32)  # display values of lashes
OPEN_EYE = 0.0085  # metres between the lids of an eye that is simply open


@dataclass(frozen=True)
class LashLook:
    """Lashes of one person: length of the upper ones in metres, hairs on an upper rim, their darkness 0..1, how far
    they curl up (radians), width and darkness of the line on the rim (metres, 0..1), and the lower ones' share."""

    length: float
    count: int
    dark: float
    curl: float
    line: float
    line_dark: float
    lower: float
    seed: int

    @staticmethod
    def draw(rng: np.random.Generator, makeup: bool) -> LashLook:
        """Natural lashes from hardly visible to dense; mascara and a drawn line with `makeup`."""
        more = float(rng.uniform(0, 1)) if makeup else 0.0
        return LashLook(
            length=float(rng.uniform(0.005, 0.0095) + 0.003 * more),
            count=int(rng.integers(18, 44)),
            dark=float(min(1, rng.uniform(0.3, 0.9) + 0.4 * more)),
            curl=float(rng.uniform(-0.1, 0.7)),
            line=float(rng.uniform(0.0006, 0.0013) + 0.001 * more * rng.uniform(0, 1)),
            line_dark=float(min(0.95, rng.uniform(0.3, 0.8) + 0.4 * more)),
            lower=float(rng.uniform(0.1, 0.6) + 0.3 * more),
            seed=int(rng.integers(1 << 31)),
        )


@dataclass(frozen=True)
class Lashes:
    """Where lashes are: roots and tips (n, 3) raster of all rims after another; rims: the rows of each (left upper,
    left lower, right upper, right lower), from the inner to the outer corner."""

    roots: np.ndarray
    tips: np.ndarray
    rims: tuple[slice, ...]


class Lids:
    """The lids of a head's two eyes (left, right), by vertex index: upper and lower rims from corner to corner."""

    def __init__(self, head: HeadAssets, fields: HeadFields) -> None:
        self.fields = fields
        graph, points = _edges(head), head.anchors68
        self.upper = [_path(graph, points[[a, *up, b]]) for a, b, up, _ in _ordered()]
        self.lower = [_path(graph, points[[a, *low[::-1], b]]) for a, b, _, low in _ordered()]
        rims = [self.upper[0], self.lower[0], self.upper[1], self.lower[1]]
        self.rims = np.concatenate(rims)
        ends = np.cumsum([0] + [len(rim) for rim in rims])
        self.rims_of_eye = [ends[2], ends[4] - ends[2]]
        self.pieces = tuple(slice(int(ends[k]), int(ends[k + 1])) for k in range(4))
        self.is_upper = np.repeat([True, False, True, False], np.diff(ends))
        rise = [(1.0 if k % 2 == 0 else 0.5) * _profile(len(rim)) for k, rim in enumerate(rims)]
        self.profile = np.concatenate(rise)[:, None].astype(np.float32)  # lengths along the rims, 1 at most
        self.skin = []
        for side in (1, -1):
            rows = np.flatnonzero(head.regions["eyelids_upper"])
            self.skin.append(rows[fields.mean[rows, 0] * side > 0])
        self.gain = np.stack([_heights(head, up) - _heights(head, low) for *_, up, low in RIMS])
        mean = fields.mean[head.anchors68, 1]
        self.rest = np.array([mean[list(up)].mean() - mean[list(low)].mean() for *_, up, low in RIMS])

    def opening(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """(2,) metres between upper and lower lid of the left and the right eye; negative where they overlap."""
        return self.rest + self.gain @ np.concatenate([identity, expression])

    def close(self, identity: np.ndarray, expression: np.ndarray, closers: list[list[int]]) -> np.ndarray:
        """`expression` with its lid closers read as shares of this eye's own opening: at 1 the lids just meet.

        closers: for the left and the right eye the numbers of the units that close it. People's eyes differ, and so
        does what a smile leaves open; without this a blink of 1 would push the upper lid 3 mm below the lower.
        """
        expression = expression.copy()
        amounts = [expression[units].copy() for units in closers]
        for units in closers:
            expression[units] = 0.0
        width = np.maximum(self.opening(identity, expression), 0.0)
        for eye, (units, amount) in enumerate(zip(closers, amounts, strict=True)):
            per_unit = np.minimum(self.gain[eye, len(identity) + np.asarray(units)], -1e-4)
            expression[units] = np.clip(amount * width[eye] / -per_unit, 0.0, 1.1)
        return expression

    def shade(self, attributes: np.ndarray, vertices: np.ndarray) -> None:
        """Writes into the occlusion: eyeballs are dark under the upper lid, and lids that close come into the light.

        attributes (N, 6) and vertices (N, 3) metres; the attributes are changed in place.
        """
        for eye, ball in enumerate(self.fields.eyes):
            upper, lower = vertices[self.upper[eye]], vertices[self.lower[eye]]
            order, below = np.argsort(upper[:, 0]), np.argsort(lower[:, 0])
            x, y = vertices[ball, 0], vertices[ball, 1]
            roof = np.interp(x, upper[order, 0], upper[order, 1]) - y
            floor = y - np.interp(x, lower[below, 0], lower[below, 1])
            light = _limited(0.42 + roof / 0.0075, 0.25) * _limited(0.72 + floor / 0.007, 0.5)
            attributes[ball, OPEN] *= light.astype(np.float32)
            gap = float(upper[:, 1].max() - lower[:, 1].min())
            shut = np.float32(np.clip(1 - gap / OPEN_EYE, 0, 1))
            rows = self.skin[eye]
            attributes[rows, OPEN] += shut * 0.8 * (0.95 - attributes[rows, OPEN])

    def lashes(self, vertices: np.ndarray, view: View, look: LashLook) -> Lashes:
        """Lashes of both eyes for head vertices (N, 3) in a view."""
        roots = vertices[self.rims]
        out = roots - np.repeat(self.centres(vertices), self.rims_of_eye, 0)
        out /= np.sqrt((out * out).sum(1, keepdims=True))
        out[:, 1] += np.where(self.is_upper, look.curl, -0.35)
        tips = view.project((roots + out * (look.length * self.profile)).astype(np.float32))
        return Lashes(view.project(roots), tips, self.pieces)

    def centres(self, vertices: np.ndarray) -> np.ndarray:
        """(2, 3) centres of the left and the right eyeball of head vertices (N, 3)."""
        balls = [vertices[ball] for ball in self.fields.eyes]
        return np.stack([0.5 * (ball.min(0) + ball.max(0)) for ball in balls])


def draw_lashes(image: np.ndarray, lashes: Lashes, look: LashLook, depth: np.ndarray, scale: float) -> None:
    """Draws lashes over the picture (S, S, 3), in place, where their roots are not hidden.

    depth (S, S) of what is drawn already; scale: pixels a metre.
    """
    size, roots = image.shape[0], lashes.roots
    column, row = np.minimum(np.maximum(np.rint(roots[:, :2]), 0), size - 1).astype(np.intp).T
    seen = roots[:, 2] < depth[row, column] + 0.0032 * scale
    rng = np.random.default_rng(look.seed)
    both = np.concatenate([roots[:, :2], lashes.tips[:, :2]], 1)
    for upper, lower in (lashes.rims[:2], lashes.rims[2:]):
        eye = slice(upper.start, lower.stop)
        ends = both[eye][seen[eye]].reshape(-1, 2)
        if not len(ends):
            continue
        low = np.minimum(np.maximum(ends.min(0) - 2, 0), size).astype(int)
        high = np.minimum(np.maximum(ends.max(0) + 4, 0), size).astype(int)
        wide, tall = (high - low).tolist()
        if min(wide, tall) < 2:
            continue
        mask = np.zeros((tall * FINE, wide * FINE), np.uint8)
        for rim, share, thick in ((lower, look.lower, 0.6), (upper, 1.0, 1.0)):
            count = max(6, int(look.count * thick))
            near = rim.start + rng.uniform(0.02, 0.999, count) * (rim.stop - rim.start - 1)
            lean, length = rng.normal(0, 0.10, (count, 1)), rng.uniform(0.6, 1.1, (count, 1))
            pairs = np.flatnonzero(seen[rim][1:] & seen[rim][:-1]) + rim.start
            line = _fine(np.stack([both[pairs, :2], both[pairs + 1, :2]], 1), low)
            dark = int(255 * look.line_dark * (0.4 + 0.6 * share))
            broad = max(1, round(look.line * thick * scale * FINE))
            cv2.polylines(mask, list(line), False, dark, broad, cv2.LINE_AA, 4)
            first = near.astype(np.intp)
            part = (near - first)[:, None]
            hair = both[first] * (1 - part) + both[first + 1] * part
            away = (hair[:, 2:] - hair[:, :2]) * length
            away += away[:, ::-1] * (lean * [-1, 1])
            hairs = np.repeat(hair[:, None, :2], 3, 1)
            hairs[:, 1] += 0.45 * away
            hairs[:, 2] += away
            drawn = list(_fine(hairs[seen[first] & seen[first + 1]], low))
            cv2.polylines(mask, drawn, False, int(255 * look.dark * share), 1, cv2.LINE_AA, 4)
        mask = cv2.resize(mask, (wide, tall), interpolation=cv2.INTER_AREA)[..., None]
        part = image[low[1] : high[1], low[0] : high[0]]
        part[:] = part - np.maximum(part - DARK, 0) * (mask * np.float32(1 / 255))


def _fine(points: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Image points (..., 2) -> OpenCV's fixed point (4 bits) in the finer window that starts at `low`."""
    return np.rint((points - low) * (16 * FINE) + 8 * (FINE - 1)).astype(np.int32)


def _limited(values: np.ndarray, low: float) -> np.ndarray:
    """Values between `low` and 1; np.clip costs three times more on short arrays."""
    return np.minimum(np.maximum(values, low), 1)


def _profile(count: int) -> np.ndarray:
    """(count,) length of lashes along a rim, from the inner to the outer corner: longest beyond the middle."""
    return 0.35 + 0.65 * np.sin(np.pi * np.clip(np.linspace(0.06, 0.86, count), 0, 1)) ** 0.7


def _ordered() -> list[tuple[int, int, tuple[int, int], tuple[int, int]]]:
    """Corners and rim points of the left and the right eye, from the inner to the outer corner."""
    (a, b, up, low), (d, c, down, under) = RIMS
    return [(a, b, up, low), (c, d, down[::-1], under[::-1])]


def _edges(head: HeadAssets) -> sparse.csr_matrix:
    triangles = head.triangles[head.parts["skin"]]
    lids = head.regions["eyelids"]
    triangles = triangles[lids[triangles].any(1)]
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    pairs = np.unique(np.sort(pairs, 1), axis=0)
    length = np.linalg.norm(head.mean[pairs[:, 0]] - head.mean[pairs[:, 1]], axis=1)
    count = len(head.mean)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return sparse.coo_matrix((np.tile(length, 2), both.T), (count, count)).tocsr()


def _path(graph: sparse.csr_matrix, through: np.ndarray) -> np.ndarray:
    """Vertex indices of the shortest way along edges through the vertices `through`: the rim that joins them."""
    way = [int(through[0])]
    for start, end in zip(through[:-1].tolist(), through[1:].tolist(), strict=True):
        before = dijkstra(graph, indices=start, return_predecessors=True)[1]
        piece = [end]
        while piece[-1] != start:
            piece.append(int(before[piece[-1]]))
        way += piece[-2::-1]
    return np.array(way)


def _heights(head: HeadAssets, numbers: tuple[int, int]) -> np.ndarray:
    """(284,) how far each coefficient lifts the mean of two landmarks, metres."""
    lift = np.zeros(head.basis.shape[0])
    for vertex in head.anchors68[list(numbers)]:
        some = slice(head.indptr[vertex], head.indptr[vertex + 1])
        lift += head.basis[:, head.indices[some], 1].astype(np.float64) @ head.data[some]
    return lift / len(numbers)
