"""A shell round the skull that hair, hats, scarves and hoods are cut from; it follows every head exactly."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from training.faces.head_fields import HeadFields

COLUMNS = 73  # azimuths from -180 to 180 degrees, the seam at the back
CAP_ROWS = 24  # polar angles of the cap, 2 to 132 degrees from the crown
FALL_START = 96.0  # where falling hair leaves the skull
FALL_ROWS = 15
FALL_STEP = 0.022  # metres between falling rows
DEGREES_A_ROW = 8.0  # what a falling row adds to the "polar angle"
CENTRE = np.array([0.0, 0.06, -0.085])
NEIGHBOURS = 6


class Shell:
    """A grid over azimuth (0 in front, positive to the subject's left) and polar angle from the crown, in degrees.

    falling False: the cap, down to the nape. True: the cap to FALL_START, then straight down, past the shoulders.
    azimuth, polar: (G,) degrees of each grid vertex. triangles: (T, 3), outside counter-clockwise.
    """

    def __init__(self, fields: HeadFields, falling: bool) -> None:
        self.falling = falling
        if falling:
            cap = np.linspace(2, FALL_START, 18)
            rows = np.concatenate([cap, FALL_START + DEGREES_A_ROW * np.arange(1, FALL_ROWS + 1)])
        else:
            rows = np.linspace(2, 132, CAP_ROWS)
        self.shape = (len(rows), COLUMNS)
        azimuth = np.linspace(-180, 180, COLUMNS)
        self.polar = np.repeat(rows, COLUMNS).astype(np.float32)
        self.azimuth = np.tile(azimuth, len(rows)).astype(np.float32)
        below = np.maximum(self.polar - FALL_START, 0) / DEGREES_A_ROW
        # falling rows below the skull, as a number of rows
        self.drop = (below if falling else np.zeros_like(below)).astype(np.float32)
        angle = np.minimum(self.polar, FALL_START) if falling else self.polar
        theta, phi = np.radians(angle), np.radians(self.azimuth)
        x, y, z = np.sin(phi) * np.sin(theta), np.cos(theta), np.cos(phi) * np.sin(theta)
        self.outward = np.stack([x, y, z], 1).astype(np.float32)
        self._attach(fields)
        first = (np.arange(len(rows) - 1)[:, None] * COLUMNS + np.arange(COLUMNS - 1)).ravel()
        a, b, c, d = first, first + COLUMNS, first + COLUMNS + 1, first + 1
        self.triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)

    def _attach(self, fields: HeadFields) -> None:
        """Each grid vertex is a fixed mean of the outermost head vertices in its direction; ears are left out."""
        skull = np.concatenate([fields.parts[name] for name in ("skin", "scalp", "neck")])
        rows = np.setdiff1d(skull, fields.ears)
        ray = fields.mean[rows] - CENTRE
        radius = np.linalg.norm(ray, axis=1)
        gap, near = cKDTree(ray / radius[:, None]).query(self.outward, NEIGHBOURS)
        outer = radius[near] > 0.93 * radius[near].max(1, keepdims=True)
        weight = outer / (gap + 0.01)
        self.weights = (weight / weight.sum(1, keepdims=True)).astype(np.float32)
        self.rows = rows[near]

    def surface(self, vertices: np.ndarray) -> np.ndarray:
        """(G, 3) the head's surface under the grid (falling rows: straight below where they leave it), metres."""
        base = np.einsum("gk,gkd->gd", self.weights, np.take(vertices, self.rows, 0))
        base[:, 1] -= self.drop * np.float32(FALL_STEP)
        return base

    def place(self, vertices: np.ndarray, thickness: np.ndarray) -> np.ndarray:
        """(G, 3) grid lifted off the head by `thickness` (G,) metres."""
        return self.surface(vertices) + self.outward * thickness[:, None].astype(np.float32)
