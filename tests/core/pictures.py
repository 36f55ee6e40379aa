"""Synthetic photographs for the core's tests."""

import numpy as np

from face3d import _core
from face3d.codec import Geometry
from face3d.model import FaceModel


def photograph(model: FaceModel, faces: list[Geometry], width: int = 640, height: int = 480) -> np.ndarray:
    """A picture (H, W, 3) uint8 of lit faces before a smooth background."""
    row, column = np.mgrid[:height, :width]
    image = np.stack([60 + 0.1 * column, 80 + 0.1 * row, 90 + 0.05 * (row + column)], -1) % 256
    lights = np.array([[[-0.4, -0.6, -1.0], [0.8, 0.8, 0.8]]], np.float32)
    rng = np.random.default_rng(0)
    for face in faces:
        raster = face.pose.project(model.shape(face.identity, face.expression))
        colors = np.tile(np.array([0.55, 0.34, 0.26], np.float32), (len(raster), 1))
        colors *= rng.uniform(0.9, 1.1, (len(raster), 1)).astype(np.float32)
        ambient = np.full(3, 0.15, np.float32)
        rgb, depth = _core.shade(raster, model.triangles, colors, lights, ambient, width, height)
        seen = np.isfinite(depth)
        image[seen] = 255.0 * np.sqrt(np.clip(rgb[seen], 0, 1))
    return np.ascontiguousarray(image.astype(np.uint8))


def photograph_black(model: FaceModel, face: Geometry) -> np.ndarray:
    """The face alone, drawn from the mesh that the prior uses, before black."""
    raster = face.pose.project(model.shape(face.identity, face.expression, lod=True))
    normals = _core.vertex_normals(raster, model.lod_triangles)
    _, index, weights = _core.rasterize(raster, model.lod_triangles, 640, 480)
    colors = (128 + 100 * normals).astype(np.float32)
    return _core.interpolate(index, weights, model.lod_triangles, colors).astype(np.uint8)
