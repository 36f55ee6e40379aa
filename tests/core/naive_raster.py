"""The slow, obvious rasteriser that the compiled one is compared with: one triangle, one pixel at a time."""

from __future__ import annotations

import numpy as np

SUBPIXELS = 256


def snap(vertices: np.ndarray) -> np.ndarray:
    """(V, 2) integer positions in 1/256 pixel."""
    return np.floor(vertices[:, :2].astype(np.float64) * SUBPIXELS + 0.5).astype(np.int64)


def edge(a: np.ndarray, b: np.ndarray, p: tuple[int, int]) -> int:
    """Twice the signed area of (a, b, p); Python integers, so never an overflow."""
    return int(b[0] - a[0]) * int(p[1] - a[1]) - int(b[1] - a[1]) * int(p[0] - a[0])


def owns(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether pixels exactly on the edge a-b belong to the triangle: on left and on top edges."""
    dx, dy = int(b[0] - a[0]), int(b[1] - a[1])
    return dy < 0 or (dy == 0 and dx > 0)


def rasterize(
    vertices: np.ndarray, triangles: np.ndarray, width: int, height: int, cull: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `renderer.rasterize`, for finite vertices."""
    depth = np.full((height, width), np.inf, np.float32)
    index = np.full((height, width), -1, np.int32)
    barycentric = np.zeros((height, width, 3), np.float32)
    points, z = snap(vertices), vertices[:, 2].astype(np.float64)
    for t, corners in enumerate(triangles):
        area = edge(points[corners[0]], points[corners[1]], points[corners[2]])
        if area == 0 or (cull and area > 0):
            continue
        # Corner order with a positive area, and each corner's place in the triangle.
        order = [0, 1, 2] if area > 0 else [0, 2, 1]
        a, b, c = (points[corners[k]] for k in order)
        low = np.maximum(np.min([a, b, c], axis=0) // SUBPIXELS, 0)
        high = np.minimum(np.max([a, b, c], axis=0) // SUBPIXELS + 1, [width - 1, height - 1])
        for y in range(low[1], high[1] + 1):
            for x in range(low[0], high[0] + 1):
                p = (x * SUBPIXELS, y * SUBPIXELS)
                values = [edge(b, c, p), edge(c, a, p), edge(a, b, p)]
                owned = [owns(b, c), owns(c, a), owns(a, b)]
                if not all(value > 0 or (value == 0 and mine) for value, mine in zip(values, owned)):
                    continue
                weights = np.zeros(3)
                weights[order] = [value / abs(area) for value in values]
                here = np.float32(weights @ z[corners])
                if here < depth[y, x]:
                    depth[y, x], index[y, x], barycentric[y, x] = here, t, weights
    return depth, index, barycentric


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals (V, 3) float64; (0, 0, 0) without area."""
    a, b, c = (vertices[triangles[:, k]].astype(np.float64) for k in range(3))
    normals = np.zeros((len(vertices), 3))
    for k in range(3):
        np.add.at(normals, triangles[:, k], np.cross(b - a, c - a))
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)
