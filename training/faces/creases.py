"""Creases that come and go with the expression: forehead lines, frown lines, crow's feet, folds beside the mouth."""

from __future__ import annotations

import cv2
import numpy as np

from training.faces.expressions import plain
from training.faces.head_fields import MAP

# What folds the skin, by unit without its side: how much a unit at 1 adds.
FOREHEAD = {
    "browInnerUp": 0.7,
    "browOuterUp": 0.6,
    "eyebrows-up": 0.8,
    "eyebrows-extern-up": 0.4,
    "eyebrows-inner-up": 0.5,
}
FROWN = {"browDown": 1.0, "eyebrows-down": 0.8, "noseSneer": 0.3, "nose-compression": 0.4}
FEET = {"mouthSmile": 0.5, "cheekSquint": 0.6, "eyeSquint": 0.6, "noseSneer": 0.3}
CHEEK = {
    "mouthSmile": 0.9,
    "noseSneer": 0.7,
    "mouthUpperUp": 0.5,
    "mouth-corner-puller": 0.7,
    "mouthStretch": 0.3,
    "mouth-upward-retraction": 0.6,
    "mouthDimple": 0.4,
}
KINDS = (FOREHEAD, FROWN, FEET, CHEEK)


class Creases:
    """Works out how deep each kind is for an expression of the units called `names`."""

    def __init__(self, names: tuple[str, ...]) -> None:
        index = {plain(name): number for number, name in enumerate(names)}
        self.gain = np.zeros((2, len(KINDS), len(names)), np.float32)  # of the subject's left and right
        for kind, units in enumerate(KINDS):
            for unit, amount in units.items():
                stem, _, rest = unit.partition("-")
                for row, side in enumerate(("Left", "Right")):
                    for name in (unit, unit + side, f"{stem}-{side}-{rest}"):
                        number = index.get(plain(name))
                        if number is not None:
                            self.gain[row, kind, number] = amount

    def depths(self, expression: np.ndarray, wrinkles: float) -> np.ndarray:
        """(2, 4) float32 depth of forehead lines, frown, crow's feet and cheek folds, left and right, for expression
        (84,); wrinkles 0..1: how much this skin folds. A raised brow creases smooth skin a little, too."""
        return np.minimum(self.gain @ expression, 1.3) * np.float32(0.25 + 1.1 * wrinkles)


def ridge(shape: tuple[int, int], places: list, width: float) -> np.ndarray:
    """`shape` float32: a soft line through texels (x, y) of deviation `width`, 1 where it is highest."""
    line: np.ndarray = np.zeros(shape, np.float32)
    curve = np.rint(np.array(places) * 8).astype(np.int32)
    cv2.polylines(line, [curve], False, 1.0, 1, cv2.LINE_AA, 3)
    line = cv2.GaussianBlur(line, (0, 0), width)
    return line / max(float(line.max()), 1e-6)


def draw_creases(rng: np.random.Generator, points: np.ndarray) -> np.ndarray:
    """(MAP/2, MAP/2, 4) uint8 height, 128 is flat, of one person's creases of each kind at depth 1.

    points (68, 2): the landmarks' texels on the map.
    """
    p, layers = points / 2, np.zeros((4, MAP // 2, MAP // 2), np.float32)

    def fold(kind: int, places: list, depth: float, width: float) -> None:
        shape = layers[kind].shape
        bulge = ridge(shape, places, 2.2 * width)  # the skin beside a fold stands out
        layers[kind] += depth * (0.45 * bulge - ridge(shape, places, width))

    brow = 0.5 * (p[19] + p[24])
    count = int(rng.integers(2, 6))
    for k in range(count):
        y = brow[1] - 12 - (11 - 0.8 * count) * k + rng.normal(0, 1)
        xs = np.linspace(p[17][0] + 4, p[26][0] - 4, 9) + rng.normal(0, 2, 9)
        dips = [np.sin(np.pi * i / 8) for i in range(9)]
        wave = [(x, y + rng.normal(0, 0.7) - rng.uniform(2, 6) * dip) for x, dip in zip(xs, dips)]
        part = slice(int(rng.integers(0, 3)), 9 - int(rng.integers(0, 3)))
        fold(0, wave[part], rng.uniform(0.5, 1), rng.uniform(0.9, 1.6))
    for x in ((-4.5, 4.0), (-2.0,), (3.0,), (-5.0, 0.5, 5.0))[rng.integers(4)]:
        line = [p[27] + [x * 1.3, -19], p[27] + [x, -11], p[27] + [x * 0.8, -3]]
        fold(1, line, rng.uniform(0.5, 1), rng.uniform(0.9, 1.5))
    fold(1, [p[27] + [-7, 3], p[27] + [0, 1.5], p[27] + [7, 3]], rng.uniform(0.2, 0.8), 1.1)
    for outer, wing, lip, side in ((36, 31, 48, -1), (45, 35, 54, 1)):
        for k in range(int(rng.integers(2, 5))):
            rise = (k - 1.3) * 4.5 + rng.normal(0, 0.8)
            ray = [p[outer] + [side * 5, 0.5 * rise], p[outer] + [side * rng.uniform(12, 21), rise * 1.4]]
            fold(2, ray, rng.uniform(0.4, 1), rng.uniform(0.8, 1.2))
        under = [p[outer] + [-side * t, 8 + 0.02 * t * (20 - t)] for t in (0, 7, 14, 20)]
        fold(2, under, rng.uniform(0.3, 0.9), 1.3)
        beside = [p[wing] + [side * 3, -6], 0.5 * (p[wing] + p[lip]) + [side * 8, -1], p[lip] + [side * 8, 5]]
        fold(3, beside, rng.uniform(0.7, 1.1), rng.uniform(1.3, 2.4))
        fold(3, [p[lip] + [side * 5, -3], p[lip] + [side * 6, 3]], rng.uniform(0.2, 0.7), 1.2)
    return np.ascontiguousarray(np.clip(128 + 100 * layers, 0, 255).astype(np.uint8).transpose(1, 2, 0))
