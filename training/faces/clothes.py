"""Clothes on the shoulders, and surgical masks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import map_coordinates

from training.faces.head_fields import MAP, HeadFields
from training.faces.headwear import cloth_colour
from training.faces.render import CLOTH, LIP, U, V
from training.faces.skin_maps import TEXEL, SkinMaps


@dataclass(frozen=True)
class ClothLook:
    """Clothes: colours, pattern and folds."""

    colour: np.ndarray
    second: np.ndarray
    pattern: str
    scale: float
    relief: float
    offset: np.ndarray


def draw_cloth(rng: np.random.Generator) -> ClothLook:
    """Some fabric."""
    pattern = ("plain", "plain", "plain", "stripes", "checks", "blotches", "clouds")[rng.integers(7)]
    return ClothLook(
        cloth_colour(rng),
        cloth_colour(rng),
        pattern,
        float(np.exp(rng.uniform(-2.8, -1.2))),
        float(rng.uniform(0.0002, 0.002)),
        rng.uniform(0, 512, 2).astype(np.float32),
    )


class Clothes:
    """Marks and lifts the vertices of a head that fabric covers; both methods change their arrays in place."""

    def __init__(self, fields: HeadFields, maps: SkinMaps) -> None:
        self.fields = fields
        low = (fields.mean[:, 1] < -0.05) & (fields.attributes[:, LIP] == 0) & (fields.skin | fields.below)
        self.clothed = np.flatnonzero(low)
        self.x, self.y, self.z = np.ascontiguousarray(fields.mean[self.clothed].T, np.float32)
        self.outward = fields.normals[self.clothed]
        self.mask_depth = self._mask_depth(maps)

    def put_on(self, rng: np.random.Generator, vertices: np.ndarray, attributes: np.ndarray) -> ClothLook:
        """Writes into the cloth attribute how far each vertex lies inside the clothes, metres, and lifts it."""
        x, y, z = self.x, self.y, self.z
        kind = rng.random()
        height = -0.118 + rng.normal(0, 0.012)
        if kind < 0.45:  # a round neck
            behind = z + np.float32(0.07)
            line = np.float32(height - rng.uniform(0, 0.05)) - 0.45 * np.minimum(behind, 0)
            line -= np.float32(rng.uniform(0.2, 1.2)) * np.maximum(behind, 0)
        elif kind < 0.7:  # a V
            deep, steep = np.float32(rng.uniform(0.01, 0.14)), np.float32(1 / rng.uniform(0.05, 0.1))
            line = np.float32(height) - deep * (z > -0.07) * np.maximum(1 - np.abs(x) * steep, 0)
        elif kind < 0.85:  # a high collar
            line = np.full_like(y, height + rng.uniform(0.0, 0.035))
        else:  # straps, or bare shoulders
            line = np.full_like(y, height - rng.uniform(0.06, 0.16))
        attributes[:, CLOTH] = -0.02
        inside = np.minimum(np.maximum(line - y, np.float32(-0.02)), np.float32(0.02))
        attributes[self.clothed, CLOTH] = inside
        dressed = np.flatnonzero(inside > 0)
        thick = np.minimum(inside[dressed] * np.float32(250), 1) * np.float32(rng.uniform(0.002, 0.012))
        vertices[self.clothed[dressed]] += thick[:, None] * self.outward[dressed]
        return draw_cloth(rng)

    def put_mask(self, rng: np.random.Generator, vertices: np.ndarray, attributes: np.ndarray) -> None:
        """Lifts and smooths the lower face into a mask and marks it as cloth, in place."""
        depth = np.clip(self.mask_depth, 0, 0.03)[:, None]
        attributes[:, CLOTH] = np.maximum(attributes[:, CLOTH], self.mask_depth)
        attributes[self.mask_depth > -0.004, LIP] = 0.0
        middle = np.array(
            [0, 0, vertices[self.fields.landmarks[30], 2] + rng.uniform(0.002, 0.012)], np.float32
        )
        under = np.maximum(0, -0.05 - vertices[:, 1:2])
        tent = middle[2] - 0.6 * np.abs(self.fields.mean[:, :1]) - 5.0 * under**1.3
        share = np.clip(depth / 0.012, 0, 1)
        vertices[:, 2:] += (share * np.maximum(tent - vertices[:, 2:], 0.003)).astype(np.float32)

    def _mask_depth(self, maps: SkinMaps) -> np.ndarray:
        """(N,) metres inside the outline of a surgical mask, negative outside it."""
        polygon = maps.mask().astype(np.float32)
        polygon = np.rint(polygon * 16).astype(np.int32)
        canvas = np.zeros((MAP, MAP), np.uint8)
        cv2.fillPoly(canvas, [polygon], 255, shift=4)
        inside, outside = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (canvas, 255 - canvas))
        u, v = self.fields.attributes[:, U], self.fields.attributes[:, V]
        depth = map_coordinates(inside - outside, [v, u], order=1, mode="nearest") * np.float32(TEXEL)
        cheek = self.fields.mean[self.fields.landmarks[2]]
        ahead = self.fields.skin & (self.fields.mean[:, 2] > cheek[2] - 0.02)
        return np.where(ahead, depth, -0.02).astype(np.float32)
