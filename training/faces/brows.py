"""Eyebrows: where people have them, and maps of hairs drawn there."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

# Five points along a brow, millimetres (outwards, up) from the point between the eyes' outer corners, for a face with
# 88 mm between these: from the inner to the outer end, as the mean shapes of 68-point detectors have them.
AVERAGE = np.array([[12.1, 15.7], [24.2, 20.8], [36.8, 22.8], [49.1, 21.0], [58.3, 13.8]])
BELOW = 0.8  # millimetres by which the hair's middle line is lower than annotators put their points
CLEAR = 8.5  # millimetres above the upper lid's rim where brows never grow


class BrowPainter:
    """Draws pairs of brows into a map. corners (2, 2), rims (2, n, 2): outer eye corners and upper lid rims of the
    right and the left eye, seen from ahead, metres. place: (n, 2) such positions -> texels of the map; unit: texels
    a millimetre.
    """

    def __init__(
        self, corners: np.ndarray, rims: np.ndarray, place: Callable[[np.ndarray], np.ndarray], unit: float
    ) -> None:
        self.middle = corners.mean(0)
        self.size = float(np.linalg.norm(corners[1] - corners[0])) / 0.088
        self.place, self.unit = place, unit
        reach = np.concatenate([self._line(AVERAGE, side) for side in (-1, 1)])
        self.origin = place(reach).min(0) - 16 * unit
        end = place(reach).max(0) + 14 * unit
        self.shape = tuple(int(v) for v in (end - self.origin)[::-1])
        self.bare = self._lids(rims)

    def _line(self, points: np.ndarray, side: int) -> np.ndarray:
        return self.middle + self.size * 0.001 * points * [side, 1]

    def _lids(self, rims: np.ndarray) -> np.ndarray:
        """Share 0..1 of hair that grows, per texel: none on the lids, whose folded skin would show it when they
        close."""
        mask = np.zeros(self.shape, np.uint8)
        for rim in rims:
            lift = CLEAR * 0.001 * np.sin(np.linspace(0.15, np.pi - 0.15, len(rim)))[:, None] * [0, 1]
            outline = np.concatenate([self.place(rim + lift), self.place(rim - [0, 0.01])[::-1]])
            cv2.fillPoly(mask, [np.rint(outline - self.origin).astype(np.int32)], 255)
        return 1 - cv2.GaussianBlur(mask, (0, 0), 0.7 * self.unit) / np.float32(255)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """(h, w) uint8 coverage of one pair: a few hundred hairs each, thin or bushy, straight or arched."""
        width = float(np.clip(np.exp(rng.normal(np.log(5.4), 0.42)), 1.6, 12))  # millimetres, at its widest
        density, ink = rng.uniform(0.3, 1.0), rng.uniform(120, 255)
        length = rng.uniform(3.5, 9)
        # little: how high a brow lies is the head's shape, or else a network learns not to believe its eyes
        shift = np.array([rng.normal(0, 1.8), rng.normal(0, 2.2)])  # inner and outer end, outwards
        lift, slope, arch = rng.normal(-BELOW, 0.7), rng.normal(0, 0.9), rng.normal(0, 0.9)
        ragged = rng.uniform(0.26, 0.42)
        share = np.linspace(0, 1, 5)
        canvas = np.zeros(self.shape, np.float32)
        for side in (-1, 1):
            own = rng.normal(0, 0.6, 3)  # left and right differ a little
            points = AVERAGE.copy()
            points[:, 0] += shift[0] + own[0] + (shift[1] - shift[0]) * share
            points[:, 1] += lift + own[1] + (slope + own[2]) * (2 * share - 1) + arch * np.sin(np.pi * share)
            line = self.place(self._line(points, side)) - self.origin
            canvas = np.maximum(canvas, self._hairs(rng, line, width, density, length, ragged))
        return np.clip(canvas * self.bare * ink, 0, 255).astype(np.uint8)

    def _hairs(
        self,
        rng: np.random.Generator,
        line: np.ndarray,
        width: float,
        density: float,
        length: float,
        ragged: float,
    ) -> np.ndarray:
        """(h, w) float32 coverage of the brow along `line` (5, 2) texels, from its inner end."""
        count = int(800 * density * width / 5.2)
        place = np.sort(rng.uniform(0, 1, count))
        spine = np.stack([np.interp(place * 4, range(5), line[:, k]) for k in (0, 1)], 1)
        taper = np.clip(1.1 - 0.75 * place**1.5, 0.15, 1) * np.clip(place * 9 + 0.5, 0, 1)
        spine[:, 1] += rng.normal(0, ragged, count) * width * taper * self.unit
        lean = np.radians(np.interp(place, [0, 0.25, 0.7, 1], [75, 38, 12, -12])) + rng.normal(0, 0.2, count)
        reach = length * self.unit * rng.uniform(0.5, 1, count) * np.where(place < 0.2, 0.65, 1)
        reach *= min(1.0, 0.45 + width / 8)
        towards = np.sign(line[-1, 0] - line[0, 0])
        along = np.stack([towards * np.cos(lean), -np.sin(lean)], 1) * reach[:, None]
        spine[:, 1] -= 0.5 * along[:, 1]  # the hairs' middles are on the line
        layer = np.zeros(self.shape, np.float32)
        for a, b in np.rint(np.stack([spine, spine + along], 1) * 8).astype(np.int32).tolist():
            cv2.line(layer, a, b, 1.0, 1, cv2.LINE_AA, 3)
        body = cv2.GaussianBlur(layer, (0, 0), 0.8 * self.unit)
        return np.clip(0.55 * cv2.GaussianBlur(layer, (0, 0), 0.8) + 1.2 * body, 0, 1)
