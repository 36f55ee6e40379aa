"""Distances to a triangle mesh, and the similarity that brings points onto it. Pure functions of arrays."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from face3d import rotation as so3
from training.alignment import Similarity

_NEIGHBOURS = 12  # triangles by the distance of their middles, among which the closest one is looked for
_ROUNDS = 30
_STILL = 1e-4  # change of the root mean square distance, as a share, from which nothing moves any more


class Surface:
    """A mesh that can be asked for its closest points: vertices (V, 3), triangles (T, 3) of about one size.

    corners  (T, 3, 3) float64, and unit `normals` (T, 3), outwards
    """

    def __init__(self, vertices: np.ndarray, triangles: np.ndarray) -> None:
        self.triangles = np.asarray(triangles)
        self.corners = np.asarray(vertices, np.float64)[self.triangles]
        a, b, c = self.corners.transpose(1, 0, 2)
        normals = np.cross(b - a, c - a)
        self.normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
        self._middles = self.corners.mean(1)
        self._tree = cKDTree(self._middles)

    def closest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of points (P, 3): the closest points (P, 3) on the mesh, their triangles (P,) and weights (P, 3)."""
        count = min(_NEIGHBOURS, len(self.corners))
        near = self._tree.query(points, count)[1].reshape(len(points), count)
        weights = _nearest_weights(points[:, None], self.corners[near])
        places = np.einsum("pkc,pkcd->pkd", weights, self.corners[near])
        best = ((places - points[:, None]) ** 2).sum(2).argmin(1)
        row = np.arange(len(points))
        return places[row, best], near[row, best], weights[row, best]

    def distances(self, points: np.ndarray) -> np.ndarray:
        """(P,) of points (P, 3), in the mesh's unit."""
        return np.linalg.norm(self.closest(points)[0] - points, axis=1)

    def similarity(self, points: np.ndarray, start: Similarity) -> Similarity:
        """The scale, rotation and translation that bring points (P, 3) closest to the mesh.

        start  where to begin: what is found is the best one near it. Iterated closest points, in the planes of the
               triangles whose middles are nearest (Chen and Medioni 1992), with the scale as a seventh unknown.
        """
        moved, before = start.apply(points), np.inf
        for _ in range(_ROUNDS):
            near = self._tree.query(moved)[1]
            normals = self.normals[near]
            height = ((moved - self._middles[near]) * normals).sum(1)
            distance = np.sqrt((height**2).mean())
            if distance > before * (1 - _STILL):
                break
            centre = moved.mean(0)
            arm = moved - centre
            rows = np.hstack([np.cross(arm, normals), normals, (arm * normals).sum(1, keepdims=True)])
            step = np.linalg.lstsq(rows, -height, rcond=None)[0]
            moved = np.exp(step[6]) * arm @ so3.exp(step[:3]).T + centre + step[3:6]
            before = distance
        return Similarity.between(points, moved)


def _nearest_weights(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Barycentric weights (..., 3) of the point of each triangle (..., 3, 3) that is closest to (..., 3)."""
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    area = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    inside = np.stack([1 - v - w, v, w], -1)
    best = np.where((inside >= 0).all(-1, keepdims=True), inside, np.nan)
    least = np.where(np.isnan(best[..., 0]), np.inf, -np.inf)  # inside wins, of the edges the closest one
    for i, j in ((0, 1), (1, 2), (2, 0)):
        p, q = corners[..., i, :], corners[..., j, :]
        edge = q - p
        t = np.clip(((points - p) * edge).sum(-1) / np.maximum((edge * edge).sum(-1), 1e-30), 0, 1)
        distance = ((points - p - t[..., None] * edge) ** 2).sum(-1)
        weights = np.zeros_like(inside)
        weights[..., i], weights[..., j] = 1 - t, t
        closer = distance < least
        best = np.where(closer[..., None], weights, best)
        least = np.where(closer, distance, least)
    return best
