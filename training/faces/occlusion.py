"""How much of the sky each vertex of a surface sees."""

from __future__ import annotations

import numpy as np

from face3d import renderer


def occlusion(
    vertices: np.ndarray, triangles: np.ndarray, views: int = 96, size: int = 320, slack: float = 0.004
) -> np.ndarray:
    """(N,) share of the sky (cosine weighted) that each vertex sees, by depth maps from directions on a sphere.

    slack: metres by which a surface in front does not hide; what is finer than that stays open.
    """
    normals = renderer.vertex_normals(vertices.astype(np.float32), triangles)
    golden = np.pi * (3 - np.sqrt(5))
    seen, weight = np.zeros(len(vertices)), np.zeros(len(vertices))
    middle = 0.5 * (vertices.min(0) + vertices.max(0))
    zoom = 0.95 * size / np.linalg.norm(np.ptp(vertices, axis=0))
    for k in range(views):
        z = 1 - (2 * k + 1) / views
        flat = np.sqrt(1 - z * z)
        towards = np.array([flat * np.cos(golden * k), z, flat * np.sin(golden * k)])
        across = np.cross([0.0, 0.6, 0.8] if abs(z) > 0.9 else [0, 1.0, 0], towards)
        across /= np.linalg.norm(across)
        frame = np.stack([across, -np.cross(towards, across), -towards])
        raster = (zoom * (vertices - middle) @ frame.T + [size / 2, size / 2, 0]).astype(np.float32)
        depth = renderer.rasterize(raster, triangles, size, size, cull=False)[0]
        cosine = np.maximum(normals @ towards, 0)
        column = np.clip(np.rint(raster[:, 0]).astype(int), 0, size - 1)
        row = np.clip(np.rint(raster[:, 1]).astype(int), 0, size - 1)
        seen += cosine * (raster[:, 2] < depth[row, column] + slack * zoom)
        weight += cosine
    return (seen / np.maximum(weight, 1e-9)).astype(np.float32)
