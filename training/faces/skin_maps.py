# ruff: noqa: RUF005 - sums of points, not of lists
"""Maps painted on the mean head once: where skin is red or dark, where beards and make-up go, brows and wrinkles."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial import cKDTree

from training.faces.brows import BrowPainter
from training.faces.creases import draw_creases, ridge
from training.faces.head_fields import MAP, skin_map

BROW_ZOOM = 3  # the brow maps are this much finer than the skin's map
TEXEL = 0.00060  # metres a texel of the skin's map, about, on the face


class SkinMaps:
    """Maps in `skin_map` coordinates, from the mean head's landmark positions (68, 3) and its skin `surface` (n, 3).

    zones (MAP/2, MAP/2, 4): redness, darkness, beard, moustache. paint: goatee, blush, eye shadow, eye rings.
    brows (B, h, w): hair coverage, at BROW_ZOOM, its origin at brow_origin. wrinkles (W, MAP/2, MAP/2): height.
    creases (W, MAP/2, MAP/2, 4): height of what expressions fold; middle: the texel column between left and right.
    """

    def __init__(
        self, landmarks: np.ndarray, surface: np.ndarray, brows: int = 48, wrinkles: int = 8, seed: int = 3
    ) -> None:
        rng = np.random.default_rng(seed)
        self.points = skin_map(landmarks)
        self.zones, self.paint = self._zones(), self._paint()
        nearest = cKDTree(surface[:, :2])

        def place(seen: np.ndarray) -> np.ndarray:
            gap, rows = nearest.query(seen, 4)
            weight = 1 / (gap + 1e-4)
            depth = (surface[rows, 2] * weight).sum(1) / weight.sum(1)
            return skin_map(np.column_stack([seen, depth])) * BROW_ZOOM

        corners, rims = landmarks[[36, 45], :2], landmarks[[[36, 37, 38, 39], [42, 43, 44, 45]], :2]
        painter = BrowPainter(corners, rims, place, 0.001 / TEXEL * BROW_ZOOM)
        self.brow_origin = painter.origin / BROW_ZOOM
        self.brows = np.stack([painter.draw(rng) for _ in range(brows)])
        self.wrinkles = np.stack([self._wrinkle(rng) for _ in range(wrinkles)])
        self.creases = np.stack([draw_creases(rng, self.points) for _ in range(wrinkles)])
        self.middle = float(self.points[27, 0])

    def _blob(self, centre: np.ndarray, sigma: tuple[float, float], angle: float = 0.0) -> np.ndarray:
        """Gaussian at map position `centre`; sigma in millimetres across and down, turned by `angle` degrees."""
        y, x = np.mgrid[0:MAP:2, 0:MAP:2].astype(np.float32)
        dx, dy = x - centre[0], y - centre[1]
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        across, down = cos * dx + sin * dy, cos * dy - sin * dx
        sx, sy = (s * 0.001 / TEXEL for s in sigma)
        return np.exp(-0.5 * ((across / sx) ** 2 + (down / sy) ** 2))

    def _region(self, polygon: np.ndarray, soft: float) -> np.ndarray:
        canvas = np.zeros((MAP // 2, MAP // 2), np.float32)
        cv2.fillPoly(canvas, [np.rint(polygon / 2).astype(np.int32)], 1.0)
        return cv2.GaussianBlur(canvas, (0, 0), soft * 0.001 / TEXEL / 2)

    @staticmethod
    def _stack(*layers: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.clip(np.stack(layers, -1) * 255, 0, 255).astype(np.uint8))

    def _zones(self) -> np.ndarray:
        p = self.points
        red = 0.9 * self._blob(p[30], (8, 9)) + 0.5 * self._blob(p[57] + [0, 28], (11, 8))
        dark = np.zeros_like(red)
        for eye, corner, jaw in ((41, 48, 3), (46, 54, 13)):
            red += 0.75 * self._blob(0.45 * p[eye] + 0.3 * p[corner] + 0.25 * p[jaw], (15, 12))
        for outer, inner in ((36, 39), (45, 42)):
            middle = 0.5 * (p[outer] + p[inner])
            dark += 0.7 * self._blob(middle - [0, 12], (15, 6)) + 0.55 * self._blob(middle + [0, 15], (14, 5))
            red += 0.35 * self._blob(p[inner], (4, 4)) + 0.3 * self._blob(middle + [0, 14], (14, 6))
        for side in (0, 16):  # ears
            red += 0.7 * self._blob(p[side] + (p[side] - p[27]) * [0.28, -0.1], (16, 22))
        dark += 0.25 * self._blob(p[33] + [0, 6], (10, 3))
        beard = self._beard()
        lip = self._region(p[48:60], 0.5)
        upper = [p[31] + [-2, 2], p[33] + [0, 4], p[35] + [2, 2]]
        lower = [p[54] + [12, 4], p[52], p[51], p[50], p[48] + [-12, 4]]
        moustache = self._region(np.array([*upper, *lower]), 1.6)
        return self._stack(red, dark, beard * (1 - lip), np.clip(1.6 * moustache, 0, 1) * (1 - lip))

    def _beard(self) -> np.ndarray:
        p = self.points
        middle = p[30]
        jaw = [middle + (p[k] - middle) * 1.35 for k in range(1, 16)]
        right = [0.5 * p[13] + 0.5 * p[54] - [0, 14], 0.25 * p[35] + 0.75 * p[54] - [-8, 16]]
        left = [0.25 * p[31] + 0.75 * p[48] - [8, 16], 0.5 * p[3] + 0.5 * p[48] - [0, 14]]
        top = [p[15] - [14, 16], *right, p[35], p[33] + [0, 5], p[31], *left, p[1] - [-14, 16]]
        full = self._region(np.array([*jaw, *top]), 5.5)
        bare = self._blob(p[57] + [-18, 6], (5, 4)) + self._blob(p[57] + [18, 6], (5, 4))
        return np.clip(full - 0.5 * bare, 0, 1)

    def mask(self) -> np.ndarray:
        """(n, 2) map polygon of a surgical mask: from the bridge of the nose over the cheeks to under the chin."""
        p = self.points
        chin = [p[30] + (p[k] - p[30]) * 1.22 for k in range(3, 14)]
        nose = [p[28] + [12, 4], p[28] + [0, 0], p[28] + [-12, 4]]
        left = [p[14] - [6, 4], 0.45 * p[15] + 0.55 * p[35] - [0, 6]]
        right = [0.45 * p[1] + 0.55 * p[31] - [0, 6], p[2] + [6, -4]]
        return np.array([*chin, *left, *nose, *right])

    def _paint(self) -> np.ndarray:
        p = self.points
        lip = self._region(p[48:60], 0.5)
        upper = [p[31], p[33] + [0, 4], p[35], p[54] + [10, 0]]
        lower = [p[10] - [10, 0], p[8] + [0, 30], p[6] + [10, 0], p[48] - [10, 0]]
        goatee = self._region(np.array([*upper, *lower]), 3.5) * (1 - lip)
        blush, shadow, rings = (np.zeros_like(lip) for _ in range(3))
        for eye, corner, jaw, side in ((36, 48, 2, 1), (45, 54, 14, -1)):
            blush += self._blob(0.45 * p[eye] + 0.2 * p[corner] + 0.35 * p[jaw], (16, 8), -25 * side)
        for outer, inner, brow in ((36, 39, 19), (45, 42, 24)):
            middle = 0.5 * (p[outer] + p[inner])
            shadow += self._blob(0.62 * middle + 0.38 * p[brow], (16, 6))
            rings += self._blob(middle + [0, 13], (13, 4.5))
        return self._stack(goatee, blush, shadow, rings)

    def _wrinkle(self, rng: np.random.Generator) -> np.ndarray:
        """Height map (128 is flat) of folds: forehead, frown, crow's feet, under the eyes, beside nose and mouth."""
        p, height = self.points / 2, np.zeros((MAP // 2, MAP // 2), np.float32)

        def fold(points: list, depth: float, width: float) -> None:
            height[...] -= depth * ridge(height.shape, points, width)

        brow = 0.5 * (p[19] + p[24])
        for k in range(int(rng.integers(0, 5))):
            y = brow[1] - 16 - 11 * k + rng.normal(0, 2)
            xs = np.linspace(p[18][0], p[25][0], 7) + rng.normal(0, 2, 7)
            wave = [(x, y + rng.normal(0, 1.2) - 4 * np.sin(np.pi * i / 6)) for i, x in enumerate(xs)]
            fold(wave, rng.uniform(0.2, 0.9), rng.uniform(0.8, 2))
        for corner, base, lip, side in ((36, 31, 48, -1), (45, 35, 54, 1)):
            middle = 0.5 * (p[base] + p[lip])
            beside = [p[base] + [side * 4, -5], middle + [side * 9, 0], p[lip] + [side * 9, 6]]
            fold(beside, rng.uniform(0.3, 1.1), rng.uniform(1.2, 3))
            for k in range(int(rng.integers(0, 5))):
                tip = p[corner] + [side * rng.uniform(12, 22), (k - 1.5) * 5 + rng.normal(0, 1)]
                foot = [p[corner] + [side * 6, (k - 1.5) * 2], tip]
                fold(foot, rng.uniform(0.15, 0.6), rng.uniform(0.7, 1.3))
            lid = (36, 41, 40, 39) if side < 0 else (42, 47, 46, 45)
            under = [p[i] + [0, 6 + rng.normal(0, 1)] for i in lid]
            fold(under, rng.uniform(0.1, 0.7), rng.uniform(0.9, 2))
        for x in (-4, 4):
            fold([p[27] + [x, -16], p[27] + [x * 0.8, -4]], rng.uniform(0, 0.6), 1.0)
        return np.clip(128 + 100 * height, 0, 255).astype(np.uint8)
